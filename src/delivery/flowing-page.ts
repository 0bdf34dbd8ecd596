/**
 * A page that is too large to be held until it is proven. It leaves feature by feature inside an otherwise ordinary response, in the memory of a
 * few batches and at the client's pace, as a download does; a failure after its first byte breaks the response off, so that no JSON of it is
 * whole. `count`, `pageInfo` and `totalCount` stand after its last feature, wherever they were selected.
 */
import type { GraphQLResolveInfo } from 'graphql'
import { askedBy, type Question } from '../ask/question.ts'
import { canJoin, frameOf, within } from '../encode/join-text.ts'
import { OperationClock } from '../engines/deadline.ts'
import { CHUNK_ROWS, type OperationContext } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import { rootFields, selectedFields } from '../graphql/fields.ts'
import { countOf, pageInfoOf, printPageInfo } from '../graphql/page-info.ts'
import type { Position } from '../model/query.ts'
import { type BatchEvent, BatchEvents } from './batch-events.ts'
import { FlowingJson, type Piece } from './raw-json.ts'

/** What a server gives unless it is set otherwise is held: some 4 MB of 10,000 buildings. */
const HELD_ROWS = 10_000

/** Fields that are known before the page, are the page, or may stand after it. */
const FLOWING_FIELDS = new Set(['__typename', 'count', 'edges', 'explain', 'features', 'geojson', 'pageInfo', 'totalCount'])

export class FlowingPage {
  readonly first: number
  readonly question: Question
  readonly #events: BatchEvents
  readonly #context: Context
  #event: IteratorResult<BatchEvent>
  #count = 0
  #startCursor: string | null = null
  #position: Position | null = null
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

  /** Null: it is to be held. Resolves when its first batch is there; what goes wrong before that is an error like any other. */
  static async open(question: Question, first: number, context: Context, info: GraphQLResolveInfo): Promise<FlowingPage | null> {
    if (!context.operation.mayFlow || first <= HELD_ROWS || !canFlow(question, info)) return null
    const limited = { ...question, query: { ...question.query, limit: first } }
    const events = new BatchEvents(limited, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    context.operation.whenEnded(() => events.return())
    return new FlowingPage(question, first, events, await events.next(), context)
  }

  /** The one encoding of its features. */
  readonly features = new FlowingJson(() => this.#flow(), false)
  readonly count = this.#after(() => String(this.#count))
  readonly totalCount = this.#after(async () => JSON.stringify(String(await this.#countAll())))

  pageInfo(info: GraphQLResolveInfo): FlowingJson {
    return this.#after(() => {
      const ends = { question: this.question, startCursor: this.#startCursor, end: this.#position, hasNextPage: this.#hasMore }
      return printPageInfo(pageInfoOf(ends, this.#context), info)
    })
  }

  /** JSON that is made when the features have left. */
  #after(json: () => string | Promise<string>): FlowingJson {
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
      this.#position = batch.position
      // The batch's memory is another one's from here on.
      this.#event = await this.#events.next()
    }
    this.#hasMore = this.#count === this.first && (await this.#isFollowed())
    yield [frame.closing]
  }

  async #isFollowed(): Promise<boolean> {
    const { services, operation } = this.#context
    const query = { ...this.question.query, after: this.#position, outputs: [], properties: [] }
    const next = await services.engine.page(query, 1, this.#askedNow(), operation.signal)
    return next.count > 0
  }

  #countAll(): Promise<bigint> {
    return countOf(this.question, this.#askedNow(), this.#context)
  }

  /** The client has taken its time to read until here. */
  #askedNow(): OperationContext {
    return { ...askedBy(this.#context, this.question), clock: new OperationClock() }
  }
}

/**
 * Alone in its operation and its encoding: what stood after it would wait, and hold what it takes, until the client has read it. A deadline that
 * the client sets is for all of it; like a stream, one that flows may take any time while it progresses.
 */
function canFlow({ query: { outputs }, selection, deadlineMs }: Question, info: GraphQLResolveInfo): boolean {
  if (deadlineMs !== null) return false
  const alone = rootFields(info).size === 1
  const fields = [...selectedFields(info.fieldNodes, info).values()].map(([node]) => node!.name.value)
  return alone && selection.indexes.size === 1 && outputs.every(canJoin) && fields.every((name) => FLOWING_FIELDS.has(name))
}
