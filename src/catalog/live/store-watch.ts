/** Looks at a live store that another process of this machine writes to: soon after each commit, and repeatedly for systems that send no events. */
import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import { storeFile } from '../../engines/duckdb/host/live-files.ts'

/**
 * Milliseconds from a write to SQLite's log to the looks that follow it. The write sends the event, but its commit is visible only when the log is
 * on the disk, which takes from less than one millisecond to some tens.
 */
const LOOKS_MS = [1, 3, 7, 15, 30, 60]

export class StoreWatch {
  readonly #look: () => void
  readonly #interval: NodeJS.Timeout
  readonly #watcher: FSWatcher | null
  #next: NodeJS.Timeout | undefined

  /** @param everyMs milliseconds between two looks without an event */
  constructor(directory: string, everyMs: number, look: () => void) {
    this.#look = look
    this.#interval = setInterval(look, everyMs).unref()
    this.#watcher = this.#watch(directory)
  }

  close(): void {
    clearInterval(this.#interval)
    clearTimeout(this.#next)
    this.#watcher?.close()
  }

  /** Null: the system has no more watches, or none for this folder. */
  #watch(directory: string): FSWatcher | null {
    const log = `${path.basename(storeFile(directory))}-wal`
    try {
      // The folder, because the log is another file when the writer starts again.
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        if (name === null || name === log) this.#lookSoon(0)
      })
      // The repeated looks remain.
      return watcher.on('error', () => watcher.close())
    } catch {
      return null
    }
  }

  /** All looks follow, also after one that has seen a commit: that may be an earlier one. */
  #lookSoon(n: number): void {
    clearTimeout(this.#next)
    if (n === LOOKS_MS.length) return
    this.#next = setTimeout(
      () => {
        this.#look()
        this.#lookSoon(n + 1)
      },
      LOOKS_MS[n]! - (LOOKS_MS[n - 1] ?? 0),
    ).unref()
  }
}
