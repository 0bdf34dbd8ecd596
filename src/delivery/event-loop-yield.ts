import { setImmediate as immediate } from 'node:timers/promises'

/** Milliseconds of work between two chances for others. */
const MOST_MS = 5

/** Lets the event loop turn between the parts of one operation's work: what is large is not done in one go. */
export class EventLoopYield {
  #since = performance.now()

  /** Resolves at once, or after the loop has turned if the last time was a while ago. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#since < MOST_MS) return
    // The first runs in the very turn that asks for it, before any socket is looked at.
    await immediate()
    await immediate()
    this.#since = performance.now()
  }

  /** The values one after the other, for a list whose items each take a while to complete. */
  spread<Value>(values: readonly Value[]): Promise<Value>[] {
    let before = Promise.resolve()
    return values.map((value) => {
      before = before.then(() => this.yieldIfDue())
      return before.then(() => value)
    })
  }

  /** What the generator returns; it stops where others may come in between. */
  async run<Value>(work: Generator<undefined, Value>): Promise<Value> {
    for (;;) {
      const { done, value } = work.next()
      if (done) return value
      await this.yieldIfDue()
    }
  }
}
