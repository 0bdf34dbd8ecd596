/** Files are prepared one after the other, each in a process of its own: reading is what one processor does, and the workers want theirs. */
import { rm, stat } from 'node:fs/promises'
import type { CatalogLog } from '../catalog.ts'
import { SourceError } from '../source-error.ts'
import type { ForeignFile } from './foreign-file.ts'
import type { Copy, ForeignLayer } from './foreign-layer.ts'
import type { PreparedCache } from './prepared-cache.ts'
import { Preparer } from './preparer.ts'
import { ProgressClock, progressText } from './progress.ts'

/** Of the log, where nobody looks at a bar. */
const TELL_MS = 10_000
/** A file that is written to all the time is given up. */
const MOST_CHANGES = 3

const CHANGED = 'it changed while it was read: serve it again when it is whole'

export interface PreparationsOptions {
  readonly spatialExtension: string | null
  readonly cache: PreparedCache
  readonly log: CatalogLog
  readonly onCopy: (layer: ForeignLayer, copy: Copy) => void
  /** `layer` is null where it is the whole file's. */
  readonly onFailure: (file: ForeignFile, layer: ForeignLayer | null, reason: string) => void
}

export class Preparations {
  /** Settles when nothing is waiting; never rejects. */
  done: Promise<void> = Promise.resolve()
  readonly #options: PreparationsOptions
  #preparer: Preparer | null = null
  #closed = false

  constructor(options: PreparationsOptions) {
    this.#options = options
  }

  /** All of one file. */
  add(file: ForeignFile, layers: readonly ForeignLayer[]): void {
    this.done = this.done.then(() => this.#prepare(file, layers))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#preparer?.close()
    await this.done
  }

  async #prepare(file: ForeignFile, layers: readonly ForeignLayer[]): Promise<void> {
    try {
      for (let changes = 0; !this.#closed; changes++) {
        if (await this.#attempt(file, layers)) return
        if (changes === MOST_CHANGES) throw new SourceError(CHANGED)
        await file.look()
      }
    } catch (error) {
      if (this.#closed) return
      const reason = error instanceof SourceError ? error.message : 'it cannot be prepared: the log has the cause'
      if (!(error instanceof SourceError)) this.#options.log.warn({ err: error }, `${file.source.label} could not be prepared`)
      this.#options.onFailure(file, null, reason)
    }
  }

  /** False: the file changed meanwhile. */
  async #attempt(file: ForeignFile, layers: readonly ForeignLayer[]): Promise<boolean> {
    const { spatialExtension, cache, onCopy, onFailure } = this.#options
    const preparer = new Preparer(spatialExtension, file.source, cache, file.bytes)
    this.#preparer = preparer
    try {
      const digest = await file.digest(() => preparer.digest())
      await cache.use(digest)
      for (const layer of layers) {
        const copy = { digest, path: file.copyOf(digest, layer.table) }
        try {
          if (!(await isThere(copy.path))) await this.#copy(preparer, layer, copy)
        } catch (error) {
          if (this.#closed || !(error instanceof SourceError)) throw error
          if (!(await file.isCurrent())) return false
          onFailure(file, layer, error.message)
          continue
        }
        if (!(await file.isCurrent())) {
          await rm(copy.path, { force: true })
          return false
        }
        onCopy(layer, copy)
      }
      return true
    } finally {
      await preparer.close()
    }
  }

  async #copy(preparer: Preparer, layer: ForeignLayer, copy: Copy): Promise<void> {
    const { cache, log } = this.#options
    const { file, format, label } = layer.file.source
    const what = layer.table === null ? label : `${label}, table ${layer.table}`
    const clock = new ProgressClock()
    const began = performance.now()
    let told = began
    log.info({ source: label }, `${what} is being prepared`)
    const request = { file, format, table: layer.table, target: copy.path }
    const { rows, bytes } = await preparer.prepare(request, (message) => {
      const preparation = clock.preparation(message)
      layer.preparation = preparation
      if (performance.now() - told < TELL_MS) return
      told = performance.now()
      log.info({ source: label }, `${what}: ${progressText(preparation)}`)
    })
    await cache.settle(copy.digest)
    log.info({ source: label, features: rows, bytes, ms: Math.round(performance.now() - began) }, `${what} is prepared`)
  }
}

const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => null)) !== null
