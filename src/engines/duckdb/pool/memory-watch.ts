import type { MemoryShare } from '../../engine.ts'
import { memoryShare, outOfMemoryKills, residentBytes } from './memory.ts'

/** Between two looks; each costs about 0.1 ms a worker. */
const EVERY_MS = 500
/** The kernel counts a kill at once, and the process may take a while to end: looks that are kept to compare with. */
const KEPT_LOOKS = 6

export interface MemoryWatchOptions {
  /** Workers whose memory decides where new work goes. */
  readonly pids: () => readonly number[]
  /** All others. */
  readonly others: () => readonly number[]
  /** What one of `pids` may hold. */
  readonly residentBytes: number
  /** Above this share of the nearest limit, e.g. 0.8, there is pressure. */
  readonly most: number
}

/** Looks at the workers' memory again and again, so that work can be sent elsewhere before it fails. */
export class MemoryWatch {
  now: MemoryShare = { share: 0, limit: null }
  readonly #options: MemoryWatchOptions
  readonly #timer: NodeJS.Timeout
  #kills: number[] = [outOfMemoryKills()]
  /** Resident bytes by process id; of processes that are gone too, as long as the next look. */
  #resident: ReadonlyMap<number, number> = new Map()
  #residentBefore: ReadonlyMap<number, number> = new Map()

  constructor(options: MemoryWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref()
  }

  /** In words, or null where there is none. */
  get pressure(): string | null {
    const { most } = this.#options
    if (this.now.share <= most) return null
    return `memory is above ${Math.round(most * 100)} % of its limit`
  }

  /** Whether a process that has just been killed was above `limit` bytes, or the kernel has killed one of this group for want of memory. */
  wasOver(pid: number, limit: number): boolean {
    const bytes = this.#resident.get(pid) ?? this.#residentBefore.get(pid) ?? 0
    return bytes > limit || outOfMemoryKills() > this.#kills[0]!
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { pids, others, residentBytes: limit } = this.#options
    const normal = pids()
    this.now = memoryShare(normal, limit)
    this.#residentBefore = this.#resident
    this.#resident = new Map([...normal, ...others()].map((pid) => [pid, residentBytes(pid)]))
    this.#kills = [...this.#kills, outOfMemoryKills()].slice(-KEPT_LOOKS)
  }
}
