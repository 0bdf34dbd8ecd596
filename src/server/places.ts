/** Operations that are open, by address and client. */

import type { Asker } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

/** Seconds. */
const RETRY_AFTER = 1

interface Address {
  open: number
  readonly clients: Map<string, number>
}

export class Places {
  readonly #most: number
  readonly #addresses = new Map<string, Address>()

  /** `most`: of one address. */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * Null, and the place is taken; or why there is none. A client has no more places than its address has left: so one connection takes at most
   * half of them, and there is one left for the next connection until many share them.
   */
  take({ client, address = client }: Asker): GeoduckError | null {
    const taken = this.#addresses.get(address) ?? { open: 0, clients: new Map<string, number>() }
    const own = taken.clients.get(client) ?? 0
    if (own >= this.#most - taken.open) return this.#refusal()
    taken.open++
    taken.clients.set(client, own + 1)
    this.#addresses.set(address, taken)
    return null
  }

  leave({ client, address = client }: Asker): void {
    const taken = this.#addresses.get(address)
    if (!taken) return
    const own = (taken.clients.get(client) ?? 0) - 1
    if (own > 0) taken.clients.set(client, own)
    else taken.clients.delete(client)
    taken.open--
    if (taken.open === 0) this.#addresses.delete(address)
  }

  #refusal(): GeoduckError {
    const message = `Operations of one address: at most ${this.#most} at a time (--max-address-operations), of one connection no more than are left; end some, or ask again in ${RETRY_AFTER} s.`
    return new GeoduckError('OVERLOADED', message, { details: { retryAfter: RETRY_AFTER } })
  }
}
