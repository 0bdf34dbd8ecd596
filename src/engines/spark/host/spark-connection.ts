/** The connection to one Spark, in a separate process. It starts with its first request, and again after its end. */
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GatheredContent } from '../../../model/layer.ts'
import { ChildProcess } from '../../duckdb/host/child-process.ts'
import { rowsOf } from '../dialect/tables.ts'
import type { SparkMessage, SparkNote, SparkRequest, SparkTarget } from '../messages.ts'

/** An error of a request. Its message is Spark's, which may contain SQL and paths, so it is only for the log. */
export class SparkError extends Error {
  override readonly name = 'SparkError'
  /** True if Spark does not answer. The same request may succeed later. */
  readonly isUnavailable: boolean
  /** True if the request was not executed, because Spark has ended the session. */
  readonly isSessionLost: boolean

  constructor(message: string, isUnavailable: boolean, isSessionLost = false) {
    super(message)
    this.isUnavailable = isUnavailable
    this.isSessionLost = isSessionLost
  }
}

export interface SparkConnectionOptions extends Omit<SparkTarget, 'session'> {
  readonly tempDirectory: string
}

interface Started {
  readonly child: ChildProcess<SparkTarget | SparkMessage>
  /** The version of Spark. */
  readonly version: Promise<string>
  readonly waiting: Map<number, PromiseWithResolvers<unknown>>
}

/** Authorities of certificates beside those of Node. */
const { NODE_EXTRA_CA_CERTS } = process.env
const CERTIFICATES: Readonly<Record<string, string>> = NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS } : {}

/** Milliseconds for Spark to end the session of a server that closes. */
const RELEASE_MS = 2_000

export class SparkConnection {
  readonly #options: SparkConnectionOptions
  #session = randomUUID()
  #started: Started | null = null
  #last = 0
  #isClosed = false

  constructor(options: SparkConnectionOptions) {
    this.#options = options
  }

  /** Returns the version of Spark. @throws SparkError */
  async version(): Promise<string> {
    return await this.#open().version
  }

  /** @throws SparkError */
  async view(name: string, content: GatheredContent): Promise<void> {
    await this.#ask({ type: 'VIEW', name, rows: 'version' in content ? { sql: rowsOf(content) } : { paths: content } })
  }

  /** Runs a command, and writes its few rows as JSON into a folder that does not exist yet. @throws SparkError */
  async command(sql: string, directory: string | null = null): Promise<void> {
    await this.#ask({ type: 'COMMAND', sql, directory })
  }

  /**
   * Writes the rows of a statement as files into a folder that does not exist yet. If `signal` is aborted, Spark stops.
   *
   * @throws SparkError
   */
  async write(
    statement: Pick<Extract<SparkRequest, { type: 'WRITE' }>, 'sql' | 'values' | 'directory' | 'format'>,
    signal?: AbortSignal,
  ): Promise<void> {
    signal?.throwIfAborted()
    const operation = randomUUID()
    const stop = () => void this.#ask({ type: 'INTERRUPT', operation }).catch(() => {})
    signal?.addEventListener('abort', stop)
    try {
      await this.#ask({ type: 'WRITE', operation, ...statement })
    } catch (error) {
      // The end of the process does not stop Spark.
      if (error instanceof SparkError && error.isUnavailable) stop()
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  async close(): Promise<void> {
    const started = this.#started
    this.#isClosed = true
    if (started) {
      const released = started.version.then(() => this.#send(started, { type: 'RELEASE' }))
      await Promise.race([released, sleep(RELEASE_MS, undefined, { ref: false })]).catch(() => {})
    }
    await started?.child.end()
  }

  async #ask(request: SparkRequest): Promise<unknown> {
    const started = this.#open()
    try {
      await started.version
      return await this.#send(started, request)
    } catch (error) {
      if (!(error instanceof SparkError && error.isSessionLost)) throw error
      this.#renew(started)
      const renewed = this.#open()
      await renewed.version
      return await this.#send(renewed, request)
    }
  }

  /** Begins another session. Requests of the previous one continue. */
  #renew(lost: Started): void {
    if (this.#started !== lost) return
    this.#started = null
    this.#session = randomUUID()
    void Promise.allSettled([...lost.waiting.values()].map(({ promise }) => promise)).then(() => lost.child.end())
  }

  #open(): Started {
    if (this.#isClosed) throw new SparkError('the connection is closed', true)
    if (this.#started) return this.#started
    const { tempDirectory, ...options } = this.#options
    const target = { ...options, session: this.#session }
    const child = new ChildProcess<SparkTarget | SparkMessage>({
      program: '../../spark/processes/connection',
      threads: 1,
      environment: CERTIFICATES,
      tempDirectory: path.join(tempDirectory, 'connection'),
    })
    const waiting: Started['waiting'] = new Map()
    // It answers by notes alone. Its end rejects.
    child
      .ask(target, Number.POSITIVE_INFINITY, (note: SparkNote) => settle(waiting, note))
      .catch(() => {
        if (this.#started?.child === child) this.#started = null
        for (const { reject } of waiting.values()) reject(new SparkError('the process of the connection ended', true))
      })
    const version = this.#send({ child, waiting }, { type: 'OPEN' }) as Promise<string>
    // The next request tries again.
    version.catch(() => child.end())
    this.#started = { child, waiting, version }
    return this.#started
  }

  #send({ child, waiting }: Pick<Started, 'child' | 'waiting'>, request: SparkRequest): Promise<unknown> {
    const id = ++this.#last
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    child.post({ id, request })
    return answer.promise
  }
}

function settle(waiting: Started['waiting'], note: SparkNote): void {
  const answer = waiting.get(note.id)
  waiting.delete(note.id)
  if ('failure' in note) answer?.reject(new SparkError(note.failure, note.isUnavailable, note.isSessionLost))
  else answer?.resolve(note.value)
}
