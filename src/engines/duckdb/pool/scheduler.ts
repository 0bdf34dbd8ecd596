/**
 * Who gets the next free worker: the address that has had the least of the workers' time, its client that has had the least, and of that one's
 * operations the one that has had the least. So a newcomer's first batch comes before a greedy client's next slice, and neither many operations
 * nor many connections starve others. A client, and an address, has at most half of the workers while others wait: what it has beyond that is
 * taken from it. While another address has asked lately, an address at its half leaves the last idle worker to that one.
 */

import { GeoduckError } from '../../../model/errors.ts'
import { AwakeTimer } from '../../awake.ts'
import type { Caller } from '../../engine.ts'
import type { ExecutionHandle } from './execution-handle.ts'
import { sliceIsOver } from './stream.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** One operation's claim on workers, kept over all its turns. It holds one worker at a time. */
export interface WorkerRequest {
  readonly client: string
  readonly address: string
  /** Alias of the database that it reads; null for files, which every worker has. */
  readonly database: string | null
  /** Milliseconds of worker time it has had. */
  usedMs: number
  /** When it was given the worker that it has, or had last... */
  grantedAt: number
  /** ...and whether another address had asked lately: both have half of the threads then, which are as many as processors by default. */
  isShared: boolean
  /** Asks its turn to end, as soon as can be and whatever it costs: somebody else is entitled to the worker. */
  releaseSoon: () => void
}

/** Most executions end sooner by themselves, and what is taken away in the middle begins again. */
const EXCESS_MS = 250

export interface SchedulerLimits {
  readonly queueLength: number
  readonly queueSeconds: number
}

/** Those that are idle now. */
interface IdleWorkers {
  all(): readonly WorkerSupervisor[]
  /** One of them has the database. */
  take(database: string | null): boolean
  /** Gives it to the caller. */
  reserve(database: string | null): WorkerSupervisor | undefined
}

type Delivering = Pick<ExecutionHandle, 'firstBatchAt' | 'batches'>

export class Scheduler {
  readonly #limits: SchedulerLimits
  readonly #idle: IdleWorkers
  /** Aliases that workers have, or will have. */
  #databases: ReadonlySet<string> = new Set()
  readonly #onPressure: () => void
  readonly #workers: number
  readonly #workerTime: WorkerTime
  readonly #waiting = new Queue()
  readonly #owners: WorkerOwners
  readonly #recent = new RecentAddresses()
  #watch: NodeJS.Timeout | undefined

  /** `onPressure` is called when somebody must wait for a worker; `workerTime` is of all lanes. */
  constructor(workers: number, limits: SchedulerLimits, idle: IdleWorkers, workerTime: WorkerTime, onPressure: () => void) {
    this.#workers = workers
    this.#workerTime = workerTime
    this.#owners = new WorkerOwners(workers)
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
      if (this.#knows(waiter.request)) continue
      waiter.leave()
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
   * Waits for a worker, reserved for the caller. Rejects with whatever `signal` was aborted with, and with OVERLOADED where the queue is full and
   * the address and client have their share of its places; where they have less, the newest of whoever has most is refused instead. An operation
   * that has begun is never refused. SOURCE_CHANGED: what it would read is gone.
   */
  acquire(request: WorkerRequest, signal: AbortSignal): Promise<WorkerSupervisor> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#knows(request)) return Promise.reject(versionGone())
    const newcomer = request.usedMs === 0
    if (newcomer) this.#recent.asked(request.address)
    const atOnce = this.#waiting.size === 0 && this.#mayHaveMore(request.address)
    const worker = atOnce ? this.#idle.reserve(request.database) : undefined
    if (worker) return Promise.resolve(this.#granted(worker, request))
    if (newcomer && this.#waiting.size >= this.#limits.queueLength) {
      const displaced = this.#waiting.displacedBy(request)
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
        request,
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
      const worker = next && this.#idle.reserve(next.request.database)
      if (!worker) return
      next.leave()
      next.grant(this.#granted(worker, next.request))
    }
  }

  /** The first of those who are entitled to a worker that is idle now. */
  #next(): Waiter | undefined {
    const idle = this.#idle.all()
    if (idle.length === 0 || this.#waiting.size === 0) return undefined
    // Whose worker it was does not know yet that his turn has ended; but he is not to be given it again as one who has had nothing.
    for (const worker of idle) this.#freed(worker)
    const isAble = ({ request }: Waiter) => this.#idle.take(request.database)
    const order: Order = {
      addressMayHave: (address) => this.#owners.isBelowHalf('address', address),
      mayHave: isAble,
      hadAddress: (address) => this.#workerTime.address(address),
      hadClient: (address, client) => this.#workerTime.client(address, client),
    }
    // All have their half, or wait alone: an idle worker serves nobody.
    const beyond = { ...order, addressMayHave: (address: string) => this.#mayHaveMore(address) }
    const below = (waiter: Waiter) => this.#owners.isBelowHalf('client', waiter.request.client) && isAble(waiter)
    return this.#waiting.first(order) ?? this.#waiting.first({ ...beyond, mayHave: below }) ?? this.#waiting.first(beyond)
  }

  /** Of the last idle worker: whether it is not to be left to another address, which has asked lately and has less than its half. */
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

  /** A granted worker is not used any more, after so many milliseconds. */
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

  /** Whether the claim's turn should end for the sake of those who wait and could have its worker: some time, or batches, after it began to deliver. */
  turnIsOver(request: WorkerRequest, { firstBatchAt, batches }: Delivering, sorted: boolean): boolean {
    if (firstBatchAt === null) return false
    const ms = performance.now() - firstBatchAt
    return sliceIsOver({ ...this.#rivals(request), workers: this.#workers }, { ms, batches, sorted })
  }

  /** Whether somebody waits who could have the claim's worker. */
  isWanted(request: WorkerRequest): boolean {
    return this.#rivals(request).size > 0
  }

  /** All who wait, but for those of another address that has its half, and no fewer than this one: they would not be given its worker. */
  #rivals({ address: own }: WorkerRequest): ReturnType<Queue['count']> {
    const held = (address: string) => this.#owners.held('address', address)
    const enough = Math.max(this.#owners.most, held(own))
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
    const patient = [...this.#waiting].filter(({ since }) => since <= before).map(({ request }) => request)
    this.#owners.excessive(patient)?.releaseSoon()
  }

  #endWatch(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
  }
}

/** How much of the workers' time addresses have had, and each one's clients, as long as they ask for more. */
type Named = Pick<WorkerRequest, 'client' | 'address'>

/** A share begins level with the smallest beside it, not with a credit from the past. */
class TimeShares {
  readonly #shares = new Map<string, TimeShare>()

  get(name: string): TimeShare | undefined {
    return this.#shares.get(name)
  }

  open(name: string): TimeShare {
    const share = this.#shares.get(name) ?? new TimeShare(this.#least())
    share.claims++
    this.#shares.set(name, share)
    return share
  }

  close(name: string): void {
    const share = this.#shares.get(name)
    if (share && --share.claims === 0) this.#shares.delete(name)
  }

  #least(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { usedMs: served } of this.#shares.values()) least = Math.min(least, served)
    return Number.isFinite(least) ? least : 0
  }
}

class TimeShare {
  /** Milliseconds. */
  usedMs: number
  claims = 0
  /** Of an address. */
  readonly clients = new TimeShares()

  constructor(served: number) {
    this.usedMs = served
  }
}

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

  /** Milliseconds that the address has had. */
  address(name: string): number {
    return this.#addresses.get(name)?.usedMs ?? 0
  }

  /** Milliseconds that the client has had, to be compared with other clients of its address. */
  client(address: string, name: string): number {
    return this.#addresses.get(address)?.clients.get(name)?.usedMs ?? 0
  }
}

/* Who has which worker: what nobody may have more than half of while others wait. */

/** Connection and address: each is held to its half, so that neither many sockets nor many operations on one help. */
const GROUPS = ['client', 'address'] as const

type Group = (typeof GROUPS)[number]

class WorkerOwners {
  /** Of one worker there is no half. */
  readonly most: number
  /** By worker, in the order in which they were granted. */
  readonly #requests = new Map<unknown, WorkerRequest>()
  readonly #counts: Readonly<Record<Group, Map<string, number>>> = { client: new Map(), address: new Map() }

  constructor(workers: number) {
    this.most = Math.max(1, Math.floor(workers / 2))
  }

  granted(worker: unknown, request: WorkerRequest): void {
    this.freed(worker)
    this.#requests.set(worker, request)
    this.#count(request, 1)
  }

  /** It is idle. Who had it, if that is not known yet. */
  freed(worker: unknown): WorkerRequest | undefined {
    const request = this.#requests.get(worker)
    if (request) this.#count(request, -1)
    this.#requests.delete(worker)
    return request
  }

  /** Whether it had one still. */
  ended(request: WorkerRequest): boolean {
    const held = [...this.#requests].find(([, holder]) => holder === request)
    return held !== undefined && this.freed(held[0]) !== undefined
  }

  /** How many workers the client or the address has. */
  held(group: Group, name: string): number {
    return this.#counts[group].get(name) ?? 0
  }

  /** Whether it may have one more worker than it has while others wait. */
  isBelowHalf(group: Group, name: string): boolean {
    return this.held(group, name) < this.most
  }

  /** The last one to be granted a worker beyond its group's half, where one of another group waits. */
  excessive(waiting: readonly WorkerRequest[]): WorkerRequest | null {
    for (const group of GROUPS) {
      const excess = [...this.#requests.values()].findLast(
        (holder) => this.held(group, holder[group]) > this.most && waiting.some((request) => request[group] !== holder[group]),
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

/** Which addresses have asked for something new in the last three seconds. */

/** Who moves a map asks again within them. So long one worker of a lane may stand idle for the sake of an address that does not ask again. */
const RECENT_MS = 3_000

class RecentAddresses {
  /** When each asked last, the one that asked longest ago first. */
  readonly #asked = new Map<string, number>()

  asked(address: string): void {
    this.#asked.delete(address)
    this.#asked.set(address, performance.now())
  }

  /** Whether there is one among them for which `holds`. */
  some(holds: (address: string) => boolean): boolean {
    const since = performance.now() - RECENT_MS
    for (const [address, at] of this.#asked) {
      if (at < since) this.#asked.delete(address)
      else if (holds(address)) return true
    }
    return false
  }
}

/**
 * Those who wait for a worker, by address and client. Each address has the same right to the places of a full queue, and so has each client of an
 * address: a place is found, or taken from another, without a look at all who wait.
 */
interface Waiter {
  readonly request: WorkerRequest
  readonly since: number
  readonly grant: (worker: WorkerSupervisor) => void
  readonly refuse: (error: GeoduckError) => void
  /** Takes it out of the queue; called once, whatever became of it. */
  leave(): void
}

/** Of one client: those who have had nothing yet apart from those who have begun, who are never turned away. */
class ClientQueue {
  readonly newcomers = new Set<Waiter>()
  readonly begun = new Set<Waiter>()

  get size(): number {
    return this.newcomers.size + this.begun.size
  }

  of({ request }: Waiter): Set<Waiter> {
    return request.usedMs === 0 ? this.newcomers : this.begun
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    yield* this.newcomers
    yield* this.begun
  }
}

class AddressQueue {
  readonly clients = new Map<string, ClientQueue>()
  size = 0
  newcomers = 0
}

class Queue {
  readonly #addresses = new Map<string, AddressQueue>()
  #size = 0

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    for (const { clients } of this.#addresses.values()) for (const client of clients.values()) yield* client
  }

  /** How many wait of the addresses for which `counts`, and how many of them have had nothing yet. */
  count(counts: (address: string) => boolean): { readonly size: number; readonly newcomers: number } {
    let [size, newcomers] = [0, 0]
    for (const [address, queue] of this.#addresses) {
      if (!counts(address)) continue
      size += queue.size
      newcomers += queue.newcomers
    }
    return { size, newcomers }
  }

  has(waiter: Waiter): boolean {
    const client = this.#addresses.get(waiter.request.address)?.clients.get(waiter.request.client)
    return client?.of(waiter).has(waiter) ?? false
  }

  add(waiter: Waiter): void {
    const { address: name, client: clientName } = waiter.request
    const address = this.#addresses.get(name) ?? new AddressQueue()
    const client = address.clients.get(clientName) ?? new ClientQueue()
    this.#addresses.set(name, address)
    address.clients.set(clientName, client)
    client.of(waiter).add(waiter)
    this.#count(address, waiter, 1)
  }

  delete(waiter: Waiter): void {
    const { address: name, client: clientName } = waiter.request
    const address = this.#addresses.get(name)
    const client = address?.clients.get(clientName)
    if (!address || !client?.of(waiter).delete(waiter)) return
    this.#count(address, waiter, -1)
    if (client.size === 0) address.clients.delete(clientName)
    if (address.size === 0) this.#addresses.delete(name)
  }

  /**
   * The newest of the address that has most places, where that is more than the claim's address would have with one more; else the same of the
   * clients of its own address. Undefined where it has its share.
   */
  displacedBy({ address: name, client: clientName }: WorkerRequest): Waiter | undefined {
    const own = this.#addresses.get(name)
    const largest = most(this.#addresses.values(), (address) => (address.newcomers === 0 ? 0 : address.size))
    if (largest && largest !== own && largest.size > (own?.size ?? 0) + 1) return newestOf(largest)
    const client = own && most(own.clients.values(), ({ newcomers }) => newcomers.size)
    if (!client || client.size <= (own.clients.get(clientName)?.size ?? 0) + 1) return undefined
    return last(client.newcomers)
  }

  /**
   * The waiter that goes first: of the address that has had least, the client that has had least, and of its operations the one that has had
   * least; of equals the one that came first.
   */
  first({ addressMayHave, mayHave, hadAddress, hadClient }: Order): Waiter | undefined {
    let found: Waiter | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [name, { clients }] of this.#addresses) {
      const had = hadAddress(name)
      if (had >= least || !addressMayHave(name)) continue
      const waiter = firstOf(name, clients, mayHave, hadClient)
      if (!waiter) continue
      found = waiter
      least = had
    }
    return found
  }

  #count(address: AddressQueue, { request }: Waiter, by: 1 | -1): void {
    this.#size += by
    address.size += by
    if (request.usedMs === 0) address.newcomers += by
  }
}

interface Order {
  readonly addressMayHave: (address: string) => boolean
  readonly mayHave: (waiter: Waiter) => boolean
  /** Milliseconds of worker time. */
  readonly hadAddress: (address: string) => number
  readonly hadClient: (address: string, client: string) => number
}

function firstOf(
  address: string,
  clients: ReadonlyMap<string, ClientQueue>,
  mayHave: Order['mayHave'],
  hadClient: Order['hadClient'],
): Waiter | undefined {
  let found: Waiter | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [name, client] of clients) {
    const had = hadClient(address, name)
    // Nobody has had less than a newcomer.
    if (had > least || (had === least && found?.request.usedMs === 0)) continue
    for (const waiter of client) {
      if ((found && had === least && waiter.request.usedMs >= found.request.usedMs) || !mayHave(waiter)) continue
      found = waiter
      least = had
      if (waiter.request.usedMs === 0) break
    }
  }
  return found
}

function newestOf({ clients }: AddressQueue): Waiter | undefined {
  const client = most(clients.values(), ({ newcomers }) => newcomers.size)
  return client && last(client.newcomers)
}

/** The one of which there is most, of equals the last; undefined where there is none. */
function most<T>(all: Iterable<T>, count: (one: T) => number): T | undefined {
  let found: T | undefined
  let highest = 0
  for (const one of all) {
    const size = count(one)
    if (size === 0 || size < highest) continue
    found = one
    highest = size
  }
  return found
}

function last<T>(all: Iterable<T>): T | undefined {
  let newest: T | undefined
  for (const one of all) newest = one
  return newest
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
