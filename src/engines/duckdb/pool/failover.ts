/** What becomes of an operation when an execution of it ends: done, once more, once more in the serial lane, or an error. */
import { GeoduckError, refusedInput } from '../../../model/errors.ts'
import type { Layer } from '../../../model/layer.ts'
import { deadlineExceeded, type OperationClock } from '../../deadline.ts'
import type { ExecutionReport, Lane } from '../../engine.ts'
import { REFUSED } from '../dialect/refusal.ts'
import type { Failure, Scan } from '../messages.ts'
import type { Quarantine } from './quarantine.ts'
import { ScanTally } from './scan-tally.ts'
import type { TurnEnd } from './turn.ts'

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
export interface Thrift {
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
  #thrift = 0
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
  get thrift(): Thrift | null {
    if (this.lane === 'NORMAL') return null
    const rows = Math.max(1, Math.floor(this.#options.serialRows / LESS ** this.#thrift))
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
  ended(end: TurnEnd): TurnEnd {
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
  retry(end: TurnEnd, digest: string): number {
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
    else if (kind === 'OUT_OF_MEMORY' && (this.#progressed || this.#thrift < MOST_THRIFT)) this.#withLess()
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
    if (!this.#progressed) this.#thrift++
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
      return refusedInput(`\`crs\`: no transformation between the CRS of ${layer} and that one is known.`, {
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
