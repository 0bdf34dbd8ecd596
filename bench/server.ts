/** The product as a user starts it, with its defaults, in separate processes. */
import { spawn } from 'node:child_process'
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

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** Milliseconds from its start to the line `ready`. */
  readonly readyMs: number
  workers(): Promise<WorkerProcess[]>
  stop(): Promise<void>
}

/** Every question is executed, unless a row is about results that are kept. */
const NO_PAGE_CACHE = ['--page-cache-bytes', '0B']

export async function startServer(sources: readonly string[], flags: readonly string[] = NO_PAGE_CACHE): Promise<RunningServer> {
  const start = performance.now()
  const args = [join(ROOT, 'src', 'main.ts'), ...sources, '--port', '0', '--log-level', 'warn', '--page-rows', '100000', ...flags]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = child.stdout ? await readyUrl(child.stdout) : null
  const readyMs = performance.now() - start
  if (url === null || child.pid === undefined) throw new Error('the server ended before it was ready')
  return {
    url,
    pid: child.pid,
    readyMs,
    workers: () => askWorkers(url),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** The address in the line that the server writes when every layer can be asked. */
async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string | null> {
  const lines = createInterface({ input: stdout })
  for await (const line of lines) {
    const url = /^ready (http:\S+)$/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  return null
}

/** Some may still be starting when the server is ready. The one of the serial lane has no process until it is needed. */
async function askWorkers(url: string): Promise<WorkerProcess[]> {
  for (;;) {
    const workers = (await askHealth(url)).filter(({ state }) => state !== 'ASLEEP')
    if (workers.every((worker): worker is WorkerProcess => worker.pid !== null && worker.threads !== null)) return workers
    await sleep(100)
  }
}

type MaybeStarting = { readonly [Key in keyof WorkerProcess]: WorkerProcess[Key] | null }

async function askHealth(url: string): Promise<MaybeStarting[]> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ health { workers { pid lane threads state } } }' }),
  })
  const { data } = (await response.json()) as { data: { health: { workers: MaybeStarting[] } } }
  return data.health.workers
}
