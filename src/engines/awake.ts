/**
 * Time as this process lives it. A process that is suspended (SIGSTOP, a laptop's sleep, a paused container) finds all of its timers overdue
 * when it goes on, before it has read a single message of those it would accuse of being late. So the shared clock leaves out every gap in
 * the event loop, and a timer on it never fires right after one.
 */

/** Between two looks at the clock. Each costs some microseconds. */
const LOOK_MS = 500
/** A look that comes later than this after the one before follows a gap. A busy machine is late by less. */
const GAP_MS = 1_500
/** What others have, after a gap, to be heard. */
const GRACE_MS = 2_000
/** Node fires a longer one at once. */
const LONGEST_MS = 2 ** 31 - 1

let lookedAt = performance.now()
let gaps = 0
let wokeAt = Number.NEGATIVE_INFINITY

/** Milliseconds that this process has been awake, from some moment on. Never goes back, whatever the wall clock does. */
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

/** Whether the process has only just gone on after a gap: what seems overdue may have had no chance yet. */
export function justWoke(): boolean {
  return awakeNow() < wokeAt + GRACE_MS
}

/** Calls back once, after so many milliseconds awake, and after a gap no sooner than others can have been heard. */
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

  /** It does not keep the process alive. */
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

/** Like `AbortSignal.timeout`. */
export function awakeSignal(ms: number): AbortSignal {
  const controller = new AbortController()
  new AwakeTimer(ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))).unref()
  return controller.signal
}

/** Resolves after so many milliseconds awake, or when `signal` is aborted; it does not keep the process alive. */
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
