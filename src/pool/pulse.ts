/**
 * Tells a worker that is frozen (SIGSTOP, a paused container, a debugger) from one that is busy. A busy worker answers a probe within
 * milliseconds, since its engine works in other threads; where its main thread is held up, its processor time goes on.
 */
import { readFileSync } from 'node:fs'
import { AwakeTimer } from './awake.ts'

/** A worker that does not begin to answer within this time is asked... */
const FIRST_QUIET_MS = 250
/** ...and later one that has been silent for this long... */
const QUIET_MS = 1_000
/** ...and has this long to answer. */
const ANSWER_MS = 2_000

export interface PulseOptions {
  readonly pid: number
  /** Sends a probe, if there is a way to the worker. */
  readonly probe: () => void
  /** Called once. */
  readonly onFrozen: () => void
  /** @default 2,000 */
  readonly answerMs?: number
}

export class Pulse {
  readonly #options: PulseOptions
  #timer: AwakeTimer
  #heard = false
  /** Its processor time when it was asked; undefined: it has not been. */
  #asked: string | null | undefined

  /** Watches until it is closed. */
  constructor(options: PulseOptions) {
    this.#options = options
    this.#timer = this.#quiet(FIRST_QUIET_MS)
  }

  /** Something came from the worker. */
  sign(): void {
    this.#heard = true
  }

  /** Asks at once. */
  ask(): void {
    this.#timer.clear()
    this.#heard = false
    this.#asked = processorTime(this.#options.pid)
    this.#options.probe()
    this.#timer = new AwakeTimer(this.#options.answerMs ?? ANSWER_MS, () => this.#judge())
  }

  /** It was asked, has not answered, and has used no processor time since. */
  get gone(): boolean {
    return this.#asked !== undefined && !this.#heard && processorTime(this.#options.pid) === this.#asked
  }

  close(): void {
    this.#timer.clear()
  }

  #quiet(ms: number): AwakeTimer {
    return new AwakeTimer(ms, () => (this.#heard ? this.#rest() : this.ask()))
  }

  #rest(): void {
    this.#heard = false
    this.#asked = undefined
    this.#timer = this.#quiet(QUIET_MS)
  }

  #judge(): void {
    if (this.#heard) this.#rest()
    else if (this.gone) this.#options.onFrozen()
    else this.ask()
  }
}

/** As text, in clock ticks of 10 ms; null where the system does not tell it. 20 us. */
function processorTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name may hold spaces; it ends with the last parenthesis. User and system time are fields 14 and 15.
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .join(' ')
  } catch {
    return null
  }
}
