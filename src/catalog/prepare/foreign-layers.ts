/** All layers of files of other formats: found, prepared, and offered once the workers may read their copies. */
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogLog } from '../catalog.ts'
import type { InspectionCache } from '../inspection-cache.ts'
import type { Inspector } from '../inspector.ts'
import type { Problem } from '../layer.ts'
import { ServedSource } from '../served-source.ts'
import { allowedPathsOf, type ForeignSource } from '../sources.ts'
import { ForeignFile } from './foreign-file.ts'
import { type Copy, ForeignLayer } from './foreign-layer.ts'
import { Preparations } from './preparations.ts'
import type { PreparedCache } from './prepared-cache.ts'
import { WAITING } from './progress.ts'

/** Workers are renewed once for all copies that are finished within this time. */
const GATHER_MS = 2_000

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
  readonly layers: ForeignLayer[] = []
  readonly #options: ForeignLayersOptions
  readonly #preparations: Preparations
  readonly #failed: ForeignFile[] = []
  readonly #problems = new Map<ForeignFile, string[]>()
  /** Of every copy that was ever offered: streams on an older one go on. */
  readonly #paths = new Set<string>()
  readonly #again = new Set<ForeignFile>()
  #waiting: { readonly layer: ForeignLayer; readonly copy: Copy }[] = []
  #offering: Promise<void> | null = null
  #offer: Offering | null = null

  constructor(options: ForeignLayersOptions) {
    this.#options = options
    const { spatialExtension, cache, log } = options
    this.#preparations = new Preparations({
      spatialExtension,
      cache,
      log,
      onCopy: (layer, copy) => this.#finished(layer, copy),
      onFailure: (file, layer, reason) => this.#gaveUp(file, layer, reason),
    })
  }

  /** Finds their layers, and the copies that there are already. */
  async look(sources: readonly ForeignSource[]): Promise<void> {
    const { inspector, inspections, cache } = this.#options
    await cache.prune()
    for (const source of sources) {
      const file = new ForeignFile(source, inspector, inspections, cache)
      await file.look()
      if (file.failure !== null) this.#failed.push(file)
      const layers = file.tables.map((table) => new ForeignLayer(file, table))
      this.layers.push(...layers)
      const digest = await file.knownDigest()
      if (digest !== null) for (const layer of layers) await this.#serveKnown(layer, digest)
    }
  }

  /** Prepares what has no copy. */
  start(offer: Offering): void {
    this.#offer = offer
    const files = Map.groupBy(
      this.layers.filter(({ served }) => !served),
      ({ file }) => file,
    )
    for (const [file, layers] of [...files].sort(([a], [b]) => a.bytes - b.bytes)) this.#preparations.add(file, layers)
  }

  /** Every copy that workers may read, or may read in a moment. */
  files(): readonly string[] {
    return [...this.#paths]
  }

  problems(): readonly Problem[] {
    const whole = this.#failed.map(({ source, failure }) => ({ source: source.label, reason: failure ?? '' }))
    const parts = [...this.#problems].flatMap(([{ source }, reasons]) =>
      reasons.map((reason) => ({ source: source.label, reason })),
    )
    return [...whole, ...parts]
  }

  /** Nothing is being prepared or offered any more. */
  async settled(): Promise<void> {
    do {
      await this.#preparations.done
      await this.#offering
    } while (this.#waiting.length > 0)
  }

  /** A file that has changed is prepared again; until that is done its layers are what they were. Its copy that is gone is made again. */
  async renew(layer: ForeignLayer): Promise<void> {
    const { file } = layer
    if (this.#again.has(file) || !layer.served) return
    const hasCopy = await layer.served.isCurrent()
    if (hasCopy && (await file.isCurrent())) return
    if (this.#again.has(file)) return
    this.#again.add(file)
    const layers = this.layers.filter((other) => other.file === file)
    await file.look()
    this.#problems.delete(file)
    if (!hasCopy) for (const other of layers) Object.assign(other, { served: null, preparation: WAITING })
    this.#preparations.add(file, layers)
    void this.#preparations.done.finally(() => this.#again.delete(file))
  }

  async close(): Promise<void> {
    await this.#preparations.close()
    await this.#options.cache.close()
  }

  async #serveKnown(layer: ForeignLayer, digest: string): Promise<void> {
    const copy = { digest, path: layer.file.copyOf(digest, layer.table) }
    if (!(await stat(copy.path).catch(() => null))) return
    await this.#options.cache.use(digest)
    layer.served = await this.#read(layer, copy)
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

  #finished(layer: ForeignLayer, copy: Copy): void {
    this.#waiting.push({ layer, copy })
    this.#offering ??= this.#offerAll().finally(() => {
      this.#offering = null
    })
  }

  async #offerAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await Promise.race([delay(GATHER_MS, undefined, { ref: false }), this.#preparations.done])
      const ready: { layer: ForeignLayer; served: ServedSource }[] = []
      for (const { layer, copy } of this.#waiting.splice(0)) {
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
        layer.served = served
        layer.preparation = null
        this.#offer?.onServed(layer)
      }
    }
  }

  #gaveUp(file: ForeignFile, layer: ForeignLayer | null, reason: string): void {
    const label = file.source.label
    const told = layer?.table ? `table ${layer.table}: ${reason}` : reason
    this.#problems.set(file, [...(this.#problems.get(file) ?? []), told])
    for (const one of layer ? [layer] : this.layers.filter((other) => other.file === file)) one.preparation = null
    this.#options.log.warn({ source: label }, `${label} is not served: ${told}`)
  }
}
