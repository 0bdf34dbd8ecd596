/**
 * Who gets the next free worker: the address that has had the least of the workers' time, its client that has had the least, and of that one's
 * operations the one that has had the least. So a newcomer's first batch comes before a greedy client's next slice, and neither many operations
 * nor many connections starve others. A client, and an address, has at most half of the workers while others wait: what it has beyond that is
 * taken from it. While another address has asked lately, an address at its half leaves the last idle worker to that one.
 */

import { AwakeTimer } from '../../awake.ts'
import type { Asker } from '../../engine.ts'
import { Holders } from './holders.ts'
import { Lately } from './lately.ts'
import { type Order, Queue, type Waiter } from './queue.ts'
import { overloaded, versionGone } from './queue-errors.ts'
import type { Served } from './served.ts'
import { sliceIsOver } from './slice.ts'
import type { Slot } from './slot.ts'
import type { Turn } from './turn.ts'

/** One operation's claim on workers, kept over all its turns. It holds one worker at a time. */
export interface Claim {
  readonly client: string
  readonly address: string
  /** Alias of the database that it reads; null for files, which every worker has. */
  readonly database: string | null
  /** Milliseconds of worker time it has had. */
  served: number
  /** When it was given the worker that it has, or had last... */
  grantedAt: number
  /** ...and whether another address had asked lately: both have half of the threads then, which are as many as processors by default. */
  isShared: boolean
  /** Asks its turn to end, as soon as can be and whatever it costs: somebody else is entitled to the worker. */
  giveUp: () => void
}

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

type Delivering = Pick<Turn, 'firstBatchAt' | 'batches'>

export class Scheduler {
  readonly #limits: SchedulerLimits
  readonly #idle: IdleWorkers
  /** Aliases that workers have, or will have. */
  #databases: ReadonlySet<string> = new Set()
  readonly #onPressure: () => void
  readonly #workers: number
  readonly #served: Served
  readonly #waiting = new Queue()
  readonly #holders: Holders
  readonly #lately = new Lately()
  #watch: NodeJS.Timeout | undefined

  /** `onPressure` is called when somebody must wait for a worker; `served` is of all lanes. */
  constructor(workers: number, limits: SchedulerLimits, idle: IdleWorkers, served: Served, onPressure: () => void) {
    this.#workers = workers
    this.#served = served
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
    this.#served.open({ client, address })
    return { client, address, database, served: 0, grantedAt: 0, isShared: false, giveUp: () => {} }
  }

  close(claim: Claim): void {
    this.#served.close(claim)
  }

  /**
   * Waits for a worker, reserved for the caller. Rejects with whatever `signal` was aborted with, and with OVERLOADED where the queue is full and
   * the address and client have their share of its places; where they have less, the newest of whoever has most is refused instead. An operation
   * that has begun is never refused. SOURCE_CHANGED: what it would read is gone.
   */
  acquire(claim: Claim, signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#knows(claim)) return Promise.reject(versionGone())
    const newcomer = claim.served === 0
    if (newcomer) this.#lately.asked(claim.address)
    const atOnce = this.#waiting.size === 0 && this.#mayHaveMore(claim.address)
    const slot = atOnce ? this.#idle.reserve(claim.database) : undefined
    if (slot) return Promise.resolve(this.#granted(slot, claim))
    if (newcomer && this.#waiting.size >= this.#limits.queueLength) {
      const displaced = this.#waiting.displacedBy(claim)
      if (!displaced) return Promise.reject(overloaded('queue-length', this.#limits))
      displaced.leave()
      displaced.refuse(overloaded('queue-length', this.#limits))
    }
    return new Promise((grant, refuse) => {
      const late = () => refuse(overloaded('queue-timeout', this.#limits))
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
      this.#watch ??= setInterval(() => this.#look(), EXCESS_MS).unref()
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
    const idle = this.#idle.all()
    if (idle.length === 0 || this.#waiting.size === 0) return undefined
    // Whose worker it was does not know yet that his turn has ended; but he is not to be given it again as one who has had nothing.
    for (const slot of idle) this.#freed(slot)
    const isAble = ({ claim }: Waiter) => this.#idle.take(claim.database)
    const order: Order = {
      addressMayHave: (address) => this.#holders.isBelowHalf('address', address),
      mayHave: isAble,
      hadAddress: (address) => this.#served.address(address),
      hadClient: (address, client) => this.#served.client(address, client),
    }
    // All have their half, or wait alone: an idle worker serves nobody.
    const beyond = { ...order, addressMayHave: (address: string) => this.#mayHaveMore(address) }
    const below = (waiter: Waiter) => this.#holders.isBelowHalf('client', waiter.claim.client) && isAble(waiter)
    return this.#waiting.first(order) ?? this.#waiting.first({ ...beyond, mayHave: below }) ?? this.#waiting.first(beyond)
  }

  /** Of the last idle worker: whether it is not to be left to another address, which has asked lately and has less than its half. */
  #mayHaveMore(address: string): boolean {
    if (this.#holders.isBelowHalf('address', address) || this.#idle.all().length > 1) return true
    return !this.#lately.some((other) => other !== address && this.#holders.isBelowHalf('address', other))
  }

  #freed(slot: Slot): void {
    const claim = this.#holders.freed(slot)
    if (claim) this.#served.charge(claim, performance.now() - claim.grantedAt)
  }

  #knows({ database }: Claim): boolean {
    return database === null || this.#databases.has(database)
  }

  /** A granted worker is not used any more, after so many milliseconds. */
  ended(claim: Claim, ms: number): void {
    if (this.#holders.ended(claim)) this.#served.charge(claim, ms)
  }

  #granted(slot: Slot, claim: Claim): Slot {
    this.#freed(slot)
    this.#holders.granted(slot, claim)
    claim.grantedAt = performance.now()
    claim.isShared = this.#lately.some((address) => address !== claim.address)
    return slot
  }

  /** Whether the claim's turn should end for the sake of those who wait and could have its worker: some time, or batches, after it began to deliver. */
  turnIsOver(claim: Claim, { firstBatchAt, batches }: Delivering, sorted: boolean): boolean {
    if (firstBatchAt === null) return false
    const ms = performance.now() - firstBatchAt
    return sliceIsOver({ ...this.#rivals(claim), workers: this.#workers }, { ms, batches, sorted })
  }

  /** Whether somebody waits who could have the claim's worker. */
  isWanted(claim: Claim): boolean {
    return this.#rivals(claim).size > 0
  }

  /** All who wait, but for those of another address that has its half, and no fewer than this one: they would not be given its worker. */
  #rivals({ address: own }: Claim): ReturnType<Queue['count']> {
    const held = (address: string) => this.#holders.held('address', address)
    const enough = Math.max(this.#holders.most, held(own))
    return this.#waiting.count((address) => address === own || held(address) < enough)
  }

  /** Every so often while somebody waits. */
  #look(): void {
    this.#takeExcess()
    // What was left to others who have not come is for those who wait.
    this.dispatch()
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
}
