import { type MemoryShare, memoryShare } from './memory.ts'

/** Between two looks; each costs about 0.1 ms a worker. */
const EVERY_MS = 500

/** Looks at the workers' memory again and again, so that work can be sent elsewhere before it fails. */
export class MemoryWatch {
  now: MemoryShare = { share: 0, limit: null }
  readonly #most: number
  readonly #timer: NodeJS.Timeout

  /** Above `most` of the nearest limit, e.g. 0.8, there is pressure. */
  constructor(pids: () => readonly number[], residentBytes: number, most: number) {
    this.#most = most
    this.#timer = setInterval(() => (this.now = memoryShare(pids(), residentBytes)), EVERY_MS).unref()
  }

  /** In words, or null where there is none. */
  get pressure(): string | null {
    if (this.now.share <= this.#most) return null
    return `memory is above ${Math.round(this.#most * 100)} % of its limit`
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
