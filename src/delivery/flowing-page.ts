/**
 * A page that is too large to be held until it is proven. It leaves feature by feature inside an otherwise ordinary response, in the memory of a
 * few batches and at the client's pace, as a download does; a failure behind its first byte breaks the response off, so that no JSON of it is
 * whole. Its count, cursor and `hasMore` are known behind its last feature, and stand there.
 */
import type { GraphQLResolveInfo } from 'graphql'
import { askedBy, cursorAt, type Question } from '../ask/question.ts'
import { frameOf, within } from '../encode/join-text.ts'
import { OperationClock } from '../engines/deadline.ts'
import { CHUNK_ROWS } from '../engines/engine.ts'
import type { Context } from '../graphql/context.ts'
import { rootFields, selectedFields } from '../graphql/fields.ts'
import type { Position } from '../model/query.ts'
import { type BatchEvent, BatchEvents } from './batch-events.ts'
import { FlowingJson, type Piece } from './raw-json.ts'

/** What a server gives unless it is set otherwise is held: some 4 MB of 10,000 buildings. */
const HELD_ROWS = 10_000

/** Fields that are known before the page, are the page, or may stand behind it. */
const FLOWING_FIELDS = new Set(['__typename', 'count', 'cursor', 'explain', 'features', 'geojson', 'hasMore', 'matched'])

export class FlowingPage {
  readonly first: number
  readonly question: Question
  readonly #events: BatchEvents
  readonly #context: Context
  #event: IteratorResult<BatchEvent>
  #count = 0
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
  readonly count = this.#behind(() => this.#count)
  readonly hasMore = this.#behind(() => this.#hasMore)
  readonly cursor = this.#behind(() => this.#position && cursorAt(this.#position, this.question, this.#context))

  #behind(value: () => unknown): FlowingJson {
    return new FlowingJson(async function* () {
      yield [JSON.stringify(value())]
    }, true)
  }

  async *#flow(): AsyncGenerator<readonly Piece[], void, void> {
    const frame = frameOf(this.question.query.outputs[0]!)!
    yield [frame.opening]
    while (!this.#event.done) {
      const { batch } = this.#event.value.featureBatches
      if (batch.count > 0) yield [...(this.#count > 0 ? [frame.between] : []), within(frame, batch.outputs[0]!)]
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
    // The client has taken its time to read until here.
    const asker = { ...askedBy(this.#context, this.question), clock: new OperationClock() }
    const next = await services.engine.page(query, 1, asker, operation.signal)
    return next.count > 0
  }
}

/**
 * Alone in its operation and its encoding: what stood behind it would wait, and hold what it takes, until the client has read it. A deadline that
 * the client sets is for all of it; like a stream, one that flows may take any time while it progresses.
 */
function canFlow({ query: { outputs }, selection, deadlineMs }: Question, info: GraphQLResolveInfo): boolean {
  if (deadlineMs !== null) return false
  const alone = rootFields(info).size === 1
  const fields = [...selectedFields(info.fieldNodes, info).values()].map(([node]) => node!.name.value)
  return alone && selection.indexes.size === 1 && outputs.every(frameOf) && fields.every((name) => FLOWING_FIELDS.has(name))
}
