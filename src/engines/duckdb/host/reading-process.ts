/**
 * A process of its own for what may end it: reading files. Started by the first question, killed rather than waited for, and never the
 * server's own. One question at a time: a death is then the fault of one source.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { ChildProcess, NoAnswer, type Program } from './child-process.ts'
import { SourceError } from './source-error.ts'

/** Loading the spatial extension takes half a second; on a machine that is starved, much longer. */
const OPEN_MS = 60_000

const STOPPING = 'the server is stopping'
const DIED = 'it ends the process that reads it: it is corrupt, or made to do so'

export interface ReadingProcessSetup<Message> extends Omit<Program, 'tempDirectory'> {
  /** A folder for the process alone, removed when it has ended. */
  readonly makeFolder: () => Promise<string>
  /** What it is asked first, with where it may spill to. */
  readonly opening: (folder: string, tempDirectory: string) => Message
}

export interface ReadRequest {
  /** The source. */
  readonly about: string
  readonly timeoutMs: number
  /** What the process tells while it works on the question. */
  readonly onNote?: (note: never) => void
}

export class ReadingProcess<Message extends object> {
  readonly #setup: ReadingProcessSetup<Message>
  #child: ChildProcess<Message> | null = null
  /** Until the process before is gone, with its folder. */
  #gone: Promise<void> = Promise.resolve()
  /** What the process that runs has been asked about. */
  readonly #subjects = new Set<string>()
  #closed = false

  constructor(setup: ReadingProcessSetup<Message>) {
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
  async ask<Value>(message: Message, request: ReadRequest): Promise<Value> {
    const child = await this.#started()
    this.#subjects.add(request.about)
    const isAlone = this.#subjects.size === 1
    try {
      return await child.ask<Value>(message, request.timeoutMs, request.onNote)
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      if (error.ending) await this.end()
      const { why } = error
      if (why === 'FAILED') throw new SourceError(error.message)
      if (this.#closed) throw new SourceError(STOPPING, { cause: error })
      const seconds = Math.round(request.timeoutMs / 1000)
      if (why === 'LATE') throw new SourceError(`reading it did not end within ${seconds} s`, { cause: error })
      if (isAlone) throw new SourceError(DIED, { cause: error })
    }
    return await this.ask(message, request)
  }

  /** Kills it: what it is asked is rejected, and the next question starts another one. */
  async end(): Promise<void> {
    void this.#child?.end()
    this.#child = null
    await this.#gone
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.end()
  }

  /** A process that is killed while it starts has read nothing: another one is started, once. */
  async #started(isAgain = false): Promise<ChildProcess<Message>> {
    if (this.#closed) throw new SourceError(STOPPING)
    if (this.#child) return this.#child
    await this.#gone
    const folder = await this.#setup.makeFolder()
    const tempDirectory = path.join(folder, 'spill')
    const child = new ChildProcess<Message>({ ...this.#setup, tempDirectory })
    this.#child = child
    this.#subjects.clear()
    this.#gone = child.gone.then(() => {
      // It may die between two questions.
      if (child === this.#child) this.#child = null
      return rm(folder, { recursive: true, force: true })
    })
    try {
      if (this.#closed) throw new Error(STOPPING)
      await child.ask(this.#setup.opening(folder, tempDirectory), OPEN_MS)
    } catch (cause) {
      await this.end()
      if (this.#closed) throw new SourceError(STOPPING, { cause })
      if (!isAgain && cause instanceof NoAnswer && cause.why === 'DIED') return await this.#started(true)
      throw new Error('the process that reads the sources could not start', { cause })
    }
    return child
  }
}
