/**
 * Who gets the next free worker: the client that has had the least of the workers' time, and of its operations the one that has had the
 * least. So a newcomer's first batch comes before a greedy client's next slice, and two greedy clients can't starve two hundred.
 * A client, and an address, has at most half of the workers while others wait: what it has beyond that is taken from it.
 */
import { GeoduckError } from '../errors.ts'
import { AwakeTimer } from './awake.ts'
import { Holders } from './holders.ts'
import { Served } from './served.ts'
import type { Slot } from './slot.ts'

/** Who asks: time is shared fairly between connections, since many users may come from one address. */
export interface Asker {
  readonly client: string
  /** Left out: the client's own. */
  readonly address?: string
}

/** One operation's claim on workers, kept over all its turns. It holds one worker at a time. */
export interface Claim {
  readonly client: string
  readonly address: string
  /** Alias of the database that it reads; null for files, which every worker has. */
  readonly database: string | null
  /** Milliseconds of worker time it has had. */
  served: number
  /** When it was given the worker that it has, or had last. */
  grantedAt: number
  /** Asks its turn to end, as soon as can be and whatever it costs: somebody else is entitled to the worker. */
  giveUp: () => void
}

interface Waiter {
  readonly claim: Claim
  readonly since: number
  readonly grant: (slot: Slot) => void
  readonly refuse: (error: GeoduckError) => void
  /** Takes it out of the queue; called once, whatever became of it. */
  leave(): void
}

/** A slice, counted from its first batch, lasts at most this long while others wait... */
const SLICE_MS = 1_000
/** ...less when many do, so that each has its turn in about this time... */
const ROUND_MS = 4_000
/** ...but at least this: a turn costs about 15 ms to start. */
const SHORTEST_SLICE_MS = 20
/** ...and at most this many batches. */
const MOST_BATCHES = 64
/** A sort begins its turn with work that the next turn does again. */
const SORTED_SLICE_FACTOR = 5
/** Most executions end sooner by themselves, and what is taken away in the middle begins again. */
const EXCESS_MS = 250

export interface SchedulerLimits {
  readonly queueLength: number
  readonly queueSeconds: number
}

/** Those that are idle now. */
interface IdleWorkers {
  all(): readonly Slot[]
  /** One of them has the database. */
  take(database: string | null): boolean
  /** Gives it to the caller. */
  reserve(database: string | null): Slot | undefined
}

export class Scheduler {
  readonly #limits: SchedulerLimits
  readonly #idle: IdleWorkers
  /** Aliases that workers have, or will have. */
  #databases: ReadonlySet<string> = new Set()
  readonly #onPressure: () => void
  readonly #workers: number
  readonly #served = new Served()
  readonly #waiting = new Set<Waiter>()
  readonly #holders: Holders
  #watch: NodeJS.Timeout | undefined

  /** `onPressure` is called when somebody must wait for a worker. */
  constructor(workers: number, limits: SchedulerLimits, idle: IdleWorkers, onPressure: () => void) {
    this.#workers = workers
    this.#holders = new Holders(workers)
    this.#limits = limits
    this.#idle = idle
    this.#onPressure = onPressure
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** What workers have from now on, sooner or later. Nobody waits for the version of a database that none will have again. */
  serve(databases: readonly { readonly alias: string }[]): void {
    this.#databases = new Set(databases.map(({ alias }) => alias))
    for (const waiter of [...this.#waiting]) {
      if (this.#knows(waiter.claim)) continue
      waiter.leave()
      waiter.refuse(versionGone())
    }
  }

  open({ client, address = client }: Asker, database: string | null): Claim {
    this.#served.open(client)
    return { client, address, database, served: 0, grantedAt: 0, giveUp: () => {} }
  }

  close({ client }: Claim): void {
    this.#served.close(client)
  }

  /**
   * Waits for a worker, reserved for the caller. Rejects with whatever `signal` was aborted with, and with OVERLOADED where the queue is too
   * long; but an operation that has begun is never turned away. SOURCE_CHANGED: what it would read is gone.
   */
  acquire(claim: Claim, signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#knows(claim)) return Promise.reject(versionGone())
    const slot = this.#waiting.size === 0 ? this.#idle.reserve(claim.database) : undefined
    if (slot) return Promise.resolve(this.#granted(slot, claim))
    const newcomer = claim.served === 0
    if (newcomer && this.#waiting.size >= this.#limits.queueLength) return Promise.reject(this.#overloaded('queue-length'))
    return new Promise((grant, refuse) => {
      const late = () => refuse(this.#overloaded('queue-timeout'))
      const aborted = () => refuse(signal.reason)
      const end = (settle: () => void) => () => {
        waiter.leave()
        settle()
      }
      const timer = newcomer ? new AwakeTimer(this.#limits.queueSeconds * 1_000, end(late)) : undefined
      const onAbort = end(aborted)
      const waiter: Waiter = {
        claim,
        since: performance.now(),
        grant,
        refuse,
        leave: () => {
          timer?.clear()
          signal.removeEventListener('abort', onAbort)
          this.#waiting.delete(waiter)
          if (this.#waiting.size === 0) this.#endWatch()
        },
      }
      signal.addEventListener('abort', onAbort)
      this.#waiting.add(waiter)
      // A worker may be idle that those who wait already have no use for.
      this.dispatch()
      if (!this.#waiting.has(waiter)) return
      this.#watch ??= setInterval(() => this.#takeExcess(), EXCESS_MS).unref()
      this.#onPressure()
    })
  }

  /** To be called whenever a worker may have become idle. */
  dispatch(): void {
    for (;;) {
      const next = this.#next()
      const slot = next && this.#idle.reserve(next.claim.database)
      if (!slot) return
      next.leave()
      next.grant(this.#granted(slot, next.claim))
    }
  }

  /** The first of those who are entitled to a worker that is idle now. */
  #next(): Waiter | undefined {
    // Whose worker it was does not know yet that his turn has ended; but he is not to be given it again as one who has had nothing.
    for (const slot of this.#idle.all()) {
      const claim = this.#holders.freed(slot)
      if (claim) this.#served.charge(claim, performance.now() - claim.grantedAt)
    }
    const able = new Set([...this.#waiting].filter(({ claim }) => this.#idle.take(claim.database)))
    let first: Waiter | undefined
    for (const waiter of this.#holders.entitled(able)) {
      if (!first || this.#served.less(waiter.claim, first.claim)) first = waiter
    }
    return first
  }

  #knows({ database }: Claim): boolean {
    return database === null || this.#databases.has(database)
  }

  /** A granted worker is not used any more, after so many milliseconds. */
  ended(claim: Claim, ms: number): void {
    if (this.#holders.ended(claim)) this.#served.charge(claim, ms)
  }

  #granted(slot: Slot, claim: Claim): Slot {
    this.#holders.granted(slot, claim)
    claim.grantedAt = performance.now()
    return slot
  }

  /**
   * Whether a turn should end for the sake of those who wait, `ms` and `batches` after it began to deliver. One who has had nothing yet is
   * not kept waiting by one who has had a batch.
   */
  turnIsOver(ms: number, batches: number, sorted: boolean): boolean {
    if (this.#waiting.size === 0) return false
    const factor = sorted ? SORTED_SLICE_FACTOR : 1
    if (batches >= MOST_BATCHES * factor) return true
    if (!sorted && [...this.#waiting].some(({ claim }) => claim.served === 0)) return true
    const fair = (ROUND_MS * this.#workers) / this.#waiting.size
    return ms >= factor * Math.max(SHORTEST_SLICE_MS, Math.min(SLICE_MS, fair))
  }

  /** One at a time: the worker that comes free may be all that is wanted. */
  #takeExcess(): void {
    const before = performance.now() - EXCESS_MS
    const patient = [...this.#waiting].filter(({ since }) => since <= before).map(({ claim }) => claim)
    this.#holders.excessive(patient)?.giveUp()
  }

  #endWatch(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  #overloaded(limit: string): GeoduckError {
    const retryAfter = Math.max(1, Math.ceil(this.#limits.queueSeconds / 2))
    return new GeoduckError('OVERLOADED', `Too many operations wait for a worker (--${limit}); ask again in ${retryAfter} s.`, {
      details: { retryAfter },
    })
  }
}

function versionGone(): GeoduckError {
  return new GeoduckError('SOURCE_CHANGED', 'The data changed before it was read; ask again.')
}
