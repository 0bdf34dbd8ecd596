/** Who has which worker: what nobody may have more than half of while others wait. */
import type { Claim } from './scheduler.ts'

/** Connection and address: each is held to its half, so that neither many sockets nor many operations on one help. */
const GROUPS = ['client', 'address'] as const

type Group = (typeof GROUPS)[number]

export class Holders {
  /** Of one worker there is no half. */
  readonly most: number
  /** By worker, in the order in which they were granted. */
  readonly #claims = new Map<unknown, Claim>()
  readonly #counts: Readonly<Record<Group, Map<string, number>>> = { client: new Map(), address: new Map() }

  constructor(workers: number) {
    this.most = Math.max(1, Math.floor(workers / 2))
  }

  granted(worker: unknown, claim: Claim): void {
    this.freed(worker)
    this.#claims.set(worker, claim)
    this.#count(claim, 1)
  }

  /** It is idle. Who had it, if that is not known yet. */
  freed(worker: unknown): Claim | undefined {
    const claim = this.#claims.get(worker)
    if (claim) this.#count(claim, -1)
    this.#claims.delete(worker)
    return claim
  }

  /** Whether it had one still. */
  ended(claim: Claim): boolean {
    const held = [...this.#claims].find(([, holder]) => holder === claim)
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
  excessive(waiting: readonly Claim[]): Claim | null {
    for (const group of GROUPS) {
      const excess = [...this.#claims.values()].findLast(
        (holder) => this.held(group, holder[group]) > this.most && waiting.some((claim) => claim[group] !== holder[group]),
      )
      if (excess) return excess
    }
    return null
  }

  #count(claim: Claim, by: 1 | -1): void {
    for (const group of GROUPS) {
      const count = this.held(group, claim[group]) + by
      if (count === 0) this.#counts[group].delete(claim[group])
      else this.#counts[group].set(claim[group], count)
    }
  }
}
