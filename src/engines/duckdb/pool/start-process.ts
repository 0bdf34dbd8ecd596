/** Starts a worker process, which has not been opened yet, as a Tinypool of one. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import { workerEnvironment } from '../host/worker-environment.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = new URL(`../processes/query/worker${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

/**
 * What a batch leaves behind is gone with the next: where V8 may, it lets the space for it grow to 128 MB. Streams are as fast with 4 (medians of
 * nine, in turn), in 30 to 50 MB less a worker.
 */
const HEAP = ['--max-semi-space-size=4']

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
    execArgv: [...HEAP, ...execArgv],
    env: workerEnvironment(threads),
  })
}
