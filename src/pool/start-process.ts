/** A worker process that has not been opened yet, as a Tinypool of one. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'

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

/**
 * Nothing of the server's environment but what a program needs to run. All DuckDB calls of a process share libuv's threads: a running query
 * must leave some for the rest.
 */
function workerEnvironment(threads: number): Record<string, string> {
  const { HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const kept = Object.entries({ HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE }).filter(
    (entry): entry is [string, string] => !!entry[1],
  )
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(threads + 4), NODE_NO_WARNINGS: '1' }
}
