/**
 * A process of its own for what may end it: reading files. Started by the first question, killed rather than waited for, and never the
 * server's own. One question at a time: a death is then the fault of one source.
 */
import { rm } from 'node:fs/promises'
import { Tinypool } from 'tinypool'
import { awakeSignal } from '../../awake.ts'
import { SourceError } from './source-error.ts'
import { workerEnvironment } from './worker-environment.ts'

/** Loading the spatial extension takes half a second; on a machine that is starved, much longer. */
const OPEN_MS = 60_000

const STOPPING = 'the server is stopping'
const DIED = 'it ends the process that reads it: it is corrupt, or made to do so'

/** A source's failure is an answer; what is thrown in the process is its own end. `isOver`: it can answer nothing more. */
export type Answer<Value> = { readonly value: Value } | { readonly failure: string; readonly isOver?: boolean }

export interface ReadingProcessSetup {
  /** The file that the process runs, as a URL. It exports `open`, and a function for each question. */
  readonly worker: string
  readonly threads: number
  /** Beside what every program needs to run. */
  readonly environment?: Readonly<Record<string, string>>
  /** A folder for the process alone, removed when it has ended. */
  readonly makeFolder: () => Promise<string>
  /** What `open` is called with. */
  readonly options: (folder: string) => object
}

export interface Question {
  /** The source. */
  readonly about: string
  readonly timeoutMs: number
  /** What the process tells while it works on the question. */
  readonly onMessage?: (message: unknown) => void
}

export class ReadingProcess {
  readonly #setup: ReadingProcessSetup
  #folder: string | null = null
  #pool: Tinypool | null = null
  /** What the process that runs has been asked about. */
  readonly #subjects = new Set<string>()
  #closed = false

  constructor(setup: ReadingProcessSetup) {
    this.#setup = setup
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * A death is blamed on a source only in a process that had read nothing else: what another one has left there, or whoever kills processes
   * from outside, costs a second try.
   *
   * @throws SourceError; Error when the process cannot start
   */
  async ask<Value>(name: string, task: unknown, question: Question): Promise<Value> {
    const pool = await this.#started()
    this.#subjects.add(question.about)
    const isAlone = this.#subjects.size === 1
    try {
      return await this.#ask(pool, name, task, question)
    } catch (error) {
      if (isAlone || this.#closed || !(error instanceof SourceError) || error.message !== DIED) throw error
    }
    return await this.ask(name, task, question)
  }

  async #ask<Value>(pool: Tinypool, name: string, task: unknown, { timeoutMs, onMessage }: Question): Promise<Value> {
    // A pool that has been ended would start another process for the question, which nobody would end.
    if (pool !== this.#pool) throw new SourceError(this.#closed ? STOPPING : DIED)
    const signal = awakeSignal(timeoutMs)
    const channel = onMessage && { onMessage: (listen: (message: unknown) => void) => void listen, postMessage: onMessage }
    let answer: Answer<Value>
    try {
      answer = (await pool.run(task, { name, signal, ...(channel && { channel }) })) as Answer<Value>
    } catch (cause) {
      await this.end()
      if (this.#closed) throw new SourceError(STOPPING, { cause })
      if (signal.aborted) throw new SourceError(`reading it did not end within ${Math.round(timeoutMs / 1000)} s`, { cause })
      throw new SourceError(DIED, { cause })
    }
    if (!('failure' in answer)) return answer.value
    if (answer.isOver) await this.end()
    throw new SourceError(answer.failure)
  }

  /** Kills it: what it is asked is rejected, and the next question starts another one. */
  async end(): Promise<void> {
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

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.end()
  }

  async #started(): Promise<Tinypool> {
    if (this.#closed) throw new SourceError(STOPPING)
    if (this.#pool) return this.#pool
    const { worker, threads, environment, makeFolder, options } = this.#setup
    const folder = await makeFolder()
    if (this.#closed) {
      await rm(folder, { recursive: true, force: true })
      throw new SourceError(STOPPING)
    }
    this.#folder = folder
    this.#subjects.clear()
    const pool = new Tinypool({
      filename: worker,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      env: { ...workerEnvironment(threads), ...environment },
    })
    this.#pool = pool
    // A death between two questions is an event of the pool; without a listener it would end the server.
    pool.on('error', () => void this.end())
    try {
      await pool.run(options(folder), { name: 'open', signal: awakeSignal(OPEN_MS) })
    } catch (cause) {
      await this.end()
      if (this.#closed) throw new SourceError(STOPPING, { cause })
      throw new Error('the process that reads the sources could not start', { cause })
    }
    return pool
  }
}
