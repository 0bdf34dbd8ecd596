/**
 * Decides which operation gets the next free worker. It is given to the address with the least worker time, there to the client
 * with the least, and there to the operation with the least. So the first batch of a new operation comes before the next slice
 * of a greedy client, and neither many operations nor many connections can starve others.
 *
 * While others wait, a client and an address have at most half of the workers; workers above that are taken back. If another
 * address has sent a request in the last seconds, an address that has its half does not get the last idle worker.
 */

import { GeoduckError } from '../../../model/errors.ts'
import { AwakeTimer } from '../../awake.ts'
import type { Caller } from '../../engine.ts'
import type { ExecutionHandle } from './execution-handle.ts'
import { sliceIsOver } from './stream.ts'
import { type Order, type Waiter, WorkerQueue } from './worker-queue.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** The entry of an operation in the scheduler, for all of its executions. It has at most one worker at a time. */
export interface WorkerRequest {
  readonly client: string
  readonly address: string
  /** Alias of the database that the operation reads; null for files, which every worker can read. */
  readonly database: string | null
  /** Milliseconds of worker time that it has used. */
  usedMs: number
  /** Time when it received its current or last worker. */
  grantedAt: number
  /**
   * True if another address had sent a request shortly before `grantedAt`. Both use half of their worker's threads then,
   * because by default a worker has as many threads as there are processors.
   */
  isShared: boolean
  /** Asks the execution to release its worker as soon as possible, because another operation has a right to it. */
  releaseSoon: () => void
}

/**
 * Milliseconds that an operation must have waited before a worker is taken back for it. Most executions end sooner, and an
 * execution that is interrupted must start again.
 */
const EXCESS_MS = 250

export interface SchedulerLimits {
  readonly queueLength: number
  readonly queueSeconds: number
  /** Milliseconds for which an address counts as recent. @default 3,000 */
  readonly recentMs?: number
}

/** The workers of the lane that are idle. */
interface IdleWorkers {
  all(): readonly WorkerSupervisor[]
  /** Returns true if one of them has the database. */
  take(database: string | null): boolean
  /** Reserves one of them that has the database. */
  reserve(database: string | null): WorkerSupervisor | undefined
}

type Delivering = Pick<ExecutionHandle, 'firstBatchAt' | 'batches'>

export class Scheduler {
  readonly #limits: SchedulerLimits
  readonly #idle: IdleWorkers
  /** Aliases of the databases that workers have, or will have. */
  #databases: ReadonlySet<string> = new Set()
  readonly #onPressure: () => void
  readonly #workers: number
  readonly #workerTime: WorkerTime
  readonly #waiting = new WorkerQueue()
  readonly #owners: WorkerOwners
  readonly #recent: RecentAddresses
  #watch: NodeJS.Timeout | undefined

  /** `onPressure` is called when an operation must wait for a worker. `workerTime` counts all lanes. */
  constructor(workers: number, limits: SchedulerLimits, idle: IdleWorkers, workerTime: WorkerTime, onPressure: () => void) {
    this.#workers = workers
    this.#workerTime = workerTime
    this.#recent = new RecentAddresses(limits.recentMs ?? RECENT_MS)
    this.#owners = new WorkerOwners(workers)
    this.#limits = limits
    this.#idle = idle
    this.#onPressure = onPressure
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** Sets the databases that workers have from now on. Refuses operations that wait for another version of a database. */
  setDatabases(databases: readonly { readonly alias: string }[]): void {
    this.#databases = new Set(databases.map(({ alias }) => alias))
    for (const waiter of [...this.#waiting]) {
      if (this.#knows(waiter.request)) continue
      waiter.dequeue()
      waiter.refuse(versionGone())
    }
  }

  open({ client, address = client }: Caller, database: string | null): WorkerRequest {
    this.#workerTime.open({ client, address })
    return { client, address, database, usedMs: 0, grantedAt: 0, isShared: false, releaseSoon: () => {} }
  }

  close(request: WorkerRequest): void {
    this.#workerTime.close(request)
  }

  /**
   * Waits for a worker and reserves it for the caller. Rejects with the reason of `signal` if that is aborted.
   *
   * A full queue is shared fairly. If the caller's address and client have their share of the queue, the operation is refused.
   * If not, the newest operation of the address or client with the most entries is refused instead. An operation that has had a
   * worker is never refused.
   *
   * @throws GeoduckError OVERLOADED if it is refused or waits too long, SOURCE_CHANGED if the version of its database no longer
   * exists
   */
  acquire(request: WorkerRequest, signal: AbortSignal): Promise<WorkerSupervisor> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#knows(request)) return Promise.reject(versionGone())
    const newcomer = request.usedMs === 0
    if (newcomer) this.#recent.add(request.address)
    const atOnce = this.#waiting.size === 0 && this.#mayHaveMore(request.address)
    const worker = atOnce ? this.#idle.reserve(request.database) : undefined
    if (worker) return Promise.resolve(this.#granted(worker, request))
    if (newcomer && this.#waiting.size >= this.#limits.queueLength) {
      const displaced = this.#waiting.displacedBy(request)
      if (!displaced) return Promise.reject(overloaded('queue-length', this.#limits))
      displaced.dequeue()
      displaced.refuse(overloaded('queue-length', this.#limits))
    }
    return new Promise((grant, refuse) => {
      const late = () => refuse(overloaded('queue-timeout', this.#limits))
      const aborted = () => refuse(signal.reason)
      const end = (settle: () => void) => () => {
        waiter.dequeue()
        settle()
      }
      const timer = newcomer ? new AwakeTimer(this.#limits.queueSeconds * 1_000, end(late)) : undefined
      const onAbort = end(aborted)
      const waiter: Waiter = {
        request,
        since: performance.now(),
        grant,
        refuse,
        dequeue: () => {
          timer?.clear()
          signal.removeEventListener('abort', onAbort)
          this.#waiting.delete(waiter)
          if (this.#waiting.size === 0) this.#endWatch()
        },
      }
      signal.addEventListener('abort', onAbort)
      this.#waiting.add(waiter)
      // A worker may be idle that the other waiting operations can't use.
      this.dispatch()
      if (!this.#waiting.has(waiter)) return
      this.#watch ??= setInterval(() => this.#look(), EXCESS_MS).unref()
      this.#onPressure()
    })
  }

  /** Gives idle workers to waiting operations. It is called whenever a worker may have become idle. */
  dispatch(): void {
    for (;;) {
      const next = this.#next()
      const worker = next && this.#idle.reserve(next.request.database)
      if (!worker) return
      next.dequeue()
      next.grant(this.#granted(worker, next.request))
    }
  }

  /** Returns the operation that gets the next idle worker; undefined if there is none. */
  #next(): Waiter | undefined {
    const idle = this.#idle.all()
    if (idle.length === 0 || this.#waiting.size === 0) return undefined
    // The owner of a worker that has become idle may not know yet that its execution has ended. Its worker time must be counted
    // now.
    for (const worker of idle) this.#freed(worker)
    const isAble = ({ request }: Waiter) => this.#idle.take(request.database)
    const order: Order = {
      addressMayRun: (address) => this.#owners.isBelowHalf('address', address),
      mayRun: isAble,
      addressTime: (address) => this.#workerTime.address(address),
      clientTime: (address, client) => this.#workerTime.client(address, client),
    }
    // If every waiting address has its half, the half is ignored: otherwise a worker would stay idle.
    const beyond = { ...order, addressMayRun: (address: string) => this.#mayHaveMore(address) }
    const below = (waiter: Waiter) => this.#owners.isBelowHalf('client', waiter.request.client) && isAble(waiter)
    return this.#waiting.first(order) ?? this.#waiting.first({ ...beyond, mayRun: below }) ?? this.#waiting.first(beyond)
  }

  /**
   * Returns false if the last idle worker is kept for another address, which has sent a request recently and has less than its
   * half.
   */
  #mayHaveMore(address: string): boolean {
    if (this.#owners.isBelowHalf('address', address) || this.#idle.all().length > 1) return true
    return !this.#recent.some((other) => other !== address && this.#owners.isBelowHalf('address', other))
  }

  #freed(worker: WorkerSupervisor): void {
    const request = this.#owners.freed(worker)
    if (request) this.#workerTime.charge(request, performance.now() - request.grantedAt)
  }

  #knows({ database }: WorkerRequest): boolean {
    return database === null || this.#databases.has(database)
  }

  /** Records that an operation no longer uses its worker, after `ms` milliseconds. */
  ended(request: WorkerRequest, ms: number): void {
    if (this.#owners.ended(request)) this.#workerTime.charge(request, ms)
  }

  #granted(worker: WorkerSupervisor, request: WorkerRequest): WorkerSupervisor {
    this.#freed(worker)
    this.#owners.granted(worker, request)
    request.grantedAt = performance.now()
    request.isShared = this.#recent.some((address) => address !== request.address)
    return worker
  }

  /** Returns true if an execution should end after its current batch, because others wait that could use its worker. */
  mustYield(request: WorkerRequest, { firstBatchAt, batches }: Delivering, sorted: boolean): boolean {
    if (firstBatchAt === null) return false
    const ms = performance.now() - firstBatchAt
    return sliceIsOver({ ...this.#rivals(request), workers: this.#workers }, { ms, batches, sorted })
  }

  /** Returns true if another operation waits that could use the worker of this one. */
  hasRivals(request: WorkerRequest): boolean {
    return this.#rivals(request).size > 0
  }

  /**
   * Counts the waiting operations that could use the worker. An operation of another address can't if that address has its half
   * and at least as many workers as this address: it would not receive the worker.
   */
  #rivals({ address: own }: WorkerRequest): ReturnType<WorkerQueue['count']> {
    const held = (address: string) => this.#owners.held('address', address)
    const enough = Math.max(this.#owners.half, held(own))
    return this.#waiting.count((address) => address === own || held(address) < enough)
  }

  /** Runs regularly while operations wait. */
  #look(): void {
    this.#takeExcess()
    // A worker may have been kept for an address that has sent no request since.
    this.dispatch()
  }

  /** Takes back one worker from a client or address above its half. One at a time, because one may be enough. */
  #takeExcess(): void {
    const before = performance.now() - EXCESS_MS
    const waitingLong = [...this.#waiting].filter(({ since }) => since <= before).map(({ request }) => request)
    this.#owners.excessive(waitingLong)?.releaseSoon()
  }

  #endWatch(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
  }
}

type Named = Pick<WorkerRequest, 'client' | 'address'>

/**
 * The worker time of addresses, or of the clients of one address. A new one starts with the smallest time of the others, not
 * with zero.
 */
class TimeShares {
  readonly #shares = new Map<string, TimeShare>()

  get(name: string): TimeShare | undefined {
    return this.#shares.get(name)
  }

  open(name: string): TimeShare {
    const share = this.#shares.get(name) ?? new TimeShare(this.#least())
    share.requests++
    this.#shares.set(name, share)
    return share
  }

  close(name: string): void {
    const share = this.#shares.get(name)
    if (share && --share.requests === 0) this.#shares.delete(name)
  }

  #least(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { usedMs } of this.#shares.values()) least = Math.min(least, usedMs)
    return Number.isFinite(least) ? least : 0
  }
}

class TimeShare {
  /** Milliseconds of worker time. */
  usedMs: number
  /** Number of open worker requests. */
  requests = 0
  /** The clients of an address; unused in the share of a client. */
  readonly clients = new TimeShares()

  constructor(usedMs: number) {
    this.usedMs = usedMs
  }
}

/** Counts the worker time of each address and each of its clients, as long as they have open requests. */
export class WorkerTime {
  readonly #addresses = new TimeShares()

  open({ client, address }: Named): void {
    this.#addresses.open(address).clients.open(client)
  }

  close({ client, address }: Named): void {
    this.#addresses.get(address)?.clients.close(client)
    this.#addresses.close(address)
  }

  charge(request: WorkerRequest, ms: number): void {
    request.usedMs += ms
    const address = this.#addresses.get(request.address)
    const client = address?.clients.get(request.client)
    if (address) address.usedMs += ms
    if (client) client.usedMs += ms
  }

  /** Returns the milliseconds that the address has used. */
  address(name: string): number {
    return this.#addresses.get(name)?.usedMs ?? 0
  }

  /** Returns the milliseconds that the client has used. They are comparable only with other clients of the same address. */
  client(address: string, name: string): number {
    return this.#addresses.get(address)?.clients.get(name)?.usedMs ?? 0
  }
}

/** Both a client and an address are limited to half of the workers, so neither many connections nor many operations help. */
const GROUPS = ['client', 'address'] as const

type Group = (typeof GROUPS)[number]

/** The current owner of each worker. */
class WorkerOwners {
  /** Half of the workers, at least one. */
  readonly half: number
  /** Owners by worker, in the order in which they received it. */
  readonly #requests = new Map<unknown, WorkerRequest>()
  readonly #counts: Readonly<Record<Group, Map<string, number>>> = { client: new Map(), address: new Map() }

  constructor(workers: number) {
    this.half = Math.max(1, Math.floor(workers / 2))
  }

  granted(worker: unknown, request: WorkerRequest): void {
    this.freed(worker)
    this.#requests.set(worker, request)
    this.#count(request, 1)
  }

  /** Records that a worker is idle. Returns its owner if it still had one. */
  freed(worker: unknown): WorkerRequest | undefined {
    const request = this.#requests.get(worker)
    if (request) this.#count(request, -1)
    this.#requests.delete(worker)
    return request
  }

  /** Records that an operation has released its worker. Returns true if it still had one. */
  ended(request: WorkerRequest): boolean {
    const entry = [...this.#requests].find(([, owner]) => owner === request)
    return entry !== undefined && this.freed(entry[0]) !== undefined
  }

  /** Returns the number of workers that the client or the address has. */
  held(group: Group, name: string): number {
    return this.#counts[group].get(name) ?? 0
  }

  /** Returns true if the client or the address may have one more worker while others wait. */
  isBelowHalf(group: Group, name: string): boolean {
    return this.held(group, name) < this.half
  }

  /**
   * Returns the newest owner whose client or address is above its half while an operation of another one waits; null if there
   * is none.
   */
  excessive(waiting: readonly WorkerRequest[]): WorkerRequest | null {
    for (const group of GROUPS) {
      const excess = [...this.#requests.values()].findLast(
        (owner) => this.held(group, owner[group]) > this.half && waiting.some((request) => request[group] !== owner[group]),
      )
      if (excess) return excess
    }
    return null
  }

  #count(request: WorkerRequest, by: 1 | -1): void {
    for (const group of GROUPS) {
      const count = this.held(group, request[group]) + by
      if (count === 0) this.#counts[group].delete(request[group])
      else this.#counts[group].set(request[group], count)
    }
  }
}

/**
 * Milliseconds for which an address counts as recent. A user who moves a map sends the next request within this time. One
 * worker of a lane may stay idle that long for an address that sends no further request.
 */
const RECENT_MS = 3_000

/** The addresses that have sent a new operation recently. */
class RecentAddresses {
  /** Time of the last operation by address, oldest first. */
  readonly #lastSeen = new Map<string, number>()
  readonly #recentMs: number

  constructor(recentMs: number) {
    this.#recentMs = recentMs
  }

  add(address: string): void {
    this.#lastSeen.delete(address)
    this.#lastSeen.set(address, performance.now())
  }

  /** Returns true if `holds` is true for one of them. */
  some(holds: (address: string) => boolean): boolean {
    const since = performance.now() - this.#recentMs
    for (const [address, at] of this.#lastSeen) {
      if (at < since) this.#lastSeen.delete(address)
      else if (holds(address)) return true
    }
    return false
  }
}

function overloaded(limit: 'queue-length' | 'queue-timeout', { queueSeconds }: { readonly queueSeconds: number }): GeoduckError {
  const retryAfter = Math.max(1, Math.ceil(queueSeconds / 2))
  return new GeoduckError('OVERLOADED', `Too many operations wait for a worker (--${limit}); ask again in ${retryAfter} s.`, {
    details: { retryAfter },
  })
}

function versionGone(): GeoduckError {
  return new GeoduckError('SOURCE_CHANGED', 'The data changed before it was read; ask again.')
}
