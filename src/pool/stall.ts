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
  #park: NodeJS.Timeout | undefined
  #stall: NodeJS.Timeout | undefined
  #since: number | null = null

  constructor(options: StallOptions) {
    this.#options = options
  }

  /** The client asks for the next batch. */
  reads(): void {
    clearTimeout(this.#park)
    clearTimeout(this.#stall)
    this.#park = undefined
    this.#stall = undefined
    this.#since = null
  }

  /** A batch lies ready, or is on its way out; the worker may have used up its credit. */
  waits(turn: Turn | null): void {
    this.#stall ??= setTimeout(this.#options.onStalled, this.#options.stallMs)
    if (!turn?.stalled || this.#since !== null) return
    this.#since = performance.now()
    this.#park = setTimeout(this.#options.onPark, this.#options.pressure() ? PARK_UNDER_PRESSURE_MS : PARK_MS)
  }

  /** Others begin to wait for a worker. */
  pressed(): void {
    if (this.#since === null) return
    clearTimeout(this.#park)
    this.#park = setTimeout(this.#options.onPark, Math.max(0, PARK_UNDER_PRESSURE_MS - (performance.now() - this.#since)))
  }

  close(): void {
    this.reads()
  }
}
