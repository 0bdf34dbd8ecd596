/** Which addresses have asked for something new in the last three seconds. */

/** Who moves a map asks again within them. So long one worker of a lane may stand idle for the sake of an address that does not ask again. */
const LATELY_MS = 3_000

export class Lately {
  /** When each asked last, the one that asked longest ago first. */
  readonly #asked = new Map<string, number>()

  asked(address: string): void {
    this.#asked.delete(address)
    this.#asked.set(address, performance.now())
  }

  /** Whether there is one among them for which `holds`. */
  some(holds: (address: string) => boolean): boolean {
    const since = performance.now() - LATELY_MS
    for (const [address, at] of this.#asked) {
      if (at < since) this.#asked.delete(address)
      else if (holds(address)) return true
    }
    return false
  }
}
