/** The DuckDB engine: two lanes of worker processes, and the streams and pages that run in them. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { GeoduckError } from '../../../model/errors.ts'
import type { BBox, Layer } from '../../../model/layer.ts'
import type { FeatureQuery, Query, Rank, RankThreshold } from '../../../model/query.ts'
import { Deadline, OperationClock, UNBOUNDED } from '../../deadline.ts'
import type {
  BatchStream,
  Engine,
  EngineHealth,
  FileAccess,
  GatheredOrder,
  Lane as LaneName,
  Message,
  OperationContext,
  Page,
  RemoteReaders,
  StreamShape,
} from '../../engine.ts'
import { CAPABILITIES } from '../capabilities.ts'
import { compileLonLat, compileOrder, compileRanks, compileRowGroups, mayMatch } from '../dialect/compile.ts'
import { compileRows } from '../dialect/compile-rows.ts'
import { explain } from '../dialect/explain.ts'
import { nearestFirst } from '../dialect/order.ts'
import type { Plan } from '../dialect/plan.ts'
import type { MessageLimits, WorkerOptions } from '../messages.ts'
import { Failover, Quarantine } from './failover.ts'
import { Lane } from './lane.ts'
import { MemoryWatch } from './memory.ts'
import { type RawPage, runPage } from './page.ts'
import { Rings, RowGroups } from './rings.ts'
import { type WorkerRequest, WorkerTime } from './scheduler.ts'
import { SpoolBudget } from './spool.ts'
import { FeatureStream } from './stream.ts'
import type { WorkerLog, WorkerSupervisor } from './worker-supervisor.ts'

export interface PoolOptions {
  /** Number of workers of the normal lane. The serial lane has one worker more. */
  readonly workers: number
  /** Options of a normal worker. The pool creates a folder inside `tempDirectory` and removes it when it closes. */
  readonly worker: WorkerOptions
  /** Limits of the serial worker, never above those of a normal worker. @default half of a normal worker's */
  readonly serial?: { readonly memoryLimitBytes: number | null; readonly threads: number | null }
  /** Most rows in the serial lane: of a batch, of a sorted page, and of a sort's first window. @default 2,048 */
  readonly serialRows?: number
  /** Seconds after which an idle worker ends, except the first of the normal lane. 0: all of that lane stay. @default 60 */
  readonly workerIdleSeconds?: number
  /** Node options of the workers. @default none */
  readonly execArgv?: readonly string[]
  /** Share of the nearest memory limit above which new work starts in the serial lane. @default 0.8 */
  readonly memoryShare?: number
  readonly deadlineSeconds: number
  readonly stallSeconds: number
  readonly maxFrameBytes: number
  readonly maxFeatureBytes: number
  readonly pageBytes: number
  readonly queueLength: number
  readonly queueSeconds: number
  readonly log: WorkerLog
  /** Shared with the gateway, which counts. @default nothing is counted */
  readonly remoteReaders?: RemoteReaders
  /**
   * Called when a worker finds another version of a database than expected. The caller describes the database again and renews
   * the pool.
   */
  readonly onOutdated?: () => void
}

/** Starts the workers that stay. Resolves when one can take work. The others start when operations wait for a worker. */
export async function openPool(options: PoolOptions): Promise<Engine> {
  const { worker } = options
  await mkdir(worker.tempDirectory, { recursive: true })
  const tempDirectory = await mkdtemp(path.join(worker.tempDirectory, 'geoduck-'))
  const pool = new Pool({ ...options, worker: { ...worker, tempDirectory } })
  await pool.started
  return pool
}

class Pool implements Engine {
  readonly can = CAPABILITIES
  readonly explain = explain
  readonly mayMatch = mayMatch
  readonly started: Promise<unknown>
  readonly #options: PoolOptions
  readonly #lanes: Readonly<Record<LaneName, Lane>>
  readonly #quarantine = new Quarantine()
  readonly #spool: SpoolBudget
  readonly #streams = new Set<FeatureStream>()
  readonly #stopping = new AbortController()
  readonly #pages = new Set<Promise<unknown>>()
  readonly #memory: MemoryWatch
  readonly #groups = new WeakMap<Layer, Promise<RowGroups | null>>()
  #renewal: Promise<void> = Promise.resolve()
  readonly #reasons = new Reasons()

  constructor(options: PoolOptions) {
    this.#options = options
    const { worker } = options
    this.#spool = new SpoolBudget(worker.tempDirectory, worker.tempDirectoryBytes)
    const shared = {
      limits: options,
      workerTime: new WorkerTime(),
      log: options.log,
      remoteReaders: options.remoteReaders,
      onOutdated: () => options.onOutdated?.(),
      onPressure: () => {
        for (const stream of this.#streams) stream.pressed()
      },
      idleMs: 1_000 * (options.workerIdleSeconds || IDLE_SECONDS),
    }
    const kept = options.workerIdleSeconds === 0 ? options.workers : 1
    this.#lanes = {
      NORMAL: new Lane({ ...shared, ...this.#laneOf('NORMAL', worker), workers: options.workers, kept }),
      SERIAL: new Lane({
        ...shared,
        ...this.#laneOf('SERIAL', { ...worker, ...serialLimits(options) }),
        workers: 1,
        kept: 0,
      }),
    }
    this.#memory = new MemoryWatch({
      pids: () => this.#lanes.NORMAL.pids,
      others: () => this.#lanes.SERIAL.pids,
      residentBytes: residentLimit(worker),
      most: options.memoryShare ?? 0.8,
    })
    this.started = this.#lanes.NORMAL.ready
  }

  #laneOf(name: LaneName, worker: WorkerOptions) {
    const { execArgv = [] } = this.#options
    const overMemory = (pid: number) => this.#memory.wasOver(pid, residentLimit(worker))
    return { name, worker, execArgv, overMemory }
  }

  get ready(): boolean {
    return this.#lanes.NORMAL.serves && !this.#stopping.signal.aborted
  }

  stream(query: Query, { batchSize, emitEmpty = false, message = null }: StreamShape, context: OperationContext): BatchStream {
    this.#stopping.signal.throwIfAborted()
    const request = this.#open(query, context)
    const shared = this.#shared(query, context, query.limit)
    const stream: FeatureStream = new FeatureStream({
      ...shared,
      hasRivals: () => shared.scheduler().hasRivals(request),
      query,
      groups: () => this.#groupsOf(query, context),
      batchSize,
      emitEmpty,
      deadlineMs: this.#deadlineMs(context),
      batchBytes: this.#options.maxFrameBytes,
      message: this.#messageLimits(message),
      stallMs: this.#options.stallSeconds * 1_000,
      spool: this.#spool,
      request,
      onEnd: () => {
        this.#streams.delete(stream)
        this.#lanes.NORMAL.scheduler.close(request)
      },
    })
    this.#streams.add(stream)
    return stream
  }

  async page(
    query: Query,
    first: number,
    context: OperationContext,
    signal?: AbortSignal,
    message: Message | null = null,
  ): Promise<Page> {
    // One row more than requested proves that there is a next page.
    const groups = nearestFirst(query) ? await this.#groupsOf(query, context, signal) : null
    const rings = groups && new Rings(query, groups, first + 1)
    const planOf = (rows: number) => compileRows({ ...query, limit: rows + 1 }, rings?.reach)
    const isProven = ({ hasMore, tooLarge }: RawPage) => hasMore || tooLarge !== undefined || (rings?.ended() ?? true)
    const page = await this.#page(query, planOf, first, context, signal, { message, isProven })
    return { sequence: 0, ...page }
  }

  /**
   * Returns the row groups of a layer, for an order by distance. Null if the layer has none. They are read once, by the first
   * operation that needs them, and kept as long as this version of the layer.
   */
  #groupsOf(query: Query, context: OperationContext, signal?: AbortSignal): Promise<RowGroups | null> {
    const { layer } = query.view
    const known = this.#groups.get(layer)
    if (known !== undefined) return known
    const plan = compileRowGroups(query.view)
    if (!plan) return Promise.resolve(null)
    const reading = this.#readGroups(query, plan, context, signal)
    this.#groups.set(layer, reading)
    reading.catch(() => this.#groups.delete(layer))
    return reading
  }

  async #readGroups(query: Query, plan: Plan, context: OperationContext, signal?: AbortSignal): Promise<RowGroups | null> {
    const groups = await this.#numbers(query, plan, MOST_GROUPS, context, signal)
    return groups === null || groups.length === 0 ? null : new RowGroups(groups as number[][])
  }

  async lonLat(query: Query, box: BBox, size: number, context: OperationContext, signal?: AbortSignal) {
    const plan = compileLonLat(query.view, box, size)
    const positions = (await this.#numbers(query, plan, size * size, context, signal)) ?? []
    return positions.map(([lon, lat]) => (typeof lon === 'number' && typeof lat === 'number' ? ([lon, lat] as const) : null))
  }

  async ranks(query: FeatureQuery, by: Rank, levels: number, context: OperationContext): Promise<readonly RankThreshold[]> {
    const [row] = (await this.#numbers(query, compileRanks(query, by, levels), 1, context)) ?? []
    if (!row) return []
    const all = Number(row.at(-1))
    return Array.from({ length: levels }, (_, n) => {
      const [least = 0, above = 0, equal = 0] = row.slice(3 * n, 3 * n + 3).map(Number)
      return { by, least, share: Math.max(0, Math.min(1, (all / 2 ** (n + 1) - above) / equal)) }
    })
  }

  withRows: Engine['withRows'] = (query, _context, _signal, use) => use(query)

  async orderOf(query: Query, context: OperationContext): Promise<GatheredOrder> {
    const [row] = (await this.#numbers(query, compileOrder(query.view), 1, context)) ?? []
    const [rows, wrong] = row as readonly number[]
    return { rows: rows!, isAscending: wrong === 0 }
  }

  /** Returns the rows of a statement whose columns are doubles. Null if there are more than `most`. */
  async #numbers(
    query: Query,
    plan: Plan,
    most: number,
    context: OperationContext,
    signal?: AbortSignal,
  ): Promise<readonly (readonly (number | null)[])[] | null> {
    const { outputs, release, hasMore } = await this.#page(query, () => plan, most, context, signal)
    const rows = JSON.parse(Buffer.concat(outputs[0]!).toString()) as Record<string, number | null>[]
    release()
    return hasMore ? null : rows.map((row) => Object.values(row))
  }

  async health(): Promise<EngineHealth> {
    const streams = { running: 0, waiting: 0, parked: 0 }
    for (const stream of this.#streams) streams[COUNTED[stream.state]]++
    const workers = await Promise.all([this.#lanes.NORMAL.health(), this.#lanes.SERIAL.health()])
    return {
      workers: workers.flat(),
      queued: this.#lanes.NORMAL.scheduler.queued + this.#lanes.SERIAL.scheduler.queued,
      streams,
      memory: this.#memory.now,
      fallbacks: this.#reasons.summary,
    }
  }

  renew(access: FileAccess): Promise<void> {
    const releaseWorker = (worker: WorkerSupervisor) => {
      for (const stream of this.#streams) stream.releaseWorker(worker)
    }
    const { NORMAL, SERIAL } = this.#lanes
    for (const { scheduler } of [NORMAL, SERIAL]) scheduler.setDatabases(access.databases)
    this.#renewal = this.#renewal.then(() => NORMAL.renew(access, releaseWorker)).then(() => SERIAL.renew(access, releaseWorker))
    return this.#renewal
  }

  async close(): Promise<void> {
    const error = new GeoduckError('SHUTTING_DOWN', 'The server is stopping; resume from the cursor elsewhere or later.')
    this.#stopping.abort(error)
    this.#memory.close()
    for (const stream of [...this.#streams]) stream.fail(error)
    await Promise.allSettled(this.#pages)
    await Promise.all([this.#lanes.NORMAL.close(), this.#lanes.SERIAL.close()])
    await rm(this.#options.worker.tempDirectory, { recursive: true, force: true })
  }

  async #page(
    query: Query,
    planOf: (rows: number) => Plan,
    rows: number,
    context: OperationContext,
    signal?: AbortSignal,
    { message = null, isProven = () => true }: PageShape = {},
  ): Promise<RawPage> {
    this.#stopping.signal.throwIfAborted()
    const request = this.#open(query, context)
    const signals = signal ? AbortSignal.any([signal, this.#stopping.signal]) : this.#stopping.signal
    const limits = this.#messageLimits(message)
    const bytes = limits ? Math.min(this.#options.pageBytes, this.#options.maxFrameBytes) : this.#options.pageBytes
    const { deadline, ...shared } = this.#shared(query, context, rows)
    const run = () => runPage({ ...shared, deadline, planOf, rows, bytes, message: limits, request, signal: signals })
    const page = untilProven(run, isProven)
    this.#pages.add(page)
    try {
      return await page
    } finally {
      this.#pages.delete(page)
      this.#lanes.NORMAL.scheduler.close(request)
    }
  }

  #open(
    {
      view: {
        layer: { relation },
      },
    }: Query,
    context: OperationContext,
  ): WorkerRequest {
    return this.#lanes.NORMAL.scheduler.open(context, relation.kind === 'table' ? relation.database : null)
  }

  #messageLimits(message: Message | null): MessageLimits | null {
    if (!message) return null
    const { maxFrameBytes, maxFeatureBytes } = this.#options
    const { bytesBeside, times, pages } = message
    const [bytes, featureBytes] = [maxFrameBytes, Math.max(maxFrameBytes, maxFeatureBytes)].map(
      (most) => most / pages - bytesBeside,
    )
    return { times, bytes: bytes!, featureBytes: featureBytes! }
  }

  #deadlineMs({ deadlineMs }: OperationContext): number {
    return deadlineMs ?? this.#options.deadlineSeconds * 1_000
  }

  /** Returns the options that streams and pages have in common. `limit` is the number of requested features. */
  #shared(query: Query, context: OperationContext, limit: number | null) {
    const deadline = new Deadline(this.#deadlineMs(context), context.clock ?? new OperationClock())
    const options = {
      layer: query.view.layer,
      quarantine: this.#quarantine,
      form: JSON.stringify([limit, query.after], (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      clock: deadline.clock,
      memoryLimit: (lane: LaneName) => this.#lanes[lane].memoryLimitBytes,
      deadlineMs: deadline.ms,
      serialRows: this.#options.serialRows ?? SERIAL_ROWS,
      onFallback: (reason: string) => this.#reasons.add(reason),
      isPlain: isPlain(query),
      onUnreadable: context.unreadable ?? (() => {}),
    }
    const failover = new Failover(options, this.#memory.pressure)
    return {
      failover,
      deadline,
      heldMemory: context.heldMemory ?? UNBOUNDED,
      scheduler: () => this.#lanes[failover.lane].scheduler,
      unchanged: context.unchanged ?? (() => Promise.resolve(true)),
      countsScan: context.countsScan ?? true,
    }
  }
}

interface PageShape {
  readonly message?: Message | null
  /** Returns true if no other feature belongs to the page. Otherwise the page runs again, with another plan. */
  readonly isProven?: (page: RawPage) => boolean
}

async function untilProven(run: () => Promise<RawPage>, isProven: (page: RawPage) => boolean): Promise<RawPage> {
  for (;;) {
    const page = await run()
    if (isProven(page)) return page
    page.release()
  }
}

/** The most row groups of a layer that are read. A layer with more is read without rings. */
const MOST_GROUPS = 400_000

/** True if the query neither filters nor changes what is stored. */
function isPlain(query: Query): boolean {
  const { view, where } = query
  if (query.kind === 'groups') return false
  const shown = query.representations ?? []
  return where === null && !view.rule && shown.every(({ crs, simplify }) => crs === null && simplify === null)
}

const COUNTED = { RUNNING: 'running', WAITING: 'waiting', PAUSED: 'parked' } as const

const SERIAL_ROWS = 2_048
/** To start a worker again takes half a second. While it runs, it has 120 MB of memory and more. */
const IDLE_SECONDS = 60

function serialLimits({ worker, serial }: PoolOptions): Pick<WorkerOptions, 'memoryLimitBytes' | 'threads'> {
  return {
    memoryLimitBytes: Math.min(worker.memoryLimitBytes, serial?.memoryLimitBytes ?? Math.floor(worker.memoryLimitBytes / 2)),
    threads: Math.min(worker.threads, serial?.threads ?? Math.max(1, Math.floor(worker.threads / 2))),
  }
}

/**
 * Returns the limit of a worker's resident memory in bytes. GEOS, results and the program itself use memory outside DuckDB's
 * limit.
 */
function residentLimit({ memoryLimitBytes }: WorkerOptions): number {
  return 1.5 * memoryLimitBytes + 512 * 1024 * 1024
}

/** Number of kept reasons. More would only repeat. */
const MOST = 10

/** Counts the fallbacks to the serial lane and keeps the last reasons, for the operator of the server. */
class Reasons {
  #count = 0
  #last: readonly string[] = []

  /** The count and the last reasons, newest first. */
  get summary(): { readonly count: number; readonly lastReason: string | null; readonly lastReasons: readonly string[] } {
    return { count: this.#count, lastReason: this.#last[0] ?? null, lastReasons: this.#last }
  }

  add(reason: string): void {
    this.#count++
    this.#last = [reason, ...this.#last].slice(0, MOST)
  }
}
