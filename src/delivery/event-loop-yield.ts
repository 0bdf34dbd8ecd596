import { setImmediate as immediate } from 'node:timers/promises'

/** Milliseconds that one operation may work before other operations run. */
const MOST_MS = 5

/** Divides the long work of one operation into parts, between which the event loop runs the work of other operations. */
export class EventLoopYield {
  #since = performance.now()

  /** Resolves at once; if the operation has worked for `MOST_MS`, resolves after the event loop has run other work. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#since < MOST_MS) return
    // The first callback may run before the event loop reads any socket; the second runs after that.
    await immediate()
    await immediate()
    this.#since = performance.now()
  }

  /** Returns one promise per value. Each resolves after the one before, with a pause in between if one is due. */
  spread<Value>(values: readonly Value[]): Promise<Value>[] {
    let before = Promise.resolve()
    return values.map((value) => {
      before = before.then(() => this.yieldIfDue())
      return before.then(() => value)
    })
  }

  /** Runs `work` to its end and returns its result. Other operations may run at each `yield`. */
  async run<Value>(work: Generator<undefined, Value>): Promise<Value> {
    for (;;) {
      const { done, value } = work.next()
      if (done) return value
      await this.yieldIfDue()
    }
  }
}
