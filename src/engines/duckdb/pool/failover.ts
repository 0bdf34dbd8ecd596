/** What becomes of an operation when an execution of it ends: done, once more, once more in the serial lane, or an error. */
import { GeoduckError, refusedInput } from '../../../model/errors.ts'
import type { Layer } from '../../../model/layer.ts'
import { deadlineExceeded, type OperationClock } from '../../deadline.ts'
import type { ExecutionReport, Lane, ScanReport } from '../../engine.ts'
import { REFUSED } from '../dialect/quote.ts'
import type { Failure, Scan } from '../messages.ts'
import type { ExecutionOutcome } from './execution-handle.ts'

/** Executions that may fail one after the other without a batch between them... */
const MOST_FAILURES = 2
/** ...and those whose worker was ended by somebody else, which says nothing of the query. */
const MOST_KILLS = 16
/** The first time the query goes on at once; then it waits, longer each time, until what ends workers may have passed. */
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 500

/** When the serial lane runs out of memory too, it goes on in one thread, and without having delivered anything with so much less at a time... */
const LESS = 8
/** ...so often. */
const MOST_THRIFT = 2

/** How the serial lane runs its plans: not the normal ones with less memory, which fail the same way. */
export interface SerialLimits {
  /** Most rows of a batch and of a sorted page, and those of a sort's first window. */
  readonly rows: number
  /** Null: all that the worker has. */
  readonly threads: 1 | null
}

export interface FailoverOptions {
  readonly layer: Layer
  readonly quarantine: Quarantine
  /** What is asked of the question: its limit and where it begins. */
  readonly form: string
  readonly clock: OperationClock
  /** Bytes, to be named in an error. */
  readonly memoryLimit: (lane: Lane) => number
  /** Most rows at a time in the serial lane. */
  readonly serialRows: number
  readonly deadlineMs: number
  readonly onFallback: (reason: string) => void
}

export class Failover {
  lane: Lane
  readonly #options: FailoverOptions
  readonly #since = performance.now()
  #reason: string | null
  #attempts = 1
  #failures = 0
  #kills = 0
  #serial = 0
  /** What the serial lane has met with. */
  #serialFailures = 0
  #progressed = false
  readonly #scans: ScanTally
  #wary = false

  /** `pressure`: why new work begins in the serial lane, if it does. */
  constructor(options: FailoverOptions, pressure: string | null) {
    this.#options = options
    this.lane = pressure === null ? 'NORMAL' : 'SERIAL'
    this.#reason = pressure
    this.#scans = new ScanTally(options.layer)
  }

  /** Null in the normal lane. */
  get serial(): SerialLimits | null {
    if (this.lane === 'NORMAL') return null
    const rows = Math.max(1, Math.floor(this.#options.serialRows / LESS ** this.#serial))
    return { rows, threads: this.#serialFailures > 0 ? 1 : null }
  }

  /** The last execution was lost with its worker: others may have died with that, unheard yet, whose deaths are not the plan's doing. */
  get wary(): boolean {
    return this.#wary
  }

  /** `scan`: of the execution under way, if it is at its end. */
  report(scan: Scan | null = null): ExecutionReport {
    const elapsedMs = Math.round((performance.now() - this.#since) * 1_000) / 1_000
    const taken = { lane: this.lane, degraded: this.#reason !== null, reason: this.#reason, attempts: this.#attempts, elapsedMs }
    return { ...taken, ...this.#scans.told(scan) }
  }

  /** To be told of each execution's end. */
  ended(end: ExecutionOutcome): ExecutionOutcome {
    this.#scans.add(end)
    return end
  }

  /** A batch arrived: failures before it don't count any more. */
  progress(): void {
    this.#failures = 0
    this.#kills = 0
    this.#progressed = true
  }

  /**
   * Before each execution. True: the plan is suspected of having ended a worker, so that the operation is in the serial lane from now on, for
   * which its plan has to be made. @throws QUARANTINED
   */
  admit(digest: string): boolean {
    if (!this.#options.quarantine.admit(digest, this.#options.form) || this.lane === 'SERIAL') return false
    this.lane = 'SERIAL'
    this.#progressed = false
    this.#reason ??= 'the query may have ended a worker'
    this.#options.onFallback(this.#reason)
    return true
  }

  /** After an execution that failed or was lost. Returns how long to wait before it is tried again, in `lane`. @throws GeoduckError if it is not */
  retry(end: ExecutionOutcome, digest: string): number {
    this.#wary = end.outcome === 'LOST' || end.outcome === 'UNUSED'
    if (end.outcome === 'DEADLINE') throw deadlineExceeded(this.#options.deadlineMs)
    if (end.outcome === 'UNUSED' || (end.outcome === 'LOST' && !end.byPlan)) return this.#killed()
    if (end.outcome === 'FAILED') this.#failed(end.failure, digest)
    else if (end.outcome === 'LOST') this.#lost(digest, LOST)
    else this.#again('the execution was interrupted', end.outcome)
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
    else if (kind === 'INTERRUPTED') this.#again('the execution was interrupted', message)
    else if (kind === 'UNFINISHED') this.#again('the execution ended early', message)
    else if (this.lane === 'NORMAL' && kind in FALLBACK) this.#fallBack(FALLBACK[kind as keyof typeof FALLBACK])
    else if (kind === 'OUT_OF_MEMORY' && (this.#progressed || this.#serial < MOST_THRIFT)) this.#withLess()
    else throw this.#error(failure)
  }

  #fallBack(reason: string): void {
    this.lane = 'SERIAL'
    this.#attempts++
    this.#progressed = false
    this.#reason = reason
    this.#options.onFallback(reason)
  }

  #withLess(): void {
    this.#serialFailures++
    if (!this.#progressed) this.#serial++
    this.#progressed = false
    this.#attempts++
    this.#reason = 'out of memory in the serial lane'
    this.#options.onFallback(this.#reason)
  }

  #lost(digest: string, reason: string, cause?: string): void {
    const { quarantine, form } = this.#options
    quarantine.blame(digest, form, this.lane === 'SERIAL')
    // Before it is tried again: it may be refused now.
    quarantine.admit(digest, form)
    this.#again(reason, cause)
  }

  #again(reason: string, cause?: string): void {
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
    if (kind === 'BROKEN_TEXT') {
      const message = `A text of ${layer} is not UTF-8, which its file says it is; leave its property out, or mend the file.`
      return new GeoduckError('SOURCE_UNREADABLE', message, { cause })
    }
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

/** How much of its source an operation has read in all, over as many executions as it took. */
class ScanTally {
  /** Of the layer's files; null: of a table, whose number the engine tells. */
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

  /** An execution has ended; one that has not begun has read nothing. */
  add(end: ExecutionOutcome): void {
    if (end.outcome === 'UNUSED') return
    this.#ended++
    const scan = 'scan' in end ? end.scan : null
    if (scan) this.#sum = sum(this.#sum, scan)
    else this.#known = false
  }

  /** `last`: of an execution that is at its end, but has not been added yet. Without it, and before `add`, nothing is known. */
  told(last: Scan | null): ScanReport {
    const whole = last ? sum(this.#sum, last) : this.#sum
    const rowGroups = this.#rowGroups ?? (whole.rowGroups || null)
    if (!this.#known || (this.#ended === 0 && last === null)) return { rowGroupsRead: null, rowGroups, rowsScanned: null }
    return { rowGroupsRead: whole.rowGroupsRead, rowGroups, rowsScanned: this.#isTable ? whole.rowsScanned : null }
  }
}

/** Each looks into the same source: of its row groups there are no more for that. */
function sum(a: Scan, b: Scan): Scan {
  return {
    rowGroupsRead: a.rowGroupsRead + b.rowGroupsRead,
    rowGroups: Math.max(a.rowGroups, b.rowGroups),
    rowsScanned: a.rowsScanned + b.rowsScanned,
  }
}

/**
 * Remembers which questions ended worker processes, so that none can keep killing them. A question that ended one is suspected: for a while it
 * runs in the serial lane only, where nothing else runs beside it. If it ends that worker too, it is refused for a minute, and after that runs
 * alone again.
 *
 * A question is known by its statement and values without `first`, `limit` and `after`. What is refused is a question with these, since a
 * smaller page may never reach the feature that kills; but what has killed alone in two forms is refused in every form, so that nobody goes on by
 * counting up a limit.
 */
const REFUSED_MS = 60_000
/** From a question's last death on. Longer than a refusal: after that it runs alone first. */
const SUSPECTED_MS = 2 * REFUSED_MS
/** Forms of a question that have killed alone, beyond which every form is refused. */
const MOST_FORMS = 2

interface Suspect {
  until: number
  /** By form, until when. */
  readonly refused: Map<string, number>
}

export class Quarantine {
  readonly #suspects = new Map<string, Suspect>()
  readonly #now: () => number

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether it is suspected, and may only run alone. `form`: what is asked of it, e.g. its limit. @throws QUARANTINED */
  admit(digest: string, form: string): boolean {
    const suspect = this.#suspect(digest)
    if (!suspect) return false
    const now = this.#now()
    const refused = [...suspect.refused].filter(([, until]) => until > now)
    const concerned = refused.length >= MOST_FORMS ? refused : refused.filter(([of]) => of === form)
    if (concerned.length > 0) throw refusal(Math.max(...concerned.map(([, until]) => until)) - now)
    return true
  }

  /** A worker ended under it by something that a plan can cause; `alone`: in the serial lane. */
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
