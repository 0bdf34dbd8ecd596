import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { procFile } from './proc.ts'

/** A program that serves until a signal ends it. */
export interface Launched {
  readonly pid: number
  /** All lines on stdout so far. */
  readonly lines: readonly string[]
  readonly stderr: () => string
  /** The line for which `matches` holds, now or later; fails when the program ends without it. */
  line(matches: RegExp): Promise<RegExpExecArray>
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>
}

export interface LaunchOptions {
  readonly cwd: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a program in a new process group, like a shell does, with PATH and HOME in its environment. */
export function launch(program: string, args: readonly string[], { cwd, environment = {} }: LaunchOptions): Launched {
  const { PATH, HOME } = process.env
  const child = spawn(program, args, {
    cwd,
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lines = linesOf(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  const line = async (matches: RegExp) => {
    for (;;) {
      const found = lines.all.map((text) => matches.exec(text)).find((match) => match !== null)
      if (found) return found
      const end = await Promise.race([lines.more(), ended.then((code) => ({ code }))])
      if (end) throw new Error(`ended with ${end.code} before ${matches}:\n${stderr}`)
    }
  }
  return { pid: child.pid!, lines: lines.all, stderr: () => stderr, line, ended }
}

function linesOf(child: ChildProcessByStdio<null, Readable, Readable>) {
  const all: string[] = []
  let rest = ''
  let more = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    all.push(...parts)
    more.resolve()
    more = Promise.withResolvers()
  })
  return { all, more: () => more.promise }
}

/** Processes that descend from this one, by /proc; those that outlive it are still found by the ids taken before. */
export function descendants(pid: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)]),
  )
  const below = (parent: number): number[] =>
    [...parents].filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)])
  return below(pid)
}

function parentOf(pid: string): number | null {
  const status = procFile(`/proc/${pid}/stat`)
  return status === '' ? null : Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1])
}

/** Returns the processes that still run. An ended process that waits for its parent does not run. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    const status = procFile(`/proc/${pid}/stat`)
    return status !== '' && status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3) !== 'Z'
  })
}

/** Milliseconds until the work ends. */
export async function elapsed(work: Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work
  return performance.now() - began
}
