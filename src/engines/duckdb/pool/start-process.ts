/** Starts the process of a worker as a Tinypool with one thread. The worker has no DuckDB instance yet. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import { workerEnvironment } from '../host/worker-environment.ts'

/** URL of the worker's program. It has the extension of this file, so it works from sources and compiled. */
const WORKER = new URL(`../processes/query/worker${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

/**
 * Limits V8's space for new objects to 4 MB. The garbage of a batch is short-lived, and V8 would let this space grow to 128 MB
 * for it. Streams are as fast with 4 MB (medians of nine alternating runs), and each worker needs 30 to 50 MB less.
 */
const HEAP = ['--max-semi-space-size=4']

export interface ProcessOptions {
  readonly threads: number
  /** Node options, placed before the program. */
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
