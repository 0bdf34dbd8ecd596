/** How much of the workers' time clients have had, as long as they ask for more. */
import type { Claim } from './scheduler.ts'

interface Client {
  /** Milliseconds. */
  served: number
  claims: number
}

export class Served {
  readonly #clients = new Map<string, Client>()

  /** A new client starts level with the one that has had least, not with a credit from the past. */
  open(name: string): void {
    const known = this.#clients.get(name)
    if (known) known.claims++
    else this.#clients.set(name, { served: this.#least(), claims: 1 })
  }

  close(name: string): void {
    const client = this.#clients.get(name)
    if (client && --client.claims === 0) this.#clients.delete(name)
  }

  charge(claim: Claim, ms: number): void {
    claim.served += ms
    const client = this.#clients.get(claim.client)
    if (client) client.served += ms
  }

  /** Whether the client of the one has had less than that of the other, or of two operations of one client the one. */
  less(one: Claim, other: Claim): boolean {
    const [had, others] = [one, other].map(({ client }) => this.#clients.get(client)?.served ?? 0) as [number, number]
    return had < others || (had === others && one.served < other.served)
  }

  #least(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { served } of this.#clients.values()) least = Math.min(least, served)
    return Number.isFinite(least) ? least : 0
  }
}
