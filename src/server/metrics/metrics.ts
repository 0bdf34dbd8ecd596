/** The metrics that `/metrics` reports to Prometheus: process, operations and workers. Figures are read per request. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { packageVersion } from '../../config/package-version.ts'
import type { Operation } from '../../delivery/operation.ts'
import type { EngineHealth, WorkerHealth } from '../../engines/engine.ts'
import type { PageCache } from '../entity-tags.ts'
import type { Operations } from '../operations.ts'
import type { TileCache } from '../tile-cache.ts'

export interface MetricsSources {
  readonly operations: Operations
  readonly engine: () => Promise<EngineHealth>
  /** Returns the number of open WebSockets. */
  readonly sockets: () => number
  /** Returns the bytes of results that clients have not taken yet. */
  readonly unread: () => number
  readonly pages: Pick<PageCache, 'bytes' | 'requests'>
  readonly tiles: Pick<TileCache, 'requests'>
  readonly ready: () => boolean
  /** Returns the number of layers that are being prepared. */
  readonly preparing: () => number
}

export class Metrics {
  readonly #registry = new Registry()
  readonly contentType = this.#registry.contentType
  readonly #engine: MetricsSources['engine']
  readonly #tellEngine: (health: EngineHealth) => void

  constructor({ operations, engine, sockets, unread, pages, tiles, ready, preparing }: MetricsSources) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    new Gauge({ name: 'geoduck_info', help: 'Version of the server', labelNames: ['version'], registers }).set(
      { version: packageVersion() },
      1,
    )
    gauge(
      'geoduck_ready',
      'Whether workers serve, and what was there at the start is prepared',
      () => Number(ready()),
      this.#registry,
    )
    gauge('geoduck_preparing_layers', 'Layers that are being prepared', preparing, this.#registry)
    gauge('geoduck_sockets', 'WebSockets that are open', sockets, this.#registry)
    gauge(
      'geoduck_unread_bytes',
      'Results and requests in memory that clients have not read, or not sent whole',
      unread,
      this.#registry,
    )
    gauge('geoduck_page_cache_bytes', 'Results that are kept for the next request', () => pages.bytes, this.#registry)
    answers(
      'geoduck_page_cache_requests_total',
      'Queries whose result may be kept, by how they were answered: from the cache, by an execution, or with 304',
      pages,
      this.#registry,
    )
    answers(
      'geoduck_tile_cache_requests_total',
      'Tiles that were looked for on disk, by whether they were there',
      tiles,
      this.#registry,
    )
    operationMetrics(operations, this.#registry)
    this.#engine = engine
    this.#tellEngine = engineMetrics(this.#registry)
  }

  /** Returns the metrics as text. It costs each idle worker a query of about a millisecond. */
  async text(): Promise<string> {
    this.#tellEngine(await this.#engine())
    return await this.#registry.metrics()
  }
}

function gauge(name: string, help: string, read: () => number, registry: Registry): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}

function answers(
  name: string,
  help: string,
  { requests }: { readonly requests: Record<string, number> },
  registry: Registry,
): void {
  new Counter({
    name,
    help,
    labelNames: ['answer'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [answer, count] of Object.entries(requests)) this.inc({ answer }, count)
    },
  })
}

/** Registers the figures of `health` on workers and streams. The returned function sets them. */
function engineMetrics(registry: Registry): (health: EngineHealth) => void {
  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `geoduck_${name}`, help, labelNames, registers })
  const queued = gauge('queue_length', 'Executions that wait for a worker')
  const streams = gauge('streams', 'Streams, by whether they hold a worker, wait for one, or wait for their client', ['state'])
  const memory = gauge('memory_share', 'Use of the nearest limit of memory by the workers, 0 to 1')
  const workers = gauge('workers', 'Worker processes', ['lane', 'state'])
  const resident = gauge('worker_resident_bytes', 'Resident memory of the worker processes', ['lane'])
  const ready = gauge('engine_ready', '1 if the engine that gathers rows answered last time', ['engine'])
  const gathering = gauge('engine_gatherings', 'Gatherings of this server that run or wait', ['engine'])
  const gathered = gauge('engine_result_set_bytes', 'Bytes of the result sets in the folder of the engine', ['engine'])
  const deaths = new Counter({
    name: 'geoduck_worker_deaths_total',
    help: 'Worker processes that died',
    labelNames: ['lane'],
    registers,
  })
  const fallbacks = new Counter({
    name: 'geoduck_fallbacks_total',
    help: 'Executions that continued in the serial lane',
    registers,
  })

  return (health) => {
    queued.set(health.queued)
    for (const [state, count] of Object.entries(health.streams)) streams.set({ state }, count)
    memory.set(health.memory.share)
    fallbacks.reset()
    fallbacks.inc(health.fallbacks.count)
    for (const { name: engine, state, gatherings, bytes } of health.engines ?? []) {
      ready.set({ engine }, state === 'READY' ? 1 : 0)
      gathering.set({ engine }, gatherings)
      gathered.set({ engine }, bytes)
    }
    for (const metric of [workers, resident, deaths]) metric.reset()
    for (const worker of health.workers) recordWorker(worker)
  }

  function recordWorker({ lane, state, deaths: died, diagnostics }: WorkerHealth): void {
    const labels = { lane: lane.toLowerCase() }
    workers.inc({ ...labels, state: state.toLowerCase() })
    deaths.inc(labels, died)
    resident.inc(labels, diagnostics?.rssBytes ?? 0)
  }
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** Returns `request` if the operation was refused before its kind was known. */
const kindOf = ({ kind }: Operation) => kind ?? 'request'

/** Registers the figures of operations. Rows and bytes of a stream count when they are sent, not when it ends. */
function operationMetrics(operations: Operations, registry: Registry): void {
  const registers = [registry]
  const ended = new Counter({
    name: 'geoduck_operations_total',
    help: 'Operations that have ended, by kind and outcome; code is that of the error if it failed',
    labelNames: ['kind', 'outcome', 'code'],
    registers,
  })
  const took = new Histogram({
    name: 'geoduck_operation_seconds',
    help: 'Time from the beginning of an operation to its end; a stream lasts as long as its client reads',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  })
  const first = new Histogram({
    name: 'geoduck_first_batch_seconds',
    help: 'Time from the beginning of an operation to its first batch or page',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  })
  const totals = { rows: new Map<string, number>(), bytes: new Map<string, number>() }
  operations.onEnd((operation) => {
    const kind = kindOf(operation)
    const { outcome, error } = operation
    ended.inc({ kind, outcome: outcome === error ? 'failed' : outcome, code: error ?? '' })
    took.observe({ kind }, (performance.now() - operation.startedAt) / 1_000)
    if (operation.firstMs !== null) first.observe({ kind }, operation.firstMs / 1_000)
    for (const what of ['rows', 'bytes'] as const) add(totals[what], kind, operation[what])
  })
  for (const what of ['rows', 'bytes'] as const) {
    new Counter({
      name: `geoduck_${what}_total`,
      help: what === 'rows' ? 'Features that were delivered' : 'Bytes of results, without their framing',
      labelNames: ['kind'],
      registers,
      collect() {
        const now = new Map(totals[what])
        for (const operation of operations.open) add(now, kindOf(operation), operation[what])
        this.reset()
        for (const [kind, value] of now) this.inc({ kind }, value)
      },
    })
  }
  new Gauge({
    name: 'geoduck_operations_open',
    help: 'Open operations',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset()
      for (const operation of operations.open) this.inc({ kind: kindOf(operation) })
    },
  })
}

function add(sums: Map<string, number>, kind: string, value: number): void {
  sums.set(kind, (sums.get(kind) ?? 0) + value)
}
