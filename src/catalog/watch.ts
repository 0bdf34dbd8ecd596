/**
 * Notices added, removed and changed files, and changed objects of other machines. It looks at them repeatedly. It uses no events of the system. These events are not sent for network shares
 * and many container mounts, need a kernel watch per file, and are lost if a folder is renamed or a link changes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '../model/remote-source.ts'
import { candidateFiles } from './find-sources.ts'
import type { RemoteObjects } from './remote/remote-objects.ts'
import type { CatalogLog } from './source.ts'
import { statOf } from './sources/file-source.ts'
import type { OpenStores } from './stores/store.ts'

/**
 * A change is accepted when two looks in this interval show the same, so that a file is not read while it is written or copied.
 */
const LOOK_MS = 500
/** The limit of that wait, so that a file that is written all the time does not delay the others. */
const MOST_WAIT_MS = 10_000
/** The maximum share of one processor, for any number of files. */
const SHARE = 0.02

export interface WatchOptions {
  /** Files, folders and patterns. */
  readonly paths: () => readonly string[]
  /** Files that no argument names: logs and parts of sources, the configuration. */
  readonly files: () => readonly string[]
  readonly stores: OpenStores
  /** Returns the objects of other machines, if there are any. */
  readonly objects: () => Promise<RemoteObjects | null>
  /** Updates the catalogue. */
  readonly update: () => Promise<void>
  readonly log: CatalogLog
}

/**
 * Returns device, inode, size and time of every file that the arguments contain or may contain later, as text. Another text means that something has
 * changed. Links are followed: a changed link is another file. It takes about 30 µs per file, and opens no file.
 */
export async function stampsOf(
  paths: readonly string[],
  files: readonly string[],
  stores: OpenStores,
  objects: RemoteObjects | null = null,
): Promise<string> {
  const candidates = await candidateFiles(paths, stores)
  const all = new Set([...files, ...candidates])
  // A list of objects is older than the look at one of them, so it may change later than the stamp.
  const listed = [...candidates].filter(isObject)
  return JSON.stringify([await statOf([...all].sort(), objects), listed])
}

export class Watch {
  readonly #options: WatchOptions
  readonly #over = new AbortController()
  readonly #loop: Promise<void>

  /** @param taken the stamps when the catalogue was made, or older ones */
  constructor(options: WatchOptions, taken: string) {
    this.#options = options
    this.#loop = this.#run(taken)
  }

  /** Resolves when no update is running. */
  async close(): Promise<void> {
    this.#over.abort()
    await this.#loop
  }

  async #run(first: string): Promise<void> {
    const { paths, files, stores, objects, update, log } = this.#options
    let [taken, last] = [first, first]
    let changedAt = Number.POSITIVE_INFINITY
    for (let pause = LOOK_MS; await this.#waited(pause); ) {
      const [began, used] = [performance.now(), process.cpuUsage()]
      try {
        const now = await stampsOf(paths(), files(), stores, await objects())
        // On a busy machine, a look takes much longer than its work.
        const { user, system } = process.cpuUsage(used)
        pause = Math.max(LOOK_MS, Math.min(performance.now() - began, (user + system) / 1_000) / SHARE)
        changedAt = now === taken ? Number.POSITIVE_INFINITY : Math.min(changedAt, began)
        // All changes that have settled by now are handled together.
        if (now !== taken && (now === last || began - changedAt > MOST_WAIT_MS)) {
          await update()
          taken = now
          changedAt = Number.POSITIVE_INFINITY
        }
        last = now
      } catch (error) {
        if (!this.#over.signal.aborted) log.warn({ err: error }, 'changed files could not be read, trying again')
      }
    }
  }

  async #waited(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {})
    return !this.#over.signal.aborted
  }
}
