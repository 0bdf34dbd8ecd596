import { askedBy, cursorAt, type Question } from '../ask/question.ts'
import type { Batch, BatchStream, ExecutionReport, StreamShape } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import type { BatchDelivery } from '../graphql/delivery.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Position } from '../model/query.ts'
import { featureTooLarge } from './feature-too-large.ts'

/** As the root field's resolver takes it. */
export interface BatchEvent {
  readonly featureBatches: BatchDelivery
}

/**
 * The source of `featureBatches`. Written by hand, not as an `async function*`: a generator that waits in an `await` does not hear of
 * `return()`, and the engine would run on for a client that has gone.
 */
export class BatchEvents implements AsyncIterableIterator<BatchEvent> {
  readonly #stream: BatchStream
  readonly #question: Question
  readonly #context: Context
  /** Behind the last batch that was handed out; at first, where the client wanted to begin. */
  #position: Position | null
  #delivered: Batch | null = null
  readonly #leave = () => void this.#stream.return()

  /** Begins it. */
  constructor(question: Question, shape: StreamShape, context: Context) {
    this.#stream = context.services.engine.stream(question.query, shape, askedBy(context, question))
    this.#question = question
    this.#context = context
    this.#position = question.query.after
    const { signal } = context.operation
    if (signal.aborted) this.#leave()
    else signal.addEventListener('abort', this.#leave)
  }

  /** So far. */
  get execution(): ExecutionReport {
    return this.#stream.execution
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<BatchEvent>> {
    // Every wire asks again when the result before has left for the kernel, and no sooner.
    this.#delivered?.release()
    this.#delivered = null
    const askedAt = performance.now()
    try {
      const result = await this.#stream.next()
      if (result.done) return this.#end()
      const batch = result.value
      if (batch.tooLarge !== undefined) await this.#refuse(batch.tooLarge)
      this.#position = batch.position
      this.#delivered = batch
      this.#context.operation.delivered(batch)
      return { done: false, value: { featureBatches: { batch, question: this.#question } } }
    } catch (error) {
      this.#end()
      throw this.#withCursor(error)
    } finally {
      this.#context.operation.waited(performance.now() - askedAt)
    }
  }

  async return(): Promise<IteratorResult<BatchEvent>> {
    await this.#stream.return()
    return this.#end()
  }

  #end(): IteratorResult<BatchEvent> {
    this.#context.operation.signal.removeEventListener('abort', this.#leave)
    return { done: true, value: undefined }
  }

  /** It was the last: the client goes on after the feature, if it wants to do without it. */
  async #refuse(bytes: number): Promise<never> {
    await this.#stream.return()
    const query = { ...this.#question.query, after: this.#position }
    throw await featureTooLarge(bytes, { ...this.#question, query }, this.#context)
  }

  /** Where the client can go on, unless the data it would go on in is gone. */
  #withCursor(error: unknown): unknown {
    if (!(error instanceof GeoduckError) || !this.#position || error.code === 'CURSOR_EXPIRED') return error
    const cursor = cursorAt(this.#position, this.#question, this.#context)
    return new GeoduckError(error.code, error.message, { cause: error.cause, details: { cursor, ...error.details } })
  }
}
