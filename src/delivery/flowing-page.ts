/**
 * A flowing page: a page that is too large to hold until the engine proves it complete. The server sends its features while the
 * engine makes them, inside an ordinary JSON response. It needs the memory of a few batches, and it waits for a slow client, as
 * a download does. After a failure the server cuts the connection, so the JSON is incomplete and no client can parse it.
 * `count`, `pageInfo` and `totalCount` follow the last feature, regardless of their place in the GraphQL document.
 */
import type { FeatureRequest } from '../ask/feature-request.ts'
import { frameOf, within } from '../encode/encode.ts'
import { CHUNK_ROWS } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import type { PageEnds } from '../graphql/resolvers/rows.ts'
import { type BatchEvent, BatchEvents, operationContextNow } from './batch-events.ts'
import { FlowingJson, type JsonPiece } from './raw-json.ts'

export class FlowingPage {
  readonly first: number
  readonly request: FeatureRequest
  readonly #events: BatchEvents
  readonly #context: Context
  #event: IteratorResult<BatchEvent>
  #count = 0
  #startCursor: string | null = null
  #hasMore = false

  private constructor(
    request: FeatureRequest,
    first: number,
    events: BatchEvents,
    event: IteratorResult<BatchEvent>,
    context: Context,
  ) {
    this.request = request
    this.first = first
    this.#events = events
    this.#event = event
    this.#context = context
  }

  /** Starts the page and waits for its first batch. An error before that batch is an ordinary GraphQL error. */
  static async open(request: FeatureRequest, first: number, context: Context): Promise<FlowingPage> {
    const limited = { ...request, query: { ...request.query, limit: first } }
    const events = new BatchEvents(limited, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    context.operation.whenEnded(() => events.return())
    return new FlowingPage(request, first, events, await events.next(), context)
  }

  /** The features in the encoding that the client selected. */
  readonly features = new FlowingJson(() => this.#flow(), false)
  readonly count = this.after(() => String(this.#count))

  get ends(): PageEnds {
    return { request: this.request, startCursor: this.#startCursor, end: this.#events.position, hasNextPage: this.#hasMore }
  }

  /** Returns JSON that is made after all features have been sent. */
  after(json: () => string | Promise<string>): FlowingJson {
    return new FlowingJson(async function* () {
      yield [await json()]
    }, true)
  }

  async *#flow(): AsyncGenerator<readonly JsonPiece[], void, void> {
    const { indexes, outputs, startCursor } = this.request.selection
    const [encoding] = indexes.values()
    const frame = frameOf(outputs[encoding!]!)!
    yield [frame.opening]
    while (!this.#event.done) {
      const { batch } = this.#event.value.featureBatches
      if (this.#count === 0 && startCursor !== null)
        this.#startCursor = JSON.parse(Buffer.from(batch.outputs[startCursor]!).toString()) as string | null
      if (batch.count > 0) yield [...(this.#count > 0 ? [frame.between] : []), within(frame, batch.outputs[encoding!]!)]
      this.#count += batch.count
      // This releases the memory of the batch: `outputs` is not valid after it.
      this.#event = await this.#events.next()
    }
    this.#hasMore = this.#count === this.first && (await this.#hasNext())
    yield [frame.closing]
  }

  async #hasNext(): Promise<boolean> {
    const { services, operation } = this.#context
    const query = { ...this.request.query, after: this.#events.position, outputs: [], properties: [] }
    const next = await services.engine.page(query, 1, operationContextNow(this.request, this.#context), operation.signal)
    return next.count > 0
  }
}
