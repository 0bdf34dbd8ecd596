/**
 * Files are prepared by processes that live as long as there are some: to start one takes longer than to read a small file. Large files are
 * read one after the other; small ones need not wait for them, nor for one that hangs or ends its process.
 */
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { Preparer } from '../../engines/duckdb/host/preparer.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { progressText } from '../../model/preparation.ts'
import type { CatalogLog } from '../catalog.ts'
import type { ForeignFile } from './foreign-file.ts'
import type { Copy, ForeignLayer } from './foreign-layer.ts'
import { type PreparedCache, reasonOfCache } from './prepared-cache.ts'
import { ProgressClock } from './progress.ts'

/** Of the log, where nobody looks at a bar. */
const TELL_MS = 10_000
/** A file that is written to all the time is given up. */
const MOST_CHANGES = 3
/** What a lane reads at most: one for small files, so that two of them together take hardly more memory than one, and one for all. */
const LANES = [16e6, Number.POSITIVE_INFINITY]
/** How often a file that another server prepares is looked at, when there is nothing else to do. */
const LOOK_MS = 250

const CHANGED = 'it changed while it was read: serve it again when it is whole'

export interface PreparationsOptions {
  readonly spatialExtension: string | null
  readonly cache: PreparedCache
  readonly log: CatalogLog
  readonly onCopy: (layer: ForeignLayer, copy: Copy) => void
  /** `layer` is null where it is the whole file's. */
  readonly onFailure: (file: ForeignFile, layer: ForeignLayer | null, reason: string) => void
}

interface Task {
  readonly file: ForeignFile
  readonly layers: readonly ForeignLayer[]
  readonly resolve: () => void
  /** How often the file has changed while it was prepared. */
  changes: number
}

type Outcome = 'DONE' | 'CHANGED' | 'HELD_BY_ANOTHER'

export class Preparations {
  readonly #options: PreparationsOptions
  readonly #preparers: readonly Preparer[]
  readonly #waiting: Task[] = []
  readonly #running = new Map<Preparer, Promise<void>>()
  #closed = false

  constructor(options: PreparationsOptions) {
    this.#options = options
    this.#preparers = LANES.map(() => new Preparer(options.spatialExtension, () => options.cache.makeFolder()))
  }

  /** Settles when nothing is waiting; never rejects. */
  get done(): Promise<void> {
    return Promise.all(this.#running.values()).then(() => (this.#running.size > 0 ? this.done : undefined))
  }

  /** All of one file, in the order of their calls. Resolves when that is done, or has failed. */
  add(file: ForeignFile, layers: readonly ForeignLayer[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ file, layers, resolve, changes: 0 })
    for (const [lane, preparer] of this.#preparers.entries()) this.#start(preparer, LANES[lane]!)
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#preparers.map((preparer) => preparer.close()))
    await this.done
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #start(preparer: Preparer, mostBytes: number): void {
    if (this.#running.has(preparer)) return
    const run = this.#run(preparer, mostBytes).finally(() => {
      this.#running.delete(preparer)
      // What came while the process was ended.
      if (!this.#closed && this.#next(mostBytes) >= 0) this.#start(preparer, mostBytes)
    })
    this.#running.set(preparer, run)
  }

  #next(mostBytes: number): number {
    return this.#waiting.findIndex(({ file }) => file.bytes <= mostBytes)
  }

  async #run(preparer: Preparer, mostBytes: number): Promise<void> {
    // Others that are added in the same breath.
    await setImmediate()
    let held = 0
    for (let next = this.#next(mostBytes); next >= 0 && !this.#closed; next = this.#next(mostBytes)) {
      const [task] = this.#waiting.splice(next, 1)
      if (!task) break
      held = (await this.#prepare(preparer, task)) ? 0 : held + 1
      // Nothing is left but what other servers are at.
      if (held > this.#waiting.length) await delay(LOOK_MS)
    }
    await preparer.rest()
  }

  /** False: it waits again. */
  async #prepare(preparer: Preparer, task: Task): Promise<boolean> {
    const { file, layers, resolve } = task
    try {
      const outcome = await this.#attempt(preparer, file, layers)
      if (outcome === 'CHANGED') {
        if (task.changes++ === MOST_CHANGES) throw new SourceError(CHANGED)
        await file.look()
      }
      if (outcome !== 'DONE') {
        this.#waiting.push(task)
        return outcome === 'CHANGED'
      }
    } catch (error) {
      if (!this.#closed) this.#options.onFailure(file, null, this.#reasonOf(error, file))
    }
    resolve()
    return true
  }

  #reasonOf(error: unknown, file: ForeignFile): string {
    const reason = reasonOfCache(error)
    if (reason !== null || error instanceof SourceError) return reason ?? (error as SourceError).message
    this.#options.log.warn({ err: error }, `${file.source.label} could not be prepared`)
    return 'it cannot be prepared: the log has the cause'
  }

  async #attempt(preparer: Preparer, file: ForeignFile, layers: readonly ForeignLayer[]): Promise<Outcome> {
    const { cache, onCopy, onFailure } = this.#options
    await preparer.turnTo(
      file.source,
      this.#waiting.map((task) => task.file.source),
    )
    const digest = await file.digest(() => preparer.digest(file.source, file.bytes))
    await cache.use(digest)
    const lock = await cache.lock(digest)
    if (!lock) return 'HELD_BY_ANOTHER'
    try {
      for (const layer of layers) {
        try {
          const path = (await cache.find(digest, layer.table)) ?? (await this.#copy(preparer, layer, digest))
          if (path === null || !(await file.isCurrent())) return 'CHANGED'
          onCopy(layer, { digest, path })
        } catch (error) {
          if (this.#closed || !(error instanceof SourceError)) throw error
          if (!(await file.isCurrent())) return 'CHANGED'
          onFailure(file, layer, this.#reasonOf(error, file))
        }
      }
      return 'DONE'
    } finally {
      await lock.release()
    }
  }

  /** Null: the file changed meanwhile. */
  async #copy(preparer: Preparer, layer: ForeignLayer, digest: string): Promise<string | null> {
    const { cache, log } = this.#options
    const { file, format, label } = layer.file.source
    const what = layer.table === null ? label : `${label}, table ${layer.table}`
    const clock = new ProgressClock()
    const began = performance.now()
    let told = began
    log.info({ source: label }, `${what} is being prepared`)
    const request = { file, format, table: layer.table }
    const made = await preparer.prepare(request, layer.file.bytes, (message) => {
      const preparation = clock.preparation(message)
      layer.preparation = preparation
      if (performance.now() - told < TELL_MS) return
      told = performance.now()
      log.info({ source: label }, `${what}: ${progressText(preparation)}`)
    })
    // What was read may be another content than the one whose digest was taken.
    if (!(await layer.file.isCurrent())) return null
    const path = await cache.keep(made.file, digest, layer.table)
    const { rows, bytes } = made
    log.info({ source: label, features: rows, bytes, ms: Math.round(performance.now() - began) }, `${what} is prepared`)
    return path
  }
}
