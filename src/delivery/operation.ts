/** One GraphQL operation on its way: who asked, what became of it, and the raw values that its next result takes in. */

import type { ExecutionResult } from 'graphql'
import type { FilterBudget } from '../ask/read/read-filter.ts'
import { type HeldMemory, OperationClock, UNBOUNDED } from '../engines/deadline.ts'
import type { Batch, Lane, OperationContext } from '../engines/engine.ts'
import type { ErrorCode, GeoduckError } from '../model/errors.ts'
import type { FeatureQuery } from '../model/query.ts'
import { EventLoopYield } from './event-loop-yield.ts'
import { FlowingJson, type RawJson } from './raw-json.ts'

type Path = readonly (string | number)[]

interface Splice {
  readonly path: Path
  readonly value: RawJson | FlowingJson
}

export interface OperationOptions extends OperationContext {
  /** Aborted when the client goes away or cancels. */
  readonly signal: AbortSignal
  /** Why it is not to be executed. @default null */
  readonly refusal?: GeoduckError | null
  /** Takes what was thrown by a defect: clients only see the operation's id. */
  readonly onDefect: (error: unknown) => void
}

export class Operation {
  readonly id: string
  readonly client: string
  readonly address: string
  readonly holding: HeldMemory
  readonly signal: AbortSignal
  readonly refusal: GeoduckError | null
  readonly onDefect: (error: unknown) => void
  readonly startedAt = performance.now()
  /** What its deadlines are counted by. */
  readonly clock = new OperationClock()
  kind: string | null = null
  name: string | null = null
  readonly layers = new Set<string>()
  rows = 0
  batches = 0
  /** On the wire, without its framing; kept by the server. */
  bytes = 0
  lane: Lane | null = null
  degraded = false
  /** Its result may be sent while it is being made. */
  mayFlow = false
  /** Pairs of CRS and tolerance that geometry is asked for in. */
  readonly representations = new Set<string>()
  /** Of the engine. */
  readonly queries: FeatureQuery[] = []
  /** Of all its filters together; null before the first. */
  budget: FilterBudget | null = null
  readonly eventLoop = new EventLoopYield()
  /** Milliseconds until the first batch or page; null before it. */
  firstMs: number | null = null
  /** The longest that the client had to wait for this server: of a stream, between asking for a batch and having it. */
  waitMs = 0
  #error: ErrorCode | null = null
  #splices: Splice[] = []
  readonly #closers: (() => unknown)[] = []

  constructor(options: OperationOptions) {
    this.id = options.id
    this.client = options.client
    this.address = options.address ?? options.client
    this.holding = options.heldMemory ?? UNBOUNDED
    this.signal = options.signal
    this.refusal = options.refusal ?? null
    this.onDefect = options.onDefect
  }

  /** The first error that went to the client. */
  get error(): ErrorCode | null {
    return this.#error
  }

  get outcome(): ErrorCode | 'cancelled' | 'complete' {
    return this.#error ?? (this.signal.aborted ? 'cancelled' : 'complete')
  }

  waited(ms: number): void {
    this.waitMs = Math.max(this.waitMs, ms)
  }

  /** `close` is called when nothing more of it will be sent, however that came to be. */
  whenEnded(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Nothing more of it will be sent. For the answer to a query the client has waited all the time. */
  ended(): void {
    if (this.kind !== 'subscription') this.waited(performance.now() - this.startedAt)
    for (const close of this.#closers) close()
  }

  /** Behind the client's going away errors are only its consequence. */
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

  /** `value` takes the place of what stands at `path` in the result that is being made; one that flows, behind what stands there whole. */
  splice(path: Path, value: RawJson | FlowingJson): void {
    this.#splices.push({ path, value })
  }

  /** Puts them into the result that has been made. */
  settle(data: ExecutionResult['data']): void {
    const splices = this.#splices
    this.#splices = []
    const isLast = ({ value }: Splice) => value instanceof FlowingJson && value.isLast
    for (const splice of splices.sort((a, b) => Number(isLast(a)) - Number(isLast(b)))) put(splice, data)
  }
}

/** Where an error has made a parent null, there is no place for the value any more. */
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
