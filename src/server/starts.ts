/**
 * When an operation starts: one of each address in a turn of the event loop, in the order in which they came. To read, check and start an
 * operation takes 0.3 ms and more; hundreds that arrive at once would hold up everybody for as long as all of them take.
 */
export class Starts {
  /** Of each address that has started one in this turn: those that wait for the next ones. */
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Resolves when an operation of the address may start. */
  async next(address: string): Promise<void> {
    const waiting = this.#waiting.get(address)
    if (waiting) return await new Promise((start) => waiting.push(start))
    if (this.#waiting.size === 0) setImmediate(this.#turn)
    this.#waiting.set(address, [])
  }

  readonly #turn = () => {
    for (const [address, waiting] of this.#waiting) {
      const start = waiting.shift()
      if (start) start()
      else this.#waiting.delete(address)
    }
    if (this.#waiting.size > 0) setImmediate(this.#turn)
  }
}
