/**
 * The handle of the process that reads sources: the server never does. It is started when there is something to read, may die of what it
 * reads, which costs that one source, and is ended when there is nothing more.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import type { CheckRequest, CheckResult, Described, InspectorOptions } from './inspection.ts'
import { SourceError } from './source-error.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = new URL(`./worker/inspector${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

/** Loading the spatial extension takes half a second; on a machine that is starved, much longer. */
const OPEN_MS = 60_000
const DESCRIBE_MS = 30_000
/** How long it is kept for another question. */
const IDLE_MS = 1_000

/** A share of the machine that leaves the workers theirs. */
const MEMORY_LIMIT_BYTES = Math.min(2 * 2 ** 30, os.totalmem() / 4)
const THREADS = Math.min(2, os.availableParallelism())

const STOPPING = 'the server is stopping'
const DIED = 'it ends the process that reads it: it is corrupt, or made to do so'

type Answer<Value> = { readonly value: Value } | { readonly failure: string }

export class Inspector {
  readonly #spatialExtension: string | null
  readonly #allowedPaths: readonly string[]
  #folder: string | null = null
  #pool: Tinypool | null = null
  #closed = false
  /** One question at a time: a death is then the fault of one source. */
  #turn: Promise<unknown> = Promise.resolve()
  #questions = 0
  #idle: NodeJS.Timeout | undefined

  /** @param allowedPaths every file that it may ever be asked about */
  constructor(spatialExtension: string | null, allowedPaths: readonly string[]) {
    this.#spatialExtension = spatialExtension
    this.#allowedPaths = allowedPaths
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @throws SourceError */
  describeFiles(files: readonly string[]): Promise<Described> {
    return this.#ask('describeFiles', files, DESCRIBE_MS)
  }

  /** @throws SourceError */
  describeStore(file: string, alias: string): Promise<Described> {
    return this.#ask('describeStore', { file, alias }, DESCRIBE_MS)
  }

  /** @throws SourceError */
  check(request: CheckRequest, timeoutMs: number): Promise<CheckResult> {
    return this.#ask('check', request, timeoutMs)
  }

  /** Ends the process, whatever it is doing: questions under way are rejected. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    await this.#end()
    await this.#turn
    await this.#end()
  }

  #ask<Value>(name: string, task: unknown, timeoutMs: number): Promise<Value> {
    clearTimeout(this.#idle)
    this.#questions++
    const answer = this.#turn.then(() => this.#run<Value>(name, task, timeoutMs))
    this.#turn = answer.catch(() => {}).then(() => this.#answered())
    return answer
  }

  #answered(): void {
    this.#questions--
    if (this.#questions === 0) this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref()
  }

  async #run<Value>(name: string, task: unknown, timeoutMs: number): Promise<Value> {
    const pool = await this.#started()
    // A pool that has been ended would start another process for the question, which nobody would end.
    if (pool !== this.#pool) throw new SourceError(this.#closed ? STOPPING : DIED)
    const signal = AbortSignal.timeout(timeoutMs)
    let answer: Answer<Value>
    try {
      answer = (await pool.run(task, { name, signal })) as Answer<Value>
    } catch (cause) {
      await this.#end()
      if (this.#closed) throw new SourceError(STOPPING, { cause })
      if (signal.aborted) throw new SourceError(`reading it did not end within ${timeoutMs / 1000} s`, { cause })
      throw new SourceError(DIED, { cause })
    }
    if ('failure' in answer) throw new SourceError(answer.failure)
    return answer.value
  }

  async #started(): Promise<Tinypool> {
    if (this.#closed) throw new SourceError(STOPPING)
    if (this.#pool) return this.#pool
    this.#folder = await mkdtemp(path.join(os.tmpdir(), 'geoduck-inspector-'))
    const pool = new Tinypool({
      filename: WORKER,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      env: environment(),
    })
    this.#pool = pool
    // A death between two questions is an event of the pool; without a listener it would end the server.
    pool.on('error', () => void this.#end())
    const options: InspectorOptions = {
      spatialExtension: this.#spatialExtension,
      allowedPaths: this.#allowedPaths,
      memoryLimitBytes: Math.floor(MEMORY_LIMIT_BYTES),
      threads: THREADS,
      tempDirectory: path.join(this.#folder, 'spill'),
    }
    try {
      await pool.run(options, { name: 'open', signal: AbortSignal.timeout(OPEN_MS) })
    } catch (cause) {
      await this.#end()
      if (this.#closed) throw new SourceError(STOPPING, { cause })
      throw new Error('the process that reads the sources could not start', { cause })
    }
    return pool
  }

  async #end(): Promise<void> {
    const pool = this.#pool
    const folder = this.#folder
    this.#pool = null
    this.#folder = null
    for (const { threadId } of pool?.threads ?? []) {
      try {
        process.kill(threadId, 'SIGKILL')
      } catch {
        // It is gone already.
      }
    }
    await pool?.destroy()
    if (folder) await rm(folder, { recursive: true, force: true })
  }
}

/** Nothing of the server's environment but what a program needs to run. */
function environment(): Record<string, string> {
  const { HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const kept = Object.entries({ HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE }).filter(
    (entry): entry is [string, string] => !!entry[1],
  )
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(THREADS + 4), NODE_NO_WARNINGS: '1' }
}
