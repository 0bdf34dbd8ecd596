/** Who has which worker: what nobody may have more than half of while others wait. */
import type { Claim } from './scheduler.ts'

/** Connection and address: each is held to its half, so that neither many sockets nor many operations on one help. */
const GROUPS = [(claim: Claim) => claim.client, (claim: Claim) => claim.address] as const

export class Holders {
  readonly #most: number
  /** By worker, in the order in which they were granted. */
  readonly #claims = new Map<unknown, Claim>()

  constructor(workers: number) {
    // Of one worker there is no half.
    this.#most = Math.max(1, Math.floor(workers / 2))
  }

  granted(worker: unknown, claim: Claim): void {
    this.#claims.delete(worker)
    this.#claims.set(worker, claim)
  }

  /** It is idle. Who had it, if that is not known yet. */
  freed(worker: unknown): Claim | undefined {
    const claim = this.#claims.get(worker)
    this.#claims.delete(worker)
    return claim
  }

  /** Whether it had one still. */
  ended(claim: Claim): boolean {
    const held = [...this.#claims].find(([, holder]) => holder === claim)
    return held !== undefined && this.#claims.delete(held[0])
  }

  /** Those of the waiting that may have one more worker; all of them when none may, since an idle worker serves nobody. */
  entitled<W extends { readonly claim: Claim }>(waiting: ReadonlySet<W>): readonly W[] {
    const all = [...waiting]
    const full = GROUPS.map((of) => {
      const others = new Set(all.map(({ claim }) => of(claim))).size > 1
      return { of, names: others ? this.#namesAbove(of, this.#most - 1) : new Set<string>() }
    })
    const entitled = all.filter(({ claim }) => full.every(({ of, names }) => !names.has(of(claim))))
    return entitled.length > 0 ? entitled : all
  }

  /** The last one to be granted a worker beyond its group's half, where one of another group waits. */
  excessive(waiting: readonly Claim[]): Claim | null {
    for (const of of GROUPS) {
      const above = this.#namesAbove(of, this.#most)
      const excess = [...this.#claims.values()].findLast(
        (holder) => above.has(of(holder)) && waiting.some((claim) => of(claim) !== of(holder)),
      )
      if (excess) return excess
    }
    return null
  }

  #namesAbove(of: (claim: Claim) => string, most: number): Set<string> {
    const held = new Map<string, number>()
    for (const claim of this.#claims.values()) held.set(of(claim), (held.get(of(claim)) ?? 0) + 1)
    return new Set([...held].filter(([, count]) => count > most).map(([name]) => name))
  }
}
