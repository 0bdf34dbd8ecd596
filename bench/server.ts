/** The product as a user starts it, with its defaults, in separate processes. */
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from './paths.ts'

export interface WorkerProcess {
  readonly state: string
  readonly pid: number
  readonly lane: string
  readonly threads: number
}

export interface RunningProgram {
  readonly url: string
  readonly pid: number
  /** Milliseconds from its start to the line that has its address. */
  readonly readyMs: number
  stop(): Promise<void>
}

export interface RunningServer extends RunningProgram {
  workers(): Promise<WorkerProcess[]>
}

const HEALTH = '{ health { workers { pid lane threads state } } }'

/** Every question is executed, unless a row is about results that are kept. */
export const NO_PAGE_CACHE = ['--page-cache-bytes', '0B']

/** All workers start at once and stay, so that a row has the processes that it measures from its beginning. */
export const AWAKE = ['--worker-idle', '0']

/** @param processor the only processor that its processes may use. @default all */
export async function startServer(
  sources: readonly string[],
  flags: readonly string[] = NO_PAGE_CACHE,
  processor?: number,
): Promise<RunningServer> {
  const args = [join(ROOT, 'src', 'main.ts'), ...sources, '--port', '0', '--log-level', 'warn', '--page-rows', '100000', ...flags]
  const program = await (processor === undefined
    ? startProgram(process.execPath, args)
    : startProgram('taskset', ['--cpu-list', String(processor), process.execPath, ...args]))
  return { ...program, workers: () => askWorkers(program.url) }
}

export interface LiveServer extends RunningServer {
  /** A server that follows the store, and starts when it is needed. */
  follower(): Promise<RunningServer>
}

/** A server with the empty live layer `vehicles`, in a folder that goes with it. */
export async function startLive(): Promise<LiveServer> {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-bench-'))
  const flags = ['--live', folder, '--max-address-operations', '4096']
  const server = await startServer([], [...flags, '--writes'])
  const query = 'mutation { createLayer(name: "vehicles", columns: [{ name: "at", type: "DOUBLE" }]) { name } }'
  await askServer(server.url, query)
  let follower: Promise<RunningServer> | null = null
  return {
    ...server,
    follower: () => {
      follower ??= startServer([], flags)
      return follower
    },
    stop: async () => {
      await Promise.allSettled([server.stop(), follower?.then((program) => program.stop())])
      await rm(folder, { recursive: true })
    },
  }
}

/** Starts any server that writes its address in a line, as `ready URL` or `listening ... at URL`. */
export async function startProgram(
  program: string,
  args: readonly string[],
  { env, cwd, log }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly log?: string } = {},
): Promise<RunningProgram> {
  const start = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', log === undefined ? 'inherit' : openSync(log, 'w')],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    cwd,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await readyUrl(child.stdout!)
  const readyMs = performance.now() - start
  if (url === null || child.pid === undefined)
    throw new Error(`${args[0]} ended before it was ready${log === undefined ? '' : `: see ${log}`}`)
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  return { url, pid: child.pid, readyMs, stop }
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  // It reads to the end, so that a server never waits for its own output.
  createInterface({ input: stdout })
    .on('line', (line) => {
      const url = /(?:^ready| at) (http:\S+)$/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    })
    .once('close', () => resolve(null))
  return promise
}

/** Some may still be starting when the server is ready. The one of the serial lane has no process until it is needed. */
async function askWorkers(url: string): Promise<WorkerProcess[]> {
  for (;;) {
    const { health } = await askServer<{ health: { workers: MaybeStarting[] } }>(url, HEALTH)
    const workers = health.workers.filter(({ state }) => state !== 'ASLEEP')
    if (workers.every((worker): worker is WorkerProcess => worker.pid !== null && worker.threads !== null)) return workers
    await sleep(100)
  }
}

type MaybeStarting = { readonly [Key in keyof WorkerProcess]: WorkerProcess[Key] | null }

async function askServer<Data>(url: string, query: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}
