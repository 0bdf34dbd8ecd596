/** How much of the workers' time addresses have had, and each one's clients, as long as they ask for more. */
import type { Claim } from './scheduler.ts'

type Named = Pick<Claim, 'client' | 'address'>

/** A share begins level with the smallest beside it, not with a credit from the past. */
class Shares {
  readonly #shares = new Map<string, Share>()

  get(name: string): Share | undefined {
    return this.#shares.get(name)
  }

  open(name: string): Share {
    const share = this.#shares.get(name) ?? new Share(this.#least())
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
    for (const { served } of this.#shares.values()) least = Math.min(least, served)
    return Number.isFinite(least) ? least : 0
  }
}

class Share {
  /** Milliseconds. */
  served: number
  claims = 0
  /** Of an address. */
  readonly clients = new Shares()

  constructor(served: number) {
    this.served = served
  }
}

export class Served {
  readonly #addresses = new Shares()

  open({ client, address }: Named): void {
    this.#addresses.open(address).clients.open(client)
  }

  close({ client, address }: Named): void {
    this.#addresses.get(address)?.clients.close(client)
    this.#addresses.close(address)
  }

  charge(claim: Claim, ms: number): void {
    claim.served += ms
    const address = this.#addresses.get(claim.address)
    const client = address?.clients.get(claim.client)
    if (address) address.served += ms
    if (client) client.served += ms
  }

  /** Milliseconds that the address has had. */
  address(name: string): number {
    return this.#addresses.get(name)?.served ?? 0
  }

  /** Milliseconds that the client has had, to be compared with other clients of its address. */
  client(address: string, name: string): number {
    return this.#addresses.get(address)?.clients.get(name)?.served ?? 0
  }
}
