/**
 * Decides what follows the end of an execution: nothing more, another attempt, another attempt in the serial lane, or an error.
 */
import { GeoduckError, refusedInput } from '../../../model/errors.ts'
import type { Layer } from '../../../model/layer.ts'
import { deadlineExceeded, type OperationClock } from '../../deadline.ts'
import type { ExecutionReport, Lane, RemoteReads, ScanReport } from '../../engine.ts'
import { REFUSED } from '../dialect/quote.ts'
import type { Failure, Scan } from '../messages.ts'
import type { ExecutionOutcome } from './execution-handle.ts'

/** Executions that may fail one after the other without a batch in between. */
const MOST_FAILURES = 2
/**
 * Executions that may be lost one after the other because somebody else killed their worker. The query is not the
 * cause of such a death.
 */
const MOST_KILLS = 16
/**
 * Milliseconds to wait before a query runs again after its worker was killed. The first time it runs again at once. Then the
 * wait doubles each time, so that the cause of the kills has time to pass.
 */
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 500

/**
 * If the serial lane runs out of memory too, the next attempt uses one thread. If that execution sent no batch, the next one
 * also has its rows divided by this number.
 */
const REDUCTION = 8
/** Number of times that the rows may be reduced. */
const MOST_REDUCTIONS = 2

/**
 * Limits of an execution in the serial lane. It runs another plan: the normal plan with less memory would fail in the same way.
 */
export interface SerialLimits {
  /** Most rows of a batch, of a sorted page, and of a sort's first window. */
  readonly rows: number
  /** Null for all threads of the worker. */
  readonly threads: 1 | null
}

export interface FailoverOptions {
  readonly layer: Layer
  readonly quarantine: Quarantine
  /** The limit and the start position of the query, as text. See `Quarantine`. */
  readonly form: string
  readonly clock: OperationClock
  /** Returns the memory limit of a lane in bytes, for error messages. */
  readonly memoryLimit: (lane: Lane) => number
  /** Most rows of a batch in the serial lane. */
  readonly serialRows: number
  readonly deadlineMs: number
  readonly onFallback: (reason: string) => void
  /** True if the query computes nothing with the features, so that only their source can be the cause of a failed value. */
  readonly isPlain: boolean
  /** Reports why the layer's source can't be read, although it was described. */
  readonly onUnreadable: (reason: string) => void
}

export class Failover {
  lane: Lane
  readonly remoteReads: RemoteReads = { remoteRequests: 0, remoteBytes: 0, remoteCacheHits: 0 }
  readonly #options: FailoverOptions
  readonly #since = performance.now()
  #reason: string | null
  #attempts = 1
  #failures = 0
  #kills = 0
  #reductions = 0
  /** Times that the serial lane ran out of memory. */
  #serialFailures = 0
  #progressed = false
  readonly #scans: ScanTally
  #workerLost = false

  /** `pressure` is the reason why new work starts in the serial lane; null if it starts in the normal lane. */
  constructor(options: FailoverOptions, pressure: string | null) {
    this.#options = options
    this.lane = pressure === null ? 'NORMAL' : 'SERIAL'
    this.#reason = pressure
    this.#scans = new ScanTally(options.layer)
  }

  /** Limits of the next execution; null in the normal lane. */
  get serial(): SerialLimits | null {
    if (this.lane === 'NORMAL') return null
    const rows = Math.max(1, Math.floor(this.#options.serialRows / REDUCTION ** this.#reductions))
    return { rows, threads: this.#serialFailures > 0 ? 1 : null }
  }

  /**
   * True if the last execution was lost with its worker. Other workers may have died at the same time, which is not the plan's
   * fault.
   */
  get probeFirst(): boolean {
    return this.#workerLost
  }

  /** Returns the report so far. `scan` belongs to the current execution, if the engine has reached its end. */
  report(scan: Scan | null = null): ExecutionReport {
    const elapsedMs = Math.round((performance.now() - this.#since) * 1_000) / 1_000
    const attempt = {
      lane: this.lane,
      degraded: this.#reason !== null,
      reason: this.#reason,
      attempts: this.#attempts,
      elapsedMs,
    }
    return { ...attempt, ...this.#scans.report(scan), ...this.remoteReads }
  }

  /** Records the end of an execution and returns it. */
  ended(end: ExecutionOutcome): ExecutionOutcome {
    this.#scans.add(end)
    return end
  }

  /** Records that a batch has arrived. Failures before it no longer count. */
  progress(): void {
    this.#failures = 0
    this.#kills = 0
    this.#progressed = true
  }

  /**
   * Checks the quarantine before an execution. Returns true if the plan is suspected of having ended a worker and the operation
   * has moved to the serial lane; the caller must compile the plan for it.
   *
   * @throws GeoduckError QUARANTINED
   */
  admit(digest: string): boolean {
    if (!this.#options.quarantine.admit(digest, this.#options.form) || this.lane === 'SERIAL') return false
    this.lane = 'SERIAL'
    this.#progressed = false
    this.#reason ??= 'the query may have ended a worker'
    this.#options.onFallback(this.#reason)
    return true
  }

  /**
   * Returns the milliseconds to wait before the next attempt, which runs in `lane`.
   *
   * @throws GeoduckError if there is no other attempt
   */
  retry(end: ExecutionOutcome, digest: string): number {
    this.#workerLost = end.outcome === 'LOST' || end.outcome === 'UNUSED'
    if (end.outcome === 'DEADLINE') throw deadlineExceeded(this.#options.deadlineMs)
    if (end.outcome === 'UNUSED' || (end.outcome === 'LOST' && !end.byPlan)) return this.#killed()
    if (end.outcome === 'FAILED') this.#failed(end.failure, digest)
    else if (end.outcome === 'LOST') this.#lost(digest, LOST)
    else this.#tryAgain('the execution was interrupted', end.outcome)
    return 0
  }

  #killed(): number {
    const kills = ++this.#kills
    if (kills > MOST_KILLS) throw workerLost(kills)
    this.#options.clock.restart()
    this.#attempts++
    this.#reason = LOST
    return kills === 1 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (kills - 2))
  }

  #failed(failure: Failure, digest: string): void {
    const { kind, message } = failure
    if (kind === 'FATAL') this.#lost(digest, 'the engine had an internal error', message)
    else if (kind === 'INTERRUPTED') this.#tryAgain('the execution was interrupted', message)
    else if (kind === 'UNFINISHED') this.#tryAgain('the execution ended early', message)
    else if (this.lane === 'NORMAL' && kind in FALLBACK) this.#fallBack(FALLBACK[kind as keyof typeof FALLBACK])
    else if (kind === 'OUT_OF_MEMORY' && (this.#progressed || this.#reductions < MOST_REDUCTIONS)) this.#reduce()
    else throw this.#error(failure)
  }

  #fallBack(reason: string): void {
    this.lane = 'SERIAL'
    this.#attempts++
    this.#progressed = false
    this.#reason = reason
    this.#options.onFallback(reason)
  }

  #reduce(): void {
    this.#serialFailures++
    if (!this.#progressed) this.#reductions++
    this.#progressed = false
    this.#attempts++
    this.#reason = 'out of memory in the serial lane'
    this.#options.onFallback(this.#reason)
  }

  #lost(digest: string, reason: string, cause?: string): void {
    const { quarantine, form } = this.#options
    quarantine.blame(digest, form, this.lane === 'SERIAL')
    // The query may be in quarantine from now on.
    quarantine.admit(digest, form)
    this.#tryAgain(reason, cause)
  }

  #tryAgain(reason: string, cause?: string): void {
    if (++this.#failures > MOST_FAILURES) throw workerLost(this.#failures, cause)
    this.#attempts++
    this.#reason = reason
  }

  #error({ kind, message: cause }: Failure): GeoduckError {
    const { name: layer } = this.#options.layer
    if (kind === 'OUT_OF_MEMORY') {
      const mb = Math.round(this.#options.memoryLimit(this.lane) / 1e6)
      return new GeoduckError(
        kind,
        `The query on ${layer} needs more than ${mb} MB (${LIMITED_BY[this.lane]}); narrow it, or raise the limit.`,
        { cause },
      )
    }
    if (kind === 'IO')
      return new GeoduckError('SOURCE_UNREADABLE', `The source of ${layer} could not be read; ask again.`, { cause })
    if (kind === 'BROKEN_TEXT') return this.#unreadable('a text in it is not UTF-8, although the source declares it', cause)
    if (kind === 'UNREADABLE' || (kind === 'INVALID_INPUT' && this.#options.isPlain))
      return this.#unreadable('a part of its data is damaged', cause)
    // The engine reads some WKB that is wrong, so the check does not find it.
    if (kind === 'ENCODING' && this.#options.isPlain && /^row \d+ of the batch: WKB/.test(cause))
      return this.#unreadable('a geometry in it is no WKB', cause)
    if (kind === 'REFUSED') return refusedInput(cause.slice(cause.indexOf(REFUSED) + REFUSED.length))
    if (kind === 'UNKNOWN_CRS') {
      return refusedInput(`\`crs\`, or an SRID: no transformation between the CRS of ${layer} and that one is known.`, {
        cause,
      })
    }
    if (kind === 'INVALID_INPUT') {
      return refusedInput(`The engine can't evaluate this query on a feature of ${layer}; change the filter.`, {
        cause,
      })
    }
    return new GeoduckError('INTERNAL', `The query on ${layer} failed.`, { cause: new Error(cause) })
  }

  #unreadable(reason: string, cause: string): GeoduckError {
    const { layer, onUnreadable } = this.#options
    onUnreadable(`${reason}: repair the source, or write it again`)
    const message = `Layer ${layer.name} cannot be read: ${reason}; leave out the property that holds it, or repair the source.`
    return new GeoduckError('SOURCE_UNREADABLE', message, { cause })
  }
}

const LOST = 'a worker process ended'

function workerLost(times: number, cause?: string): GeoduckError {
  const message = `${times} executions of this query were lost one after the other; resume from the cursor, or ask again.`
  return new GeoduckError('WORKER_LOST', message, { cause })
}

const LIMITED_BY = { NORMAL: '--memory-limit', SERIAL: '--serial-memory-limit' } as const

const FALLBACK = {
  OUT_OF_MEMORY: 'out of memory in the normal lane',
  IO: 'an IO error in the normal lane',
  ENCODING: 'a failed encoding in the normal lane',
} as const

/** Sums up the part of its source that an operation has read in all of its executions. */
class ScanTally {
  /** Row groups of the layer's files; null for a table, where only the engine knows the number. */
  readonly #rowGroups: number | null
  readonly #isTable: boolean
  #sum: Scan = { rowGroupsRead: 0, rowGroups: 0, rowsScanned: 0 }
  #ended = 0
  #known = true

  constructor({ relation }: Layer) {
    this.#isTable = relation.kind === 'table'
    const rowGroups = relation.kind === 'parquet' ? relation.fileSummaries?.map((summary) => summary.rowGroups) : undefined
    this.#rowGroups = rowGroups?.reduce((sum, count) => sum + count, 0) ?? null
  }

  /** Adds an execution that has ended. One that never started has read nothing. */
  add(end: ExecutionOutcome): void {
    if (end.outcome === 'UNUSED') return
    this.#ended++
    const scan = 'scan' in end ? end.scan : null
    if (scan) this.#sum = sum(this.#sum, scan)
    else this.#known = false
  }

  /**
   * Returns the sum. `last` belongs to an execution at its end that is not added yet. Before the first of both, nothing is
   * known.
   */
  report(last: Scan | null): ScanReport {
    const whole = last ? sum(this.#sum, last) : this.#sum
    const rowGroups = this.#rowGroups ?? (whole.rowGroups || null)
    if (!this.#known || (this.#ended === 0 && last === null)) return { rowGroupsRead: null, rowGroups, rowsScanned: null }
    return { rowGroupsRead: whole.rowGroupsRead, rowGroups, rowsScanned: this.#isTable ? whole.rowsScanned : null }
  }
}

/** Adds two scans. Both read the same source, so its number of row groups does not grow. */
function sum(a: Scan, b: Scan): Scan {
  return {
    rowGroupsRead: a.rowGroupsRead + b.rowGroupsRead,
    rowGroups: Math.max(a.rowGroups, b.rowGroups),
    rowsScanned: a.rowsScanned + b.rowsScanned,
  }
}

/** Milliseconds that a query is refused. */
const REFUSED_MS = 60_000
/**
 * Milliseconds that a query is suspected, from its last death on. This is longer than a refusal, so after a refusal it runs
 * alone first.
 */
const SUSPECTED_MS = 2 * REFUSED_MS
/** Number of refused forms of a query at which all of its forms are refused. */
const MOST_FORMS = 2

interface Suspect {
  until: number
  /** Times until which forms are refused, by form. */
  readonly refused: Map<string, number>
}

/**
 * Remembers which queries have ended worker processes, so that no query can end them again and again. A query that has ended
 * one is suspected: for some time it runs only in the serial lane, where nothing runs beside it. If it ends that worker too, it
 * is refused for a minute, and then runs alone again.
 *
 * A query is identified by its statement and values without `first`, `limit` and `after`. These three are its form. Only the
 * same form is refused, because a smaller page may never reach the feature that ends the worker. If two forms have ended a
 * worker alone, all forms are refused, so that no client can continue with ever new limits.
 */
export class Quarantine {
  readonly #suspects = new Map<string, Suspect>()
  readonly #now: () => number

  /** `now` returns the milliseconds of a clock that never decreases. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Returns true if the query is suspected and may only run alone. @throws GeoduckError QUARANTINED */
  admit(digest: string, form: string): boolean {
    const suspect = this.#suspect(digest)
    if (!suspect) return false
    const now = this.#now()
    const refused = [...suspect.refused].filter(([, until]) => until > now)
    const concerned = refused.length >= MOST_FORMS ? refused : refused.filter(([of]) => of === form)
    if (concerned.length > 0) throw refusal(Math.max(...concerned.map(([, until]) => until)) - now)
    return true
  }

  /** Records that a worker died while it ran the query, in a way that a plan can cause. `alone` is true in the serial lane. */
  blame(digest: string, form: string, alone: boolean): void {
    const now = this.#now()
    for (const [known, { until }] of this.#suspects) if (until <= now) this.#suspects.delete(known)
    const suspect = this.#suspects.get(digest)
    const until = now + SUSPECTED_MS
    if (!suspect) {
      this.#suspects.set(digest, { until, refused: new Map() })
      return
    }
    suspect.until = until
    if (alone) suspect.refused.set(form, now + REFUSED_MS)
  }

  #suspect(digest: string): Suspect | null {
    const suspect = this.#suspects.get(digest)
    return suspect && suspect.until > this.#now() ? suspect : null
  }
}

function refusal(ms: number): GeoduckError {
  const retryAfter = Math.ceil(ms / 1_000)
  const message = `This query has ended worker processes, the last one while it ran alone, and is refused for ${retryAfter} s; narrow it.`
  return new GeoduckError('QUARANTINED', message, { details: { retryAfter } })
}
