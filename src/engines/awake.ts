/**
 * A clock that counts only the time in which this process runs. When a suspended process resumes (after SIGSTOP, a laptop's
 * sleep, a paused container), all of its timers are overdue, although it has not yet read the messages that arrived. It would
 * treat others as late that are not. So this clock leaves out every gap in the event loop, and its timers never fire right
 * after a gap.
 */

/** Milliseconds between two readings of the clock. A reading costs some microseconds. */
const LOOK_MS = 500
/** Milliseconds between two readings that mean a gap. On a busy machine a reading is late by less. */
const GAP_MS = 1_500
/** Milliseconds after a gap in which others may still deliver their messages. */
const GRACE_MS = 2_000
/** The longest delay that Node accepts. A timer with a longer delay fires at once. */
const LONGEST_MS = 2 ** 31 - 1

let lookedAt = performance.now()
let gaps = 0
let wokeAt = Number.NEGATIVE_INFINITY

/**
 * Returns the milliseconds that this process has been awake since an arbitrary moment. It never decreases, also if the wall
 * clock is set back.
 */
export function awakeNow(): number {
  const now = performance.now()
  if (now - lookedAt > GAP_MS) {
    gaps += now - lookedAt - LOOK_MS
    wokeAt = now - gaps
  }
  lookedAt = now
  return now - gaps
}

setInterval(awakeNow, LOOK_MS).unref()

/** Returns true shortly after a gap: a message that seems overdue may only be unread. */
export function justWoke(): boolean {
  return awakeNow() < wokeAt + GRACE_MS
}

/** Calls `onDue` once, after `ms` milliseconds awake. After a gap it waits until the messages of others can have been read. */
export class AwakeTimer {
  readonly #due: number
  readonly #grace: number
  readonly #onDue: () => void
  #timer: NodeJS.Timeout | undefined
  #referenced = true

  constructor(ms: number, onDue: () => void) {
    this.#due = awakeNow() + ms
    this.#grace = Math.min(ms, GRACE_MS)
    this.#onDue = onDue
    this.#wait(ms)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  /** Lets the process end while the timer runs. */
  unref(): this {
    this.#referenced = false
    this.#timer?.unref()
    return this
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), Math.min(ms, LONGEST_MS))
    if (!this.#referenced) this.#timer.unref()
  }

  #check(): void {
    const now = awakeNow()
    const left = Math.max(this.#due, wokeAt + this.#grace) - now
    if (left > 0) this.#wait(left)
    else this.#onDue()
  }
}

/** Returns a signal like that of `AbortSignal.timeout`, on this clock. */
export function awakeSignal(ms: number): AbortSignal {
  const controller = new AbortController()
  new AwakeTimer(ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))).unref()
  return controller.signal
}

/** Resolves after `ms` milliseconds awake, or when `signal` is aborted. It does not keep the process alive. */
export function awakeSleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      timer.clear()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = new AwakeTimer(ms, done).unref()
    signal?.addEventListener('abort', done)
  })
}
