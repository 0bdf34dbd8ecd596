/**
 * Remembers which questions ended worker processes, so that none can keep killing them. A question that ended one is suspected: for a while it
 * runs in the serial lane only, where nothing else runs beside it. If it ends that worker too, it is refused for a minute, and after that runs
 * alone again.
 *
 * A question is known by its statement and values without `first`, `limit` and `after`. What is refused is a question with these, since a
 * smaller page may never reach the feature that kills; but what has killed alone in two forms is refused in every form, so that nobody goes on by
 * counting up a limit.
 */
import { GeoduckError } from '../../../model/errors.ts'

const REFUSED_MS = 60_000
/** From a question's last death on. Longer than a refusal: after that it runs alone first. */
const SUSPECTED_MS = 2 * REFUSED_MS
/** Forms of a question that have killed alone, beyond which every form is refused. */
const MOST_FORMS = 2

interface Suspect {
  until: number
  /** By form, until when. */
  readonly refused: Map<string, number>
}

export class Quarantine {
  readonly #suspects = new Map<string, Suspect>()
  readonly #now: () => number

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether it is suspected, and may only run alone. `form`: what is asked of it, e.g. its limit. @throws QUARANTINED */
  admit(question: string, form: string): boolean {
    const suspect = this.#suspect(question)
    if (!suspect) return false
    const now = this.#now()
    const refused = [...suspect.refused].filter(([, until]) => until > now)
    const concerned = refused.length >= MOST_FORMS ? refused : refused.filter(([of]) => of === form)
    if (concerned.length > 0) throw refusal(Math.max(...concerned.map(([, until]) => until)) - now)
    return true
  }

  /** A worker ended under it by something that a plan can cause; `alone`: in the serial lane. */
  blame(question: string, form: string, alone: boolean): void {
    const now = this.#now()
    for (const [known, { until }] of this.#suspects) if (until <= now) this.#suspects.delete(known)
    const suspect = this.#suspects.get(question)
    const until = now + SUSPECTED_MS
    if (!suspect) {
      this.#suspects.set(question, { until, refused: new Map() })
      return
    }
    suspect.until = until
    if (alone) suspect.refused.set(form, now + REFUSED_MS)
  }

  #suspect(question: string): Suspect | null {
    const suspect = this.#suspects.get(question)
    return suspect && suspect.until > this.#now() ? suspect : null
  }
}

function refusal(ms: number): GeoduckError {
  const retryAfter = Math.ceil(ms / 1_000)
  const message = `This query has ended worker processes, the last one while it ran alone, and is refused for ${retryAfter} s; narrow it.`
  return new GeoduckError('QUARANTINED', message, { details: { retryAfter } })
}
