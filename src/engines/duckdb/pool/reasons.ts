/** More would only repeat themselves. */
const MOST = 10

/** Why executions went on elsewhere, for whoever looks after the server. */
export class Reasons {
  #count = 0
  #last: readonly string[] = []

  /** Newest first. */
  get told(): { readonly count: number; readonly lastReason: string | null; readonly lastReasons: readonly string[] } {
    return { count: this.#count, lastReason: this.#last[0] ?? null, lastReasons: this.#last }
  }

  add(reason: string): void {
    this.#count++
    this.#last = [reason, ...this.#last].slice(0, MOST)
  }
}
