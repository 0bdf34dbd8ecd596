/** One operation: its caller, its counters and outcome, and the raw values to insert into its next result. */

import type { ExecutionResult } from 'graphql'
import type { FilterBudget } from '../ask/read/read-filter.ts'
import { type HeldMemory, OperationClock, UNBOUNDED } from '../engines/deadline.ts'
import type { Batch, Lane, OperationContext } from '../engines/engine.ts'
import type { ErrorCode, GeoduckError } from '../model/errors.ts'
import type { Query } from '../model/query.ts'
import { EventLoopYield } from './event-loop-yield.ts'
import { FlowingJson, type JsonPiece, type RawJson } from './raw-json.ts'

/** Keeps the body of a result as it leaves, for the next client with the same question. */
export interface Keeper {
  /** Bytes of the largest body that is kept. */
  readonly most: number
  /** Receives the whole body, which it copies, and its content encoding. */
  keep(body: readonly JsonPiece[], encoding: string | null): void
}

type Path = readonly (string | number)[]

interface Splice {
  readonly path: Path
  readonly value: RawJson | FlowingJson
}

export interface OperationOptions extends OperationContext {
  /** Aborted when the client disconnects or cancels. */
  readonly signal: AbortSignal
  /** The error that the client receives instead of a result; null if the operation may run. @default null */
  readonly refusal?: GeoduckError | null
  /** Logs an unexpected error. Clients receive only the operation's id. */
  readonly onDefect: (error: unknown) => void
}

const NO_WRITES = 'This server takes no mutations; start it with --writes.'

export class Operation {
  readonly id: string
  readonly client: string
  readonly address: string
  readonly heldMemory: HeldMemory
  readonly signal: AbortSignal
  readonly refusal: GeoduckError | null
  readonly onDefect: (error: unknown) => void
  readonly startedAt = performance.now()
  /** The clock of its deadlines. */
  readonly clock = new OperationClock()
  kind: string | null = null
  name: string | null = null
  readonly layers = new Set<string>()
  rows = 0
  batches = 0
  /** Bytes sent, without framing. The wire adds them. */
  bytes = 0
  lane: Lane | null = null
  degraded = false
  /** True if only its client ends it. */
  isEndless = false
  /** True if its result may be sent while the engine makes it. */
  mayFlow = false
  /** Why its client may not write. Null if it may. */
  writeRefusal: string | null = NO_WRITES
  /** Keeps its result. Null if that must not be kept. */
  keeper: Keeper | null = null
  /** True if its result came from the page cache. */
  cached = false
  /** The requested pairs of CRS and simplify tolerance. */
  readonly representations = new Set<string>()
  /** The queries that the engine has received. */
  readonly queries: Query[] = []
  /** The limit that all of its filters share; null before the first filter. */
  budget: FilterBudget | null = null
  readonly eventLoop = new EventLoopYield()
  /** Milliseconds from the start to the first batch or page; null before it. */
  firstMs: number | null = null
  /**
   * The longest time in milliseconds that the client waited for the server. For a stream, it is the longest wait for a batch.
   */
  waitMs = 0
  #error: ErrorCode | null = null
  #splices: Splice[] = []
  readonly #closers: (() => unknown)[] = []

  constructor(options: OperationOptions) {
    this.id = options.id
    this.client = options.client
    this.address = options.address ?? options.client
    this.heldMemory = options.heldMemory ?? UNBOUNDED
    this.signal = options.signal
    this.refusal = options.refusal ?? null
    this.onDefect = options.onDefect
  }

  /** Code of the first error that the client received. */
  get error(): ErrorCode | null {
    return this.#error
  }

  get outcome(): ErrorCode | 'cancelled' | 'complete' {
    return this.#error ?? (this.signal.aborted ? 'cancelled' : 'complete')
  }

  waited(ms: number): void {
    this.waitMs = Math.max(this.waitMs, ms)
  }

  /** Registers `close`, which is called when the operation ends, successfully or not. */
  whenEnded(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Ends the operation: nothing more will be sent. */
  ended(): void {
    // The client of a subscription waits per batch, and the server for that of an upload; other clients wait from the start.
    if (this.kind !== 'subscription' && this.kind !== 'upload') this.waited(performance.now() - this.startedAt)
    for (const close of this.#closers) close()
  }

  /** Records an error. An error after the client has disconnected does not count, because the disconnection is its cause. */
  failed(code: ErrorCode): void {
    if (!this.signal.aborted) this.#error ??= code
  }

  delivered(batch: Pick<Batch, 'count' | 'execution'>): void {
    this.firstMs ??= performance.now() - this.startedAt
    this.rows += batch.count
    this.batches++
    this.lane = batch.execution.lane
    this.degraded ||= batch.execution.degraded
  }

  /** Records a result that an earlier operation has made. */
  deliveredCached({
    name,
    layers,
    rows,
  }: {
    readonly name: string | null
    readonly layers: Iterable<string>
    readonly rows: number
  }): void {
    this.kind ??= 'query'
    this.name = name
    for (const layer of layers) this.layers.add(layer)
    this.firstMs = performance.now() - this.startedAt
    this.rows = rows
    this.batches = 1
    this.cached = true
  }

  /**
   * Makes `settle` put `value` at `path` of the result, in place of the value there. A flowing value also moves to the end of
   * its parent object.
   */
  splice(path: Path, value: RawJson | FlowingJson): void {
    this.#splices.push({ path, value })
  }

  /** Puts the values of `splice` into the result. */
  settle(data: ExecutionResult['data']): void {
    const splices = this.#splices
    this.#splices = []
    const isLast = ({ value }: Splice) => value instanceof FlowingJson && value.isLast
    for (const splice of splices.sort((a, b) => Number(isLast(a)) - Number(isLast(b)))) put(splice, data)
  }
}

/** Puts the value into the result. If an error has made a parent null, the value is dropped. */
function put({ path, value }: Splice, data: unknown): void {
  let parent: unknown = data
  for (const key of path.slice(0, -1)) parent = isObject(parent) ? parent[key] : undefined
  if (!isObject(parent)) return
  const key = path.at(-1)!
  if (value instanceof FlowingJson) delete parent[key]
  parent[key] = value
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
