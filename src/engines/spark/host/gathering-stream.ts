import { GeoduckError } from '../../../model/errors.ts'
import { toStreamError } from '../../duckdb/pool/stream.ts'
import { type Batch, type BatchStream, type ExecutionReport, NOT_EXECUTED } from '../../engine.ts'
import type { Gathering } from './gathering.ts'

export interface GatheringStreamOptions {
  /** The name of the layer. */
  readonly layer: string
  readonly gather: (signal: AbortSignal) => Promise<Gathering>
  readonly open: (gathering: Gathering) => BatchStream
}

interface Opened {
  readonly stream: BatchStream
  readonly gathering: Gathering
}

/** A stream of rows that are gathered when its client asks for the first batch. */
export class GatheringStream implements BatchStream {
  readonly #options: GatheringStreamOptions
  readonly #closing = new AbortController()
  #opening: Promise<Opened> | null = null
  #opened: Opened | null = null

  constructor(options: GatheringStreamOptions) {
    this.#options = options
  }

  get execution(): ExecutionReport {
    return this.#opened ? this.#opened.gathering.reported(this.#opened.stream.execution) : NOT_EXECUTED
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Batch>> {
    if (this.#closing.signal.aborted) return DONE
    try {
      this.#opening ??= this.#open()
      const { stream, gathering } = await this.#opening
      const result = await stream.next()
      if (result.done) return await this.return()
      return { done: false, value: { ...result.value, execution: gathering.reported(result.value.execution) } }
    } catch (error) {
      if (this.#closing.signal.aborted) return DONE
      const failure = this.#opened ? await this.#opened.gathering.failure(error) : toStreamError(error, this.#options.layer)
      await this.return()
      throw failure
    }
  }

  /** If nobody else waits for the same rows, they are no longer gathered. */
  async return(): Promise<IteratorResult<Batch>> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new GeoduckError('SHUTTING_DOWN', 'The operation has ended.'))
      await this.#opened?.stream.return()
      this.#opened?.gathering.release()
    }
    return DONE
  }

  async #open(): Promise<Opened> {
    const gathering = await this.#options.gather(this.#closing.signal)
    try {
      this.#closing.signal.throwIfAborted()
      this.#opened = { stream: this.#options.open(gathering), gathering }
      return this.#opened
    } catch (error) {
      gathering.release()
      throw error
    }
  }
}

const DONE: IteratorResult<Batch> = { done: true, value: undefined }
