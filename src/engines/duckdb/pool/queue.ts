/**
 * Those who wait for a worker, by address and client. Each address has the same right to the places of a full queue, and so has each client of an
 * address: a place is found, or taken from another, without a look at all who wait.
 */
import type { GeoduckError } from '../../../model/errors.ts'
import type { Claim } from './scheduler.ts'
import type { Slot } from './slot.ts'

export interface Waiter {
  readonly claim: Claim
  readonly since: number
  readonly grant: (slot: Slot) => void
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

  of({ claim }: Waiter): Set<Waiter> {
    return claim.served === 0 ? this.newcomers : this.begun
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

export class Queue {
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
    const client = this.#addresses.get(waiter.claim.address)?.clients.get(waiter.claim.client)
    return client?.of(waiter).has(waiter) ?? false
  }

  add(waiter: Waiter): void {
    const { address: name, client: clientName } = waiter.claim
    const address = this.#addresses.get(name) ?? new AddressQueue()
    const client = address.clients.get(clientName) ?? new ClientQueue()
    this.#addresses.set(name, address)
    address.clients.set(clientName, client)
    client.of(waiter).add(waiter)
    this.#count(address, waiter, 1)
  }

  delete(waiter: Waiter): void {
    const { address: name, client: clientName } = waiter.claim
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
  displacedBy({ address: name, client: clientName }: Claim): Waiter | undefined {
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

  #count(address: AddressQueue, { claim }: Waiter, by: 1 | -1): void {
    this.#size += by
    address.size += by
    if (claim.served === 0) address.newcomers += by
  }
}

export interface Order {
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
    if (had > least || (had === least && found?.claim.served === 0)) continue
    for (const waiter of client) {
      if ((found && had === least && waiter.claim.served >= found.claim.served) || !mayHave(waiter)) continue
      found = waiter
      least = had
      if (waiter.claim.served === 0) break
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
