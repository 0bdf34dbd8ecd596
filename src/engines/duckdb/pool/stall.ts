import { AwakeTimer } from '../../awake.ts'
import type { Turn } from './turn.ts'

/** A worker whose client does not read is given up after this long... */
const PARK_MS = 1_000
/** ...and this soon when others wait; taking it up again costs about 15 ms of it. */
const PARK_UNDER_PRESSURE_MS = 50

export interface StallOptions {
  /** Milliseconds. */
  readonly stallMs: number
  /** Whether others wait for a worker. */
  readonly pressure: () => boolean
  /** Give the worker up and keep the place. */
  readonly onPark: () => void
  /** Give the operation up. */
  readonly onStalled: () => void
}

/** Watches a client that is slow to read. */
export class StallWatch {
  readonly #options: StallOptions
  #park: AwakeTimer | undefined
  #stall: AwakeTimer | undefined
  #since: number | null = null

  constructor(options: StallOptions) {
    this.#options = options
  }

  /** The client asks for the next batch. */
  reads(): void {
    this.#park?.clear()
    this.#stall?.clear()
    this.#park = undefined
    this.#stall = undefined
    this.#since = null
  }

  /** A batch lies ready, or is on its way out; the worker may have used up its credit. */
  waits(turn: Turn | null): void {
    this.#stall ??= new AwakeTimer(this.#options.stallMs, this.#options.onStalled)
    if (!turn?.stalled || this.#since !== null) return
    this.#since = performance.now()
    this.#park = new AwakeTimer(this.#options.pressure() ? PARK_UNDER_PRESSURE_MS : PARK_MS, this.#options.onPark)
  }

  /** Others begin to wait for a worker. */
  pressed(): void {
    if (this.#since === null) return
    this.#park?.clear()
    const left = Math.max(0, PARK_UNDER_PRESSURE_MS - (performance.now() - this.#since))
    this.#park = new AwakeTimer(left, this.#options.onPark)
  }

  close(): void {
    this.reads()
  }
}
