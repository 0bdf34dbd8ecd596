/**
 * Runs a program that reads files in a child process, because a file may end it. The first message starts the process. It gets
 * one message at a time, so that one source is to blame for a death.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { ChildProcess, NoAnswer, type Program } from './child-process.ts'
import { SourceError } from './source-error.ts'

/**
 * Milliseconds that a process may take to open. To load the spatial extension takes half a second, or much longer on an
 * overloaded machine.
 */
const OPEN_MS = 60_000

const STOPPING = 'the server is stopping'
const DIED = 'it ends the process that reads it: it is corrupt, or made to do so; replace it by an undamaged copy'

export interface ReadingProcessSetup<Message> extends Omit<Program, 'tempDirectory'> {
  /** Creates the folder of the process. It is removed when the process has ended. */
  readonly makeFolder: () => Promise<string>
  /** Returns the first message. `tempDirectory` is the folder for spilled data. */
  readonly opening: (folder: string, tempDirectory: string) => Message
}

export interface ReadRequest {
  /** Files of the source that the message is about. */
  readonly about: string
  readonly timeoutMs: number
  /** Receives the notes that the process sends before its answer. */
  readonly onNote?: (note: never) => void
}

export class ReadingProcess<Message extends object> {
  readonly #setup: ReadingProcessSetup<Message>
  #child: ChildProcess<Message> | null = null
  /** Resolves when the process before has ended and its folder is removed. */
  #gone: Promise<void> = Promise.resolve()
  /** The sources that the running process has received messages about. */
  readonly #subjects = new Set<string>()
  #closed = false

  constructor(setup: ReadingProcessSetup<Message>) {
    this.#setup = setup
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Sends a message and returns the answer. A death is the fault of a source only if the process had read no other source.
   * Otherwise the earlier source or somebody outside may be the cause, so the message is sent again to a new process.
   *
   * @throws SourceError; Error if the process can't start
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
      if (why === 'FAILED') throw new SourceError(error.message, error.cause === undefined ? {} : { cause: error.cause })
      if (this.#closed) throw new SourceError(STOPPING, { cause: error })
      const seconds = Math.round(request.timeoutMs / 1000)
      if (why === 'LATE')
        throw new SourceError(`reading it did not end within ${seconds} s: split it into smaller files`, { cause: error })
      if (isAlone) throw new SourceError(DIED, { cause: error })
    }
    return await this.ask(message, request)
  }

  /** Kills the process. A message without an answer is rejected, and the next message starts another process. */
  async end(): Promise<void> {
    void this.#child?.end()
    this.#child = null
    await this.#gone
  }

  /** Kills the process for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.end()
  }

  /**
   * Returns the running process, or starts one. A process that is killed while it starts has read nothing, so it is started
   * again.
   */
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
      // The process may die between two messages.
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
