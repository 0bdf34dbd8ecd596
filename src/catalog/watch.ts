/**
 * Sees that files have come, gone or changed. By looking, not by the system's events: those are not sent for network shares and for many
 * containers' mounts, cost a kernel watch per file, and are lost where a folder is renamed or a link leads elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { candidateFiles } from './find-sources.ts'
import type { CatalogLog } from './source.ts'
import { statOf } from './sources/file-source.ts'

/** A change is taken up when two looks, this far apart, show the same: what is being written or copied is waited for. */
const LOOK_MS = 500
/** Not for ever: a file that is written to all the time does not hold up the others. */
const MOST_WAIT_MS = 10_000
/** Of one processor, at most, whatever the number of files. */
const SHARE = 0.02

export interface WatchOptions {
  /** Files, folders and patterns. */
  readonly paths: readonly string[]
  /** Files of the sources that no argument names: logs, parts. */
  readonly files: () => readonly string[]
  /** Brings the catalogue up to date. */
  readonly update: () => Promise<void>
  readonly log: CatalogLog
}

/**
 * Device, inode, size and time of every file that the arguments hold or may come to hold, as text: another text means that something has
 * changed. Links are followed: a link that leads elsewhere now is another file. About 30 us per file; nothing is opened.
 */
export async function stampsOf(paths: readonly string[], files: readonly string[]): Promise<string> {
  const all = new Set([...files, ...(await candidateFiles(paths))])
  return JSON.stringify(await statOf([...all].sort()))
}

export class Watch {
  readonly #options: WatchOptions
  readonly #over = new AbortController()
  readonly #loop: Promise<void>

  /** @param taken the stamps of what the catalogue was made of, or older ones */
  constructor(options: WatchOptions, taken: string) {
    this.#options = options
    this.#loop = this.#run(taken)
  }

  /** Resolves when no update is under way any more. */
  async close(): Promise<void> {
    this.#over.abort()
    await this.#loop
  }

  async #run(first: string): Promise<void> {
    const { paths, files, update, log } = this.#options
    let [taken, last] = [first, first]
    let changedAt = Number.POSITIVE_INFINITY
    for (let pause = LOOK_MS; await this.#waited(pause); ) {
      const began = performance.now()
      try {
        const now = await stampsOf(paths, files())
        pause = Math.max(LOOK_MS, (performance.now() - began) / SHARE)
        changedAt = now === taken ? Number.POSITIVE_INFINITY : Math.min(changedAt, began)
        // One change or a hundred: all that has settled by now is taken up at once.
        if (now !== taken && (now === last || began - changedAt > MOST_WAIT_MS)) {
          await update()
          taken = now
          changedAt = Number.POSITIVE_INFINITY
        }
        last = now
      } catch (error) {
        if (!this.#over.signal.aborted) log.warn({ err: error }, 'changed files could not be taken up, trying again')
      }
    }
  }

  async #waited(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {})
    return !this.#over.signal.aborted
  }
}
