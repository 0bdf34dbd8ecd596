import { GeoduckError } from '../errors.ts'

/** A plan that has ended two workers is taken to be the reason. */
const DEATHS = 2
const MINUTES = 10

/** Remembers which plans ended worker processes, so that one question can't keep killing them. */
export class Quarantine {
  readonly #deaths = new Map<string, { count: number; until: number }>()

  /** @throws QUARANTINED */
  check(digest: string): void {
    const entry = this.#deaths.get(digest)
    if (!entry || entry.count < DEATHS) return
    const wait = entry.until - Date.now()
    if (wait <= 0) {
      this.#deaths.delete(digest)
      return
    }
    const retryAfter = Math.ceil(wait / 1_000)
    throw new GeoduckError(
      'QUARANTINED',
      `This query has ended ${DEATHS} worker processes and is refused for ${retryAfter} s; narrow it.`,
      {
        details: { retryAfter },
      },
    )
  }

  /** A worker died under the plan. */
  blame(digest: string): void {
    const now = Date.now()
    for (const [known, entry] of this.#deaths) if (entry.until < now) this.#deaths.delete(known)
    const count = (this.#deaths.get(digest)?.count ?? 0) + 1
    this.#deaths.set(digest, { count, until: now + MINUTES * 60_000 })
  }
}
