/** Programs of the bench that run in separate processes, and print their measurement as one line of JSON. */
import { spawn } from 'node:child_process'

/** Numbers that one run of something gave. */
export type Sample = Readonly<Record<string, number>>

export interface ChildOptions {
  /** @default this Node */
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The user that runs it. */
  readonly uid?: number
  readonly gid?: number
}

/** Runs `node ARGS` (or another program) to its end. @throws with the reason from its stderr if it fails */
export async function runToEnd(args: readonly string[], options: ChildOptions = {}): Promise<string> {
  const { program = process.execPath, uid, gid, cwd } = options
  const child = spawn(program, args, {
    cwd,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...options.env },
  })
  const [output, errors, code] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
  ])
  if (code === 0) return output.join('')
  throw new Error(`${program} ${args[0]} ended with ${code}: ${reason(errors.join(''))}`)
}

/** Node and Python both name the class of what ended them. */
function reason(text: string): string {
  const lines = text.trim().split('\n')
  return lines.findLast((line) => /^\[?\S*Error\b/.test(line)) ?? lines.at(-1) ?? ''
}

/** The same for a program whose last line is a JSON object of numbers. */
export async function runForSample(args: readonly string[], options: ChildOptions = {}): Promise<Sample> {
  const output = await runToEnd(args, options)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '')
}
