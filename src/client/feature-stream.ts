/**
 * One result over one or more operations. Each operation resumes after the last batch of the one before, which failed, lost its connection, or was
 * ended because its reader was too slow.
 */
import type { Client } from 'graphql-ws/client'
import { isEqual, schemaMessage } from './arrow-schema.ts'
import { backOff } from './back-off.ts'
import { BatchQueue } from './batch-queue.ts'
import { connect } from './connect.ts'
import { subscription } from './document.ts'
import { type Batches, decode, type Encoding, type WireBatch } from './encoding.ts'
import { GeoduckClientError } from './error.ts'
import { otherColumns, runOperation, sequenceError } from './operation.ts'
import type { StreamOptions, StreamState } from './options.ts'

const BATCH_SIZE = 1024
const MOST_FAILURES = 10

export class FeatureStream<E extends Encoding> implements AsyncIterableIterator<Batches[E]> {
  readonly #options: StreamOptions<E>
  readonly #client: Client
  readonly #outbox: BatchQueue<Batches[E]>
  #started = false
  #over = false
  /** Ends the running operation. */
  #stop: (() => void) | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #state: StreamState['state'] | null = null
  #cursor: string | undefined
  #sequence = 0
  /** The number of features that are not received yet. */
  #remaining: number
  #failures = 0
  /** The schema of the first Arrow batch, which all other batches must have. */
  #schema: Uint8Array | null = null
  /**
   * True if the geometry must be WKB: a layer that is checked meanwhile may get a native type although the stream started with
   * WKB.
   */
  #asWkb = false
  /** True if the reader was too slow: then an operation delivers only as many batches as may wait. */
  #slow = false

  constructor(options: StreamOptions<E>) {
    this.#options = options
    this.#outbox = new BatchQueue(options.readAhead, () => this.#hold())
    this.#client = options.client ?? connect(options.url, { lazyCloseTimeout: 0 })
    this.#cursor = options.after ?? undefined
    this.#remaining = options.limit ?? Number.POSITIVE_INFINITY
    const { signal } = options
    if (signal?.aborted) this.#abort()
    else signal?.addEventListener('abort', this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Nothing is requested before the first call. */
  next(): Promise<IteratorResult<Batches[E]>> {
    this.#started = true
    const result = this.#outbox.take()
    this.#advance()
    return result
  }

  /** Ends the operation on the server as well. */
  return(): Promise<IteratorResult<Batches[E]>> {
    this.#outbox.clear()
    this.#finish({})
    return Promise.resolve({ done: true, value: undefined })
  }

  #advance(): void {
    if (this.#over || !this.#started || this.#stop || this.#timer !== undefined) return
    if (this.#outbox.wanted) this.#slow = false
    if (this.#remaining <= 0) this.#finish({})
    else if (this.#outbox.isHalfFull) this.#tell({ state: 'held' })
    else this.#run()
  }

  #run(): void {
    const { encoding = 'geojson', batchSize } = this.#options
    const room = this.#outbox.room * (batchSize ?? BATCH_SIZE)
    const limit = this.#slow ? Math.min(this.#remaining, room) : this.#remaining
    const request = { ...this.#options, after: this.#cursor, limit: Number.isFinite(limit) ? limit : undefined }
    const left = this.#remaining - limit
    this.#tell({ state: 'asking' })
    this.#stop = runOperation(this.#client, subscription(encoding, request, this.#asWkb), {
      batch: (batch) => this.#receive(batch),
      complete: () => {
        this.#stop = null
        // A complete part of the result does not show whether more features follow.
        if (limit < Number.POSITIVE_INFINITY && this.#remaining === left) this.#advance()
        else this.#finish({})
      },
      fail: (error) => this.#fail(error),
    })
  }

  #receive(wire: WireBatch): void {
    const batch = decode<E>((this.#options.encoding ?? 'geojson') as E, wire, this.#sequence)
    if (!batch) {
      this.#end()
      this.#fail(sequenceError())
      return
    }
    if ('arrow' in batch && !this.#fits(batch.arrow)) {
      this.#asWkb = !this.#asWkb
      this.#end()
      this.#fail(otherColumns())
      return
    }
    this.#sequence += 1
    this.#failures = 0
    this.#cursor = wire.cursor
    this.#remaining -= wire.count
    this.#tell({ state: 'streaming' })
    this.#outbox.put(batch)
  }

  /** True if the batch has the columns of the batches before. */
  #fits(arrow: Uint8Array<ArrayBuffer>): boolean {
    const schema = schemaMessage(arrow)
    // A copy, because a view would keep the whole batch in memory.
    this.#schema ??= schema?.slice() ?? null
    return schema !== null && this.#schema !== null && isEqual(schema, this.#schema)
  }

  #hold(): void {
    if (!this.#stop) return
    this.#slow = true
    this.#end()
    this.#advance()
  }

  #fail(failure: GeoduckClientError): void {
    this.#stop = null
    this.#failures += 1
    const { retry = keepTrying } = this.#options
    const error = failure.code === 'CURSOR_EXPIRED' ? failure : this.#withCursor(failure)
    if (this.#remaining <= 0) this.#finish({})
    else if (retry(error, this.#failures)) this.#goOnLater(error)
    else this.#finish({ error })
  }

  #goOnLater(error: GeoduckClientError): void {
    const waitMs = backOff(this.#failures, error.details.retryAfter)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#advance()
    }, waitMs)
    this.#tell({ state: 'waiting', error, failures: this.#failures, waitMs })
  }

  #withCursor({ code, message, details, cause }: GeoduckClientError): GeoduckClientError {
    return new GeoduckClientError(code, message, { ...details, cursor: this.#cursor }, cause)
  }

  readonly #abort = (): void => {
    this.#outbox.clear()
    this.#finish({ error: this.#options.signal?.reason })
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#over) return
    this.#over = true
    this.#end()
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#outbox.end(end)
  }

  #end(): void {
    this.#stop?.()
    this.#stop = null
  }

  #tell(state: StreamState): void {
    if (state.state === this.#state && state.state !== 'waiting') return
    this.#state = state.state
    this.#options.onState?.(state)
  }
}

function keepTrying(error: GeoduckClientError, failures: number): boolean {
  return error.retry && failures <= MOST_FAILURES
}
