/** Starts the process of a worker as a Tinypool with one thread. The worker has no DuckDB instance yet. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import { workerEnvironment } from '../host/worker-environment.ts'

/** URL of the worker's program. It has the extension of this file, so it works from sources and compiled. */
const WORKER = new URL(`../processes/query/worker${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

/**
 * The serial lane collects garbage between batches, which needs `--expose-gc`. The other flag limits V8's space for new objects
 * to 4 MB. The garbage of a batch is short-lived, and V8 would let this space grow to 128 MB for it. Streams are as fast with 4 MB
 * (medians of nine alternating runs), and each worker needs 30 to 50 MB less.
 */
const FLAGS = ['--expose-gc', '--max-semi-space-size=4']

export interface ProcessOptions {
  readonly threads: number
  /** Node options, placed before the program. */
  readonly execArgv: readonly string[]
}

/** A process that nobody has taken yet. */
let ahead: { readonly key: string; readonly process: Tinypool } | null = null

/**
 * Starts a process before its owner exists, for the first `startProcess` with the same options. So the first worker loads its
 * code while the server loads its own.
 */
export function startAhead(options: ProcessOptions): void {
  ahead = { key: keyOf(options), process: spawn(options) }
  // If it dies meanwhile, its owner finds that out.
  ahead.process.on('error', () => {})
}

export function startProcess(options: ProcessOptions): Tinypool {
  if (ahead?.key !== keyOf(options)) return spawn(options)
  const taken = ahead.process
  ahead = null
  return taken
}

const keyOf = ({ threads, execArgv }: ProcessOptions) => JSON.stringify([threads, execArgv])

function spawn({ threads, execArgv }: ProcessOptions): Tinypool {
  return new Tinypool({
    filename: WORKER,
    runtime: 'child_process',
    serialization: 'advanced',
    minThreads: 1,
    maxThreads: 1,
    execArgv: [...FLAGS, ...execArgv],
    env: workerEnvironment(threads),
  })
}
