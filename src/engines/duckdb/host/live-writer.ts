/**
 * The writer of a live store: one process, which gets the mutations of all clients in groups. A group is one transaction. If the process ends, it
 * starts again, and the group is sent again: what was written already is found by its idempotency key.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveAnswer, LiveMutation } from '../../../model/live.ts'
import { ChildProcess } from './child-process.ts'
import type { StoreContent, WriterMessage, Written } from './live-messages.ts'
import { contentOf, openForReading } from './live-store.ts'

/** Milliseconds from one group to the next, so that mutations share a write to the disk. A single mutation does not wait. */
const GROUP_MS = 50
/** Rows at which a group is sent at once, and most rows of a group. */
const GROUP_ROWS = 5_000
/** Rows that wait for the writer, above which mutations are refused. */
const MOST_WAITING_ROWS = 50_000
const LONGEST_BACKOFF_MS = 1_000
const CLOSE_MS = 1_000
/** Attempts for one message, which take 4 s. A mutation that fails as often, such as on a full disk, is answered with an error. */
const MOST_FAILURES = 8

export interface LiveWriterOptions {
  readonly directory: string
  readonly tempDirectory: string
  /** Called with each commit before its mutations are answered. */
  readonly onWritten: (written: Written) => void
  readonly log: { warn(fields: object, message: string): void }
}

interface Waiting {
  readonly mutation: LiveMutation
  readonly rows: number
  resolve(answer: LiveAnswer): void
  reject(error: unknown): void
}

export class LiveWriter {
  readonly #options: LiveWriterOptions
  #process: ChildProcess<WriterMessage> | null = null
  readonly #waiting: Waiting[] = []
  #waitingRows = 0
  #lastGroup = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  /** The group that was sent last. */
  #group: Promise<void> = Promise.resolve()
  #isSending = false
  /** True while a mutation that depends on the data is made. */
  #isHeld = false
  #alone: Promise<unknown> = Promise.resolve()
  #folder = ''
  readonly #closing = new AbortController()
  /** Messages follow one another. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: LiveWriterOptions) {
    this.#options = options
  }

  /** Opens the store, and makes it if there is none. If there is one, the process starts with its first message. @throws Error if the store cannot be opened */
  async open(): Promise<StoreContent> {
    await mkdir(this.#options.tempDirectory, { recursive: true })
    this.#folder = await mkdtemp(path.join(this.#options.tempDirectory, 'geoduck-live-'))
    return this.#content() ?? (await this.#start())
  }

  /** Null: there is no store yet, or the process finds out what is wrong with it. */
  #content(): StoreContent | null {
    try {
      const store = openForReading(this.#options.directory)
      try {
        return contentOf(store)
      } finally {
        store.close()
      }
    } catch {
      return null
    }
  }

  /** True if there is no place for more rows. */
  get isFull(): boolean {
    return this.#waitingRows > MOST_WAITING_ROWS
  }

  /** Resolves when the mutation is on the disk, and readers can see it. */
  write(mutation: LiveMutation): Promise<LiveAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<LiveAnswer>()
    const rows = rowsOf(mutation)
    this.#waiting.push({ mutation, rows, resolve, reject })
    this.#waitingRows += rows
    this.#schedule()
    return promise
  }

  /**
   * Writes the mutation that `make` returns. No mutation is written from the start of `make` on, so it may depend on the data. Others wait
   * meanwhile.
   */
  writeAlone(make: () => Promise<LiveMutation>): Promise<LiveAnswer> {
    const written = this.#alone.then(() => this.#writeAlone(make))
    this.#alone = written.catch(() => {})
    return written
  }

  async #writeAlone(make: () => Promise<LiveMutation>): Promise<LiveAnswer> {
    this.#isHeld = true
    try {
      await this.#group
      const written = await this.#send<Written>({ type: 'WRITE', mutations: [await make()] })
      this.#options.onWritten(written)
      return written.answers[0]!
    } finally {
      this.#isHeld = false
      this.#schedule()
    }
  }

  /** Sends another message than a mutation. */
  ask<Value>(message: Exclude<WriterMessage, { type: 'WRITE' | 'OPEN' }>): Promise<Value> {
    return this.#send<Value>(message)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    if (this.#timer) clearTimeout(this.#timer)
    // The group that the process has gets its answer, if that does not take long.
    await Promise.race([this.#group, sleep(CLOSE_MS)])
    await this.#process?.end()
    await this.#turn.catch(() => {})
    const error = new Error('the store is closed')
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true })
  }

  #schedule(): void {
    if (this.#isSending || this.#isHeld || this.#timer || this.#waiting.length === 0) return
    const wait = this.#waitingRows >= GROUP_ROWS ? 0 : this.#lastGroup + GROUP_MS - performance.now()
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        if (!this.#isHeld) this.#group = this.#sendGroup()
      },
      Math.max(0, wait),
    )
  }

  async #sendGroup(): Promise<void> {
    const group = this.#nextGroup()
    this.#isSending = true
    this.#lastGroup = performance.now()
    try {
      const written = await this.#send<Written>({ type: 'WRITE', mutations: group.map(({ mutation }) => mutation) })
      this.#options.onWritten(written)
      for (const [n, { resolve }] of group.entries()) resolve(written.answers[n]!)
    } catch (error) {
      for (const { reject } of group) reject(error)
    } finally {
      this.#isSending = false
      this.#schedule()
    }
  }

  #nextGroup(): readonly Waiting[] {
    let rows = 0
    let count = 0
    for (const waiting of this.#waiting) {
      if (count > 0 && rows + waiting.rows > GROUP_ROWS) break
      rows += waiting.rows
      count++
    }
    this.#waitingRows -= rows
    return this.#waiting.splice(0, count)
  }

  /** Sends the message again after the process has ended. Every message may be sent several times. */
  #send<Value>(message: WriterMessage): Promise<Value> {
    const sent = this.#turn.then(async () => {
      for (let failures = 0; ; failures++) {
        this.#closing.signal.throwIfAborted()
        try {
          if (!this.#process) this.#restarted(await this.#start())
          return await this.#process!.ask<Value>(message)
        } catch (error) {
          await this.#process?.end()
          this.#process = null
          this.#closing.signal.throwIfAborted()
          if (failures === MOST_FAILURES) throw error
          this.#options.log.warn({ err: error }, 'the writer of the live layers ended, and starts again')
          await sleep(Math.min(LONGEST_BACKOFF_MS, 20 * 2 ** failures))
        }
      }
    })
    this.#turn = sent.catch(() => {})
    return sent
  }

  /** The process may have written a group before its end, without an answer. */
  #restarted({ layers, version }: StoreContent): void {
    this.#options.onWritten({ answers: [], layers, changes: layers.map(() => 0), version })
  }

  async #start(): Promise<StoreContent> {
    const started = new ChildProcess<WriterMessage>({
      program: 'live/writer',
      threads: 1,
      tempDirectory: path.join(this.#folder, 'writer'),
    })
    const content = await started.ask<StoreContent>({ type: 'OPEN', directory: this.#options.directory })
    this.#process = started
    return content
  }
}

function rowsOf({ operation }: LiveMutation): number {
  if (operation.kind === 'upsert') return operation.features.length
  return 'keys' in operation ? operation.keys.length : 1
}
