/**
 * Tells a worker that is frozen (SIGSTOP, a paused container, a debugger) from one that is busy. A busy worker answers a probe within
 * milliseconds, since its engine works in other threads; where its main thread is held up, its processor time goes on.
 */
import { readFileSync } from 'node:fs'
import { AwakeTimer } from '../../awake.ts'

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

/**
 * As text; null where the system does not tell it. That of all threads is told in ticks of 10 ms, that of the main thread in nanoseconds, so that
 * a process that is starved by others shows the little that it got. 40 us.
 */
function processorTime(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The command's name may hold spaces; it ends with the last parenthesis. User and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return `${fields[11]} ${fields[12]} ${read(`/proc/${pid}/schedstat`)}`
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
