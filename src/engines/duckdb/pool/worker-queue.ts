import type { GeoduckError } from '../../../model/errors.ts'
import type { WorkerRequest } from './scheduler.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** An operation that waits for a worker. */
export interface Waiter {
  readonly request: WorkerRequest
  readonly since: number
  readonly grant: (worker: WorkerSupervisor) => void
  readonly refuse: (error: GeoduckError) => void
  /** Removes it from the queue. It is called once, whether it gets a worker or not. */
  dequeue(): void
}

/** The waiting operations of one client. */
class ClientQueue {
  /** Operations that have had no worker yet. */
  readonly newcomers = new Set<Waiter>()
  /** Operations that have had a worker. They are never refused. */
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

/**
 * The operations that wait for a worker, by address and client. All addresses have the same right to a full queue, and so have
 * all clients of an address. It finds the next operation, or the one to refuse, without reading every waiting operation.
 */
export class WorkerQueue {
  readonly #addresses = new Map<string, AddressQueue>()
  #size = 0

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    for (const { clients } of this.#addresses.values()) for (const client of clients.values()) yield* client
  }

  /**
   * Counts the waiting operations of the addresses for which `counts` is true, and those among them that have had no worker
   * yet.
   */
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
   * Returns the operation to refuse so that `request` can wait in a full queue. It is the newest operation of the address with
   * the most operations, if that address has more of them than the request's address would have. Otherwise the same rule
   * applies to the clients of the request's address. Undefined if the request's address and client have their share.
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
   * Returns the next operation: the address with the least worker time, there the client with the least, there the operation
   * with the least. Among equals the oldest is first.
   */
  first({ addressMayRun, mayRun, addressTime, clientTime }: Order): Waiter | undefined {
    let found: Waiter | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [name, { clients }] of this.#addresses) {
      const usedMs = addressTime(name)
      if (usedMs >= least || !addressMayRun(name)) continue
      const waiter = firstOf(name, clients, mayRun, clientTime)
      if (!waiter) continue
      found = waiter
      least = usedMs
    }
    return found
  }

  #count(address: AddressQueue, { request }: Waiter, by: 1 | -1): void {
    this.#size += by
    address.size += by
    if (request.usedMs === 0) address.newcomers += by
  }
}

export interface Order {
  /** Returns true if the address may get a worker. */
  readonly addressMayRun: (address: string) => boolean
  /** Returns true if the operation may get a worker. */
  readonly mayRun: (waiter: Waiter) => boolean
  /** Returns the worker time of the address in milliseconds. */
  readonly addressTime: (address: string) => number
  readonly clientTime: (address: string, client: string) => number
}

function firstOf(
  address: string,
  clients: ReadonlyMap<string, ClientQueue>,
  mayRun: Order['mayRun'],
  clientTime: Order['clientTime'],
): Waiter | undefined {
  let found: Waiter | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [name, client] of clients) {
    const usedMs = clientTime(address, name)
    // No operation has had less worker time than a newcomer.
    if (usedMs > least || (usedMs === least && found?.request.usedMs === 0)) continue
    for (const waiter of client) {
      if ((found && usedMs === least && waiter.request.usedMs >= found.request.usedMs) || !mayRun(waiter)) continue
      found = waiter
      least = usedMs
      if (waiter.request.usedMs === 0) break
    }
  }
  return found
}

function newestOf({ clients }: AddressQueue): Waiter | undefined {
  const client = most(clients.values(), ({ newcomers }) => newcomers.size)
  return client && last(client.newcomers)
}

/** Returns the element with the highest count, the last among equals; undefined if no element has any. */
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
