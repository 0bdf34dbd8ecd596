/** A worker process that has not been opened yet, as a Tinypool of one. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import { workerEnvironment } from './worker-environment.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = new URL(`./worker/worker${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

export interface ProcessOptions {
  readonly threads: number
  /** Of Node, in front of the program. */
  readonly execArgv: readonly string[]
}

export function startProcess({ threads, execArgv }: ProcessOptions): Tinypool {
  return new Tinypool({
    filename: WORKER,
    runtime: 'child_process',
    serialization: 'advanced',
    minThreads: 1,
    maxThreads: 1,
    execArgv: [...execArgv],
    env: workerEnvironment(threads),
  })
}

/** At once, whatever runs in it. */
export async function endProcess(pool: Tinypool): Promise<void> {
  for (const { threadId } of pool.threads) {
    try {
      process.kill(threadId, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  await pool.destroy()
}
