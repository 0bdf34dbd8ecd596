import { cursorAt, type FeatureRequest, operationContext, type RowRequest } from '../ask/feature-request.ts'
import { OperationClock } from '../engines/deadline.ts'
import type { Batch, BatchStream, ExecutionReport, OperationContext, StreamShape } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import type { Delivery } from '../graphql/delivery.ts'
import { GeoduckError } from '../model/errors.ts'
import { idPrefix } from '../model/feature-id.ts'
import type { RowPosition } from '../model/query.ts'

/** One event of the subscription: the value of its root field. */
export type BatchEvent<Field extends string = 'featureBatches', Request extends RowRequest = FeatureRequest> = {
  readonly [name in Field]: Delivery<Batch, Request>
}

/**
 * The batches of a stream, with the position after the last batch. It is not an `async function*`: a generator that waits in an
 * `await` does not react to `return()`, so the engine would continue to work for a client that has gone.
 */
export class BatchEvents<Field extends string = 'featureBatches', Request extends RowRequest = FeatureRequest>
  implements AsyncIterableIterator<BatchEvent<Field, Request>>
{
  readonly #stream: BatchStream
  readonly #field: Field
  readonly #request: Request
  readonly #context: Context
  #position: RowPosition | null
  #delivered: Batch | null = null
  #ended = false
  readonly #stop = () => void this.#stream.return()

  /** Starts the stream. `field` is the name of the root field. */
  constructor(request: Request, shape: StreamShape, context: Context, field = 'featureBatches' as Field) {
    this.#stream = context.services.engine.stream(request.query, shape, operationContext(context, request))
    this.#field = field
    this.#request = request
    this.#context = context
    this.#position = request.query.after
    const { signal } = context.operation
    if (signal.aborted) this.#stop()
    else signal.addEventListener('abort', this.#stop)
  }

  /** The report on the executions so far. */
  get execution(): ExecutionReport {
    return this.#stream.execution
  }

  /**
   * The position after the last batch that `next()` returned; before the first batch, the position that the client passed in
   * `after`.
   */
  get position(): RowPosition | null {
    return this.#position
  }

  get cursor(): string | null {
    return this.#position && cursorAt(this.#position, this.#request, this.#context)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<BatchEvent<Field, Request>>> {
    // A wire calls `next()` only after the operating system has accepted the batch before.
    this.#delivered?.release()
    this.#delivered = null
    if (this.#ended) return this.#end()
    const requestedAt = performance.now()
    try {
      const result = await this.#stream.next()
      if (result.done) return this.#end()
      const batch = result.value
      if (batch.tooLarge !== undefined) await this.#failTooLarge(batch.tooLarge)
      this.#position = batch.position
      this.#delivered = batch
      this.#context.operation.delivered(batch)
      return { done: false, value: { [this.#field]: { batch, request: this.#request } } as BatchEvent<Field, Request> }
    } catch (error) {
      this.#end()
      throw this.#withCursor(error)
    } finally {
      this.#context.operation.waited(performance.now() - requestedAt)
    }
  }

  async return(): Promise<IteratorResult<BatchEvent<Field, Request>>> {
    await this.#stream.return()
    return this.#end()
  }

  #end(): IteratorResult<BatchEvent<Field, Request>> {
    this.#ended = true
    this.#context.operation.signal.removeEventListener('abort', this.#stop)
    return { done: true, value: undefined }
  }

  /** Ends the stream with an error. Its cursor lets the client continue after the row that is too large. */
  async #failTooLarge(bytes: number): Promise<never> {
    await this.#stream.return()
    const query = { ...this.#request.query, after: this.#position }
    throw await rowTooLarge(bytes, { ...this.#request, query }, this.#context)
  }

  /**
   * Adds the cursor to an error, so that the client can resume. CURSOR_EXPIRED gets none, because the data that the cursor
   * refers to is gone.
   */
  #withCursor(error: unknown): unknown {
    const { cursor } = this
    if (!(error instanceof GeoduckError) || cursor === null || error.code === 'CURSOR_EXPIRED') return error
    return new GeoduckError(error.code, error.message, { cause: error.cause, details: { cursor, ...error.details } })
  }
}

/**
 * Makes the error for the next row of `request`, whose message would have `bytes` bytes. It names the feature, and has the cursor after
 * the row.
 */
export async function rowTooLarge(bytes: number, request: RowRequest, context: Context): Promise<GeoduckError> {
  const { query } = request
  const prefix = idPrefix(query.view.layer)
  const alone =
    query.kind === 'groups'
      ? { ...query, outputs: [] }
      : { ...query, outputs: [{ kind: 'features', fields: [{ key: 'id', field: 'id', prefix }] } as const], properties: [] }
  const { engine } = context.services
  const { outputs, position } = await engine.page(alone, 1, operationContextNow(request, context), context.operation.signal)
  const [feature] = outputs[0] ? (JSON.parse(Buffer.concat(outputs[0]).toString()) as { readonly id: string }[]) : []
  const cursor = position && cursorAt(position, request, context)
  const what = feature ? `Feature \`${feature.id.slice(0, 100)}\`` : 'A group'
  const message = `${what} takes a message of ${bytes} bytes (--max-feature-bytes): simplify it, select less, or resume after it.`
  return new GeoduckError('LIMIT_EXCEEDED', message, { details: cursor === null ? {} : { cursor } })
}

/**
 * Returns the context for a query that follows a flowing page. It has a new deadline, because the client may have read the page
 * slowly.
 */
export function operationContextNow(request: RowRequest, context: Context): OperationContext {
  return { ...operationContext(context, request), clock: new OperationClock() }
}
