/**
 * Sees that files have come, gone or changed. By looking, not by the system's events: those are not told of network shares and of many
 * containers' mounts, cost a kernel watch for each file, and are lost where a folder is renamed or a link leads elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogLog } from './catalog.ts'

/** A change is taken up when two looks, this far apart, show the same: what is being written or copied is waited for. */
const LOOK_MS = 500
/** Not for ever: a file that is written to all the time does not hold up the others. */
const MOST_WAIT_MS = 10_000
/** Of one processor, at most, whatever the number of files. */
const SHARE = 0.02

export interface WatchOptions {
  /** The same text for the same files. */
  readonly picture: () => Promise<string>
  /** Brings the catalogue up to date. */
  readonly takeUp: () => Promise<void>
  readonly log: CatalogLog
}

export class Watch {
  readonly #options: WatchOptions
  readonly #over = new AbortController()
  readonly #loop: Promise<void>

  /** `taken` is the picture that the catalogue was made of, or an older one. */
  constructor(options: WatchOptions, taken: string) {
    this.#options = options
    this.#loop = this.#run(taken)
  }

  /** Resolves when nothing is being taken up any more. */
  async close(): Promise<void> {
    this.#over.abort()
    await this.#loop
  }

  async #run(first: string): Promise<void> {
    let [taken, last] = [first, first]
    let changedAt = Number.POSITIVE_INFINITY
    for (let pause = LOOK_MS; await this.#waited(pause); ) {
      const began = performance.now()
      try {
        const now = await this.#options.picture()
        pause = Math.max(LOOK_MS, (performance.now() - began) / SHARE)
        changedAt = now === taken ? Number.POSITIVE_INFINITY : Math.min(changedAt, began)
        // One change or a hundred: all that has settled by now is taken up at once.
        if (now !== taken && (now === last || began - changedAt > MOST_WAIT_MS)) {
          await this.#options.takeUp()
          taken = now
          changedAt = Number.POSITIVE_INFINITY
        }
        last = now
      } catch (error) {
        if (!this.#over.signal.aborted)
          this.#options.log.warn({ err: error }, 'changed files could not be taken up, trying again')
      }
    }
  }

  async #waited(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {})
    return !this.#over.signal.aborted
  }
}
