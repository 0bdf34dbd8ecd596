/**
 * Serves layers whose rows another engine gathers. For a query of such a layer, it gathers the rows into files, and then asks the engine of files the whole
 * query. All other queries pass through.
 */
import { GeoduckError } from '../../../model/errors.ts'
import type { BBox, GatheredRelation } from '../../../model/layer.ts'
import type { FeatureQuery, Query, Rank } from '../../../model/query.ts'
import { Deadline, OperationClock } from '../../deadline.ts'
import type {
  BatchStream,
  Engine,
  EngineHealth,
  Explanation,
  FileAccess,
  Message,
  OperationContext,
  Page,
  StreamShape,
} from '../../engine.ts'
import { Gathering, gatheredIn, withFiles } from './gathering.ts'
import { GatheringStream } from './gathering-stream.ts'
import type { SparkEngine } from './spark-engine.ts'

export class GatheringEngine implements Engine {
  readonly can: Engine['can']
  readonly mayMatch: Engine['mayMatch']
  readonly #engine: Engine
  readonly #gatherers: ReadonlyMap<string, SparkEngine>
  readonly #stopping = new AbortController()

  /**
   * @param engine reads files
   * @param gatherers by name. Their owner closes them.
   */
  constructor(engine: Engine, gatherers: ReadonlyMap<string, SparkEngine>) {
    this.#engine = engine
    this.#gatherers = gatherers
    this.can = engine.can
    this.mayMatch = (query) => engine.mayMatch(query)
  }

  get ready(): boolean {
    return this.#engine.ready
  }

  stream(query: Query, shape: StreamShape, context: OperationContext): BatchStream {
    const relation = gatheredIn(query)
    if (!relation) return this.#engine.stream(query, shape, context)
    this.#stopping.signal.throwIfAborted()
    return new GatheringStream({
      layer: query.view.layer.name,
      gather: (signal) => this.#gather(query, relation, query.limit, context, this.#until(signal)),
      open: (gathering) => this.#engine.stream(gathering.query, shape, gathering.context),
    })
  }

  page(
    query: Query,
    first: number,
    context: OperationContext,
    signal?: AbortSignal,
    message: Message | null = null,
  ): Promise<Page> {
    const relation = gatheredIn(query)
    if (!relation) return this.#engine.page(query, first, context, signal, message)
    return this.#with(query, relation, first + 1, context, signal, async (gathering) => {
      const page = await this.#engine.page(gathering.query, first, gathering.context, signal, message)
      return { ...page, execution: gathering.reported(page.execution) }
    })
  }

  /** No rows are read. */
  lonLat(query: Query, box: BBox, size: number, context: OperationContext, signal?: AbortSignal) {
    return this.#engine.lonLat(query, box, size, context, signal)
  }

  ranks(query: FeatureQuery, by: Rank, levels: number, context: OperationContext) {
    const relation = gatheredIn(query)
    if (!relation) return this.#engine.ranks(query, by, levels, context)
    return this.#with(query, relation, null, context, undefined, (gathering) =>
      this.#engine.ranks(gathering.query, by, levels, gathering.context),
    )
  }

  withRows: Engine['withRows'] = (query, context, signal, use) => {
    const relation = gatheredIn(query)
    return relation ? this.#with(query, relation, query.limit, context, signal, (gathering) => use(gathering.query)) : use(query)
  }

  orderOf(query: Query, context: OperationContext) {
    return this.#engine.orderOf(query, context)
  }

  explain(query: Query): Explanation {
    const relation = gatheredIn(query)
    const explanation = this.#engine.explain(query)
    return relation ? { ...explanation, gathering: this.#gatherer(relation).planOf(query, relation) } : explanation
  }

  async health(): Promise<EngineHealth> {
    const engines = Promise.all([...this.#gatherers.values()].map((gatherer) => gatherer.health()))
    return { ...(await this.#engine.health()), engines: await engines }
  }

  renew(access: FileAccess): Promise<void> {
    return this.#engine.renew(access)
  }

  async close(): Promise<void> {
    this.#stopping.abort(new GeoduckError('SHUTTING_DOWN', 'The server is stopping; resume from the cursor elsewhere or later.'))
    await this.#engine.close()
  }

  async #with<Asked extends Query, Value>(
    query: Asked,
    relation: GatheredRelation,
    rows: number | null,
    context: OperationContext,
    signal: AbortSignal | undefined,
    use: (gathering: Gathering<Asked>) => Promise<Value>,
  ): Promise<Value> {
    const gathering = await this.#gather(query, relation, rows, context, this.#until(signal))
    try {
      return await use(gathering)
    } catch (error) {
      throw await gathering.failure(error)
    } finally {
      gathering.release()
    }
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#stopping.signal]) : this.#stopping.signal
  }

  /** The deadline of a client limits the gathering too. The default deadline begins after it. */
  async #gather<Asked extends Query>(
    query: Asked,
    relation: GatheredRelation,
    rows: number | null,
    context: OperationContext,
    signal: AbortSignal,
  ): Promise<Gathering<Asked>> {
    const gatherer = this.#gatherer(relation)
    const { id, client, address = client, clock = new OperationClock(), deadlineMs, unchanged = async () => true } = context
    const order = (files: readonly string[], grouped: boolean) =>
      this.#engine.orderOf(withFiles(query, relation, { files, grouped }), { id, client })
    const gather = (signal: AbortSignal) =>
      gatherer.rowsOf({ asker: address, query, relation, rows, isCurrent: unchanged, order }, signal)
    const began = clock.ms
    if (deadlineMs === undefined) {
      const gathered = await gather(signal)
      clock.exclude(clock.ms - began)
      return new Gathering(query, relation, gathered, { ...context, clock })
    }
    // It is not the lack of a worker that makes it late.
    clock.hasHadWorker = true
    return new Gathering(query, relation, await new Deadline(deadlineMs, clock).limit(signal, gather), { ...context, clock })
  }

  #gatherer({ engine }: GatheredRelation): SparkEngine {
    const gatherer = this.#gatherers.get(engine)
    if (!gatherer) throw new Error(`there is no engine ${engine}`)
    return gatherer
  }
}
