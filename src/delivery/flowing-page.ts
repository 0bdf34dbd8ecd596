/**
 * A page that is too large to be held until it is proven. It leaves feature by feature inside an otherwise ordinary response, in the memory of a
 * few batches and at the client's pace, as a download does; a failure after its first byte breaks the response off, so that no JSON of it is
 * whole. `count`, `pageInfo` and `totalCount` stand after its last feature, wherever they were selected.
 */
import type { Question } from '../ask/question.ts'
import { frameOf, within } from '../encode/encode.ts'
import { CHUNK_ROWS } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import type { PageEnds } from '../graphql/resolvers/resolvers.ts'
import { askedNow, type BatchEvent, BatchEvents } from './batch-events.ts'
import { FlowingJson, type Piece } from './raw-json.ts'

export class FlowingPage {
  readonly first: number
  readonly question: Question
  readonly #events: BatchEvents
  readonly #context: Context
  #event: IteratorResult<BatchEvent>
  #count = 0
  #startCursor: string | null = null
  #hasMore = false

  private constructor(
    question: Question,
    first: number,
    events: BatchEvents,
    event: IteratorResult<BatchEvent>,
    context: Context,
  ) {
    this.question = question
    this.first = first
    this.#events = events
    this.#event = event
    this.#context = context
  }

  /** Resolves when its first batch is there; what goes wrong before that is an error like any other. */
  static async open(question: Question, first: number, context: Context): Promise<FlowingPage> {
    const limited = { ...question, query: { ...question.query, limit: first } }
    const events = new BatchEvents(limited, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    context.operation.whenEnded(() => events.return())
    return new FlowingPage(question, first, events, await events.next(), context)
  }

  /** The one encoding of its features. */
  readonly features = new FlowingJson(() => this.#flow(), false)
  readonly count = this.after(() => String(this.#count))

  get ends(): PageEnds {
    return { question: this.question, startCursor: this.#startCursor, end: this.#events.position, hasNextPage: this.#hasMore }
  }

  /** JSON that is made when the features have left. */
  after(json: () => string | Promise<string>): FlowingJson {
    return new FlowingJson(async function* () {
      yield [await json()]
    }, true)
  }

  async *#flow(): AsyncGenerator<readonly Piece[], void, void> {
    const { indexes, outputs, startCursor } = this.question.selection
    const [encoding] = indexes.values()
    const frame = frameOf(outputs[encoding!]!)!
    yield [frame.opening]
    while (!this.#event.done) {
      const { batch } = this.#event.value.featureBatches
      if (this.#count === 0 && startCursor !== null)
        this.#startCursor = JSON.parse(Buffer.from(batch.outputs[startCursor]!).toString()) as string | null
      if (batch.count > 0) yield [...(this.#count > 0 ? [frame.between] : []), within(frame, batch.outputs[encoding!]!)]
      this.#count += batch.count
      // The batch's memory is another one's from here on.
      this.#event = await this.#events.next()
    }
    this.#hasMore = this.#count === this.first && (await this.#isFollowed())
    yield [frame.closing]
  }

  async #isFollowed(): Promise<boolean> {
    const { services, operation } = this.#context
    const query = { ...this.question.query, after: this.#events.position, outputs: [], properties: [] }
    const next = await services.engine.page(query, 1, askedNow(this.question, this.#context), operation.signal)
    return next.count > 0
  }
}
