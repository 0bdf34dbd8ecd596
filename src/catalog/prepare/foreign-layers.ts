/** All layers of files of other formats: found, prepared, and offered once the workers may read their copies. */

import type { Inspector } from '../../engines/duckdb/host/inspector.ts'
import type { Problem } from '../../model/layer.ts'
import type { CatalogLog } from '../catalog.ts'
import type { InspectionCache } from '../inspection-cache.ts'
import { ServedSource } from '../served-source.ts'
import { allowedPathsOf, type ForeignSource } from '../sources.ts'
import { ForeignFile } from './foreign-file.ts'
import { type Copy, ForeignLayer } from './foreign-layer.ts'
import { Gathering } from './gathering.ts'
import { Preparations } from './preparations.ts'
import { CACHE_FULL, type PreparedCache } from './prepared-cache.ts'
import { WAITING } from './progress.ts'

/** When there was no room for a copy. */
const RETRY_MS = 20_000

interface Finished {
  readonly layer: ForeignLayer
  readonly copy: Copy
}

export interface ForeignLayersOptions {
  readonly spatialExtension: string | null
  readonly inspector: Inspector
  readonly inspections: InspectionCache
  readonly cache: PreparedCache
  readonly log: CatalogLog
}

export interface Offering {
  /** Lets the workers read all of `files()`; resolves when they can. */
  readonly admit: () => Promise<void>
  /** It has a copy that workers may read, or another one than before. */
  readonly onServed: (layer: ForeignLayer) => void
}

export class ForeignLayers {
  layers: readonly ForeignLayer[] = []
  readonly #options: ForeignLayersOptions
  readonly #preparations: Preparations
  /** By path. */
  readonly #files = new Map<string, ForeignFile>()
  readonly #problems = new Map<ForeignFile, string[]>()
  /** Of every copy that was ever offered: streams on an older one go on. */
  readonly #paths = new Set<string>()
  /** What is being prepared, for the first time or again. */
  readonly #busy = new Set<ForeignFile>()
  #closed = false
  /** Workers are renewed once for many copies. */
  readonly #finished: Gathering<Finished>
  #offer: Offering | null = null

  constructor(options: ForeignLayersOptions) {
    this.#options = options
    this.#preparations = new Preparations({
      ...options,
      onCopy: (layer, copy) => this.#finished.add({ layer, copy }),
      onFailure: (file, layer, reason) => this.#gaveUp(file, layer, reason),
    })
    this.#finished = new Gathering({ take: (finished) => this.#offerAll(finished), last: () => this.#preparations.done })
  }

  /**
   * Finds their layers, and the copies that there are already. Files that were there before and are no more are forgotten, those that have
   * changed are looked at again. Behind `start`, what has no copy is prepared.
   */
  async look(sources: readonly ForeignSource[]): Promise<void> {
    const wanted = new Map(sources.map((source) => [source.file, source]))
    for (const [path, file] of this.#files) {
      if (wanted.get(path)?.format !== file.source.format) this.#forget(path, file)
    }
    for (const source of sources) {
      const known = this.#files.get(source.file)
      if (known) known.source = source
      if (known) await this.#renew(known)
      else await this.#meet(source)
    }
  }

  /** Prepares what has no copy, small files first. */
  start(offer: Offering): void {
    this.#offer = offer
    const files = [...new Set(this.layers.filter(({ served }) => !served).map(({ file }) => file))]
    for (const file of files.sort((a, b) => a.bytes - b.bytes)) this.#prepare(file)
  }

  /** Every copy that workers may read, or may read in a moment. */
  files(): readonly string[] {
    return [...this.#paths]
  }

  problems(): readonly Problem[] {
    const failed = [...this.#files.values()].filter(({ failure }) => failure !== null)
    const whole = failed.map(({ source, failure }) => ({ source: source.label, reason: failure ?? '' }))
    const parts = [...this.#problems].flatMap(([{ source }, reasons]) =>
      reasons.map((reason) => ({ source: source.label, reason })),
    )
    return [...whole, ...parts]
  }

  /** Nothing is being prepared or offered any more. */
  async settled(): Promise<void> {
    do {
      await this.#preparations.done
      await this.#finished.taken
    } while (!this.#finished.isEmpty)
  }

  /** A file that has changed is prepared again; until that is done its layers are what they were. Its copy that is gone is made again. */
  async renew({ file }: ForeignLayer): Promise<void> {
    if (this.#files.get(file.source.file) === file) await this.#renew(file)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#preparations.close()
    await this.#options.cache.close()
  }

  async #meet(source: ForeignSource): Promise<void> {
    const { inspector, inspections } = this.#options
    const file = new ForeignFile(source, inspector, inspections)
    await file.look()
    this.#files.set(source.file, file)
    const layers = file.tables.map((table) => new ForeignLayer(file, table))
    const digest = await file.knownDigest()
    if (digest !== null) for (const layer of layers) await this.#serveKnown(layer, digest)
    this.layers = [...this.layers, ...layers]
    if (layers.some(({ served }) => !served)) this.#prepare(file)
  }

  /** Before `start`, what has to be prepared waits for it. */
  #prepare(file: ForeignFile): void {
    const layers = this.#layersOf(file)
    if (!this.#offer || layers.length === 0) return
    this.#busy.add(file)
    void this.#preparations.add(file, layers).then(async () => {
      this.#busy.delete(file)
      // It may have changed behind the last look of the preparation.
      if (!this.#closed && this.#files.get(file.source.file) === file) await this.#renew(file)
    })
  }

  async #renew(file: ForeignFile): Promise<void> {
    if (this.#busy.has(file)) return
    const layers = this.#layersOf(file)
    const copies = await Promise.all(layers.map(async ({ served }) => !served || (await served.isCurrent())))
    if (copies.every(Boolean) && (await file.isCurrent())) return
    if (this.#busy.has(file)) return
    this.#busy.add(file)
    try {
      await file.look()
    } finally {
      this.#busy.delete(file)
    }
    this.#problems.delete(file)
    for (const [index, layer] of layers.entries()) {
      if (!copies[index]) layer.served = null
      if (!layer.served) layer.preparation = file.failure === null ? WAITING : null
    }
    // One that cannot be read now may be only half of what it will be: its layers stay what they were.
    if (file.failure !== null) return
    this.#tablesOf(file, layers)
    this.#prepare(file)
  }

  /** Tables that are new are layers, tables that are gone are none any more. */
  #tablesOf(file: ForeignFile, before: readonly ForeignLayer[]): void {
    const gone = before.filter(({ table }) => !file.tables.includes(table))
    const added = file.tables.filter((table) => before.every((layer) => layer.table !== table))
    this.layers = [
      ...this.layers.filter((layer) => !gone.includes(layer)),
      ...added.map((table) => new ForeignLayer(file, table)),
    ]
  }

  #forget(path: string, file: ForeignFile): void {
    this.#files.delete(path)
    this.#problems.delete(file)
    this.layers = this.layers.filter((layer) => layer.file !== file)
  }

  #layersOf(file: ForeignFile): ForeignLayer[] {
    return this.layers.filter((layer) => layer.file === file)
  }

  async #serveKnown(layer: ForeignLayer, digest: string): Promise<void> {
    const { cache } = this.#options
    const path = await cache.find(digest, layer.table)
    if (path === null) return
    // Without its mark a copy may be removed by another process, and is made again then.
    await cache.use(digest).catch(() => {})
    layer.served = await this.#read(layer, { digest, path })
  }

  /** Null where it cannot be read: a disk may have lost what it was told to keep. */
  async #read(layer: ForeignLayer, copy: Copy): Promise<ServedSource | null> {
    const { inspector, inspections } = this.#options
    const served = new ServedSource(layer.sourceOf(copy), '', inspector, inspections)
    inspector.allow(allowedPathsOf(served.source))
    await served.read()
    if (served.failure !== null) return null
    for (const path of allowedPathsOf(served.source)) this.#paths.add(path)
    return served
  }

  async #offerAll(finished: readonly Finished[]): Promise<void> {
    const ready: { layer: ForeignLayer; served: ServedSource }[] = []
    // All at once: the inspector is started anew for what it may not read yet.
    this.#options.inspector.allow(finished.flatMap(({ layer, copy }) => allowedPathsOf(layer.sourceOf(copy))))
    for (const { layer, copy } of finished) {
      // Its file may be gone by now.
      if (!this.layers.includes(layer)) continue
      const served = await this.#read(layer, copy)
      if (served) ready.push({ layer, served })
      else this.#gaveUp(layer.file, layer, 'its copy cannot be read')
    }
    try {
      await this.#offer?.admit()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'prepared layers could not be offered')
      return
    }
    for (const { layer, served } of ready) {
      if (!this.layers.includes(layer)) continue
      layer.served = served
      layer.preparation = null
      this.#offer?.onServed(layer)
    }
  }

  /** There may be room now. */
  #retry(file: ForeignFile): void {
    if (this.#closed || this.#busy.has(file) || this.#files.get(file.source.file) !== file) return
    this.#problems.delete(file)
    for (const layer of this.#layersOf(file)) layer.preparation = layer.served ? null : WAITING
    this.#prepare(file)
  }

  #gaveUp(file: ForeignFile, layer: ForeignLayer | null, reason: string): void {
    if (this.#files.get(file.source.file) !== file) return
    const label = file.source.label
    const told = layer?.table ? `table ${layer.table}: ${reason}` : reason
    this.#problems.set(file, [...(this.#problems.get(file) ?? []), told])
    for (const one of layer ? [layer] : this.layers.filter((other) => other.file === file)) one.preparation = null
    this.#options.log.warn({ source: label }, `${label} is not served: ${told}`)
    if (reason === CACHE_FULL && !this.#closed) setTimeout(() => this.#retry(file), RETRY_MS).unref()
  }
}
