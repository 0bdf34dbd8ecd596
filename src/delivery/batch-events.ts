import { cursorAt, type FeatureRequest, operationContext } from '../ask/feature-request.ts'
import { OperationClock } from '../engines/deadline.ts'
import type { Batch, BatchStream, ExecutionReport, OperationContext, StreamShape } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import type { BatchDelivery } from '../graphql/delivery.ts'
import { GeoduckError } from '../model/errors.ts'
import { idPrefix } from '../model/feature-id.ts'
import type { RowPosition } from '../model/query.ts'

/** As the root field's resolver takes it. */
export interface BatchEvent {
  readonly featureBatches: BatchDelivery
}

/**
 * The batches of a stream, and the one place that knows how far it has come. Written by hand, not as an `async function*`: a generator that waits in
 * an `await` does not hear of `return()`, and the engine would run on for a client that has gone.
 */
export class BatchEvents implements AsyncIterableIterator<BatchEvent> {
  readonly #stream: BatchStream
  readonly #request: FeatureRequest
  readonly #context: Context
  #position: RowPosition | null
  #delivered: Batch | null = null
  #over = false
  readonly #leave = () => void this.#stream.return()

  /** Begins it. */
  constructor(request: FeatureRequest, shape: StreamShape, context: Context) {
    this.#stream = context.services.engine.stream(request.query, shape, operationContext(context, request))
    this.#request = request
    this.#context = context
    this.#position = request.query.after
    const { signal } = context.operation
    if (signal.aborted) this.#leave()
    else signal.addEventListener('abort', this.#leave)
  }

  /** So far. */
  get execution(): ExecutionReport {
    return this.#stream.execution
  }

  /** After the last batch that was handed out; at first, where the client wanted to begin. */
  get position(): RowPosition | null {
    return this.#position
  }

  get cursor(): string | null {
    return this.#position && cursorAt(this.#position, this.#request, this.#context)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<BatchEvent>> {
    // Every wire asks again when the result before has left for the kernel, and no sooner.
    this.#delivered?.release()
    this.#delivered = null
    if (this.#over) return this.#end()
    const askedAt = performance.now()
    try {
      const result = await this.#stream.next()
      if (result.done) return this.#end()
      const batch = result.value
      if (batch.tooLarge !== undefined) await this.#refuse(batch.tooLarge)
      this.#position = batch.position
      this.#delivered = batch
      this.#context.operation.delivered(batch)
      return { done: false, value: { featureBatches: { batch, request: this.#request } } }
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
    this.#over = true
    this.#context.operation.signal.removeEventListener('abort', this.#leave)
    return { done: true, value: undefined }
  }

  /** It was the last: the client goes on after the feature, if it wants to do without it. */
  async #refuse(bytes: number): Promise<never> {
    await this.#stream.return()
    const query = { ...this.#request.query, after: this.#position }
    throw await featureTooLarge(bytes, { ...this.#request, query }, this.#context)
  }

  /** Where the client can go on, unless the data it would go on in is gone. */
  #withCursor(error: unknown): unknown {
    const { cursor } = this
    if (!(error instanceof GeoduckError) || cursor === null || error.code === 'CURSOR_EXPIRED') return error
    return new GeoduckError(error.code, error.message, { cause: error.cause, details: { cursor, ...error.details } })
  }
}

/** Reads the id of the question's next feature, whose message would have `bytes`. The error's cursor is the one after that feature. */
export async function featureTooLarge(bytes: number, request: FeatureRequest, context: Context): Promise<GeoduckError> {
  const fields = [{ key: 'id', field: 'id', prefix: idPrefix(request.query.view.layer) }] as const
  const query = { ...request.query, outputs: [{ kind: 'features', fields }] as const, properties: [] }
  const { engine } = context.services
  const { outputs, position } = await engine.page(query, 1, operationContextNow(request, context), context.operation.signal)
  const [feature] = JSON.parse(Buffer.concat(outputs[0]!).toString()) as { readonly id: string }[]
  const cursor = position && cursorAt(position, request, context)
  const message = `Feature \`${feature?.id.slice(0, 100)}\` takes a message of ${bytes} bytes (--max-feature-bytes): simplify it, select less, or resume after it.`
  return new GeoduckError('LIMIT_EXCEEDED', message, { details: cursor === null ? {} : { cursor } })
}

/** For a question at the end of what has flowed: the client may have taken any time until then. */
export function operationContextNow(request: FeatureRequest, context: Context): OperationContext {
  return { ...operationContext(context, request), clock: new OperationClock() }
}
