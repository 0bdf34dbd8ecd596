/** What is there: the layers of all sources by name, kept true while their files change and while scans prove what they hold. */
import { EventEmitter } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { DatabaseAccess, FileAccess } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer, Problem } from '../model/layer.ts'
import type { RequestedSource } from './find-sources.ts'
import { InspectionCache } from './inspection-cache.ts'
import { type LayerNames, nameLayers } from './layer-names.ts'
import type { LayerOptions } from './layer-options.ts'
import { uniqueNames } from './names.ts'
import { type LayerChange, ServedLayers } from './served-layers.ts'
import type { CatalogLog, Source, SourceContext } from './source.ts'
import { SourceList } from './source-list.ts'
import { openSource } from './sources/open-source.ts'
import { PreparationQueue } from './sources/preparation-queue.ts'
import { PreparedCache } from './sources/prepared-cache.ts'
import { stampsOf, Watch } from './watch.ts'

const DEFAULT_CACHE_BYTES = 20e9

export interface CatalogOptions {
  /** Files, folders and glob patterns, as `find-sources.ts` reads them. */
  readonly sources: readonly string[]
  /** Layers with options of their own; they take the place of what the sources would make of the same files. */
  readonly layers?: readonly LayerOptions[]
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  /** Folder in which answers of inspections and prepared copies are kept between starts; left out: they are not. */
  readonly cacheFolder?: string
  /** For what is needed only while this process runs. @default the system's */
  readonly tempFolder?: string
  /** Bytes of prepared copies to keep there. @default 20 GB */
  readonly cacheBytes?: number
  /** Lets the workers read what has changed, before it is served. Left out: there are no workers. */
  readonly admit?: (access: FileAccess) => Promise<void>
  /** Whether files that come, go or change are seen without a question. @default false */
  readonly watch?: boolean
  /** For what turns up after the catalogue is open. */
  readonly log: CatalogLog
}

interface CatalogEvents {
  /** A layer is added or removed, has a new version, or is proven. Workers may read it by then. */
  changed: [LayerChange]
}

export interface Catalog extends Pick<EventEmitter<CatalogEvents>, 'on' | 'off'> {
  /** By name. */
  layers(): readonly Layer[]
  layer(name: string): Layer | undefined
  /** What is not served, or not wholly, as of now. */
  problems(): readonly Problem[]
  /** To be attached by workers, as they are now. */
  databases(): readonly DatabaseAccess[]
  /** For a worker's `allowed_paths`: every file that it may open, some of which may not exist. */
  readonly files: readonly string[]
  /** Every source that needs a copy has one, or a problem: no layer is PREPARING that was when the catalogue was opened. */
  readonly prepared: Promise<void>
  /** No scan is under way or waiting. */
  readonly checked: Promise<void>
  /**
   * The layer as its files are now, to be asked before and after each execution: another fingerprint means other data. About 30 us a file
   * while nothing changes; else it is described again.
   *
   * @throws GeoduckError SOURCE_UNREADABLE
   */
  fresh(layer: Layer): Promise<Layer>
  /**
   * How often a file of its source was seen to be written to in place. A footer may stay the same over other pages: what was read meanwhile is
   * not to be trusted, whatever the fingerprint says. As of the last call of `fresh`.
   */
  writes(layer: Layer): number
  /** Looks at every source: what has changed is described again. */
  refresh(): Promise<void>
  /** Ends scans that are under way. */
  close(): Promise<void>
}

/**
 * Resolves when every source is described. Files of other formats than the engine's own are prepared in the background, then scanned like
 * all others, small sources first. A source that cannot be read is a problem, not an error.
 *
 * @throws Error when the process that reads them cannot start
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const { cacheFolder, cacheBytes = DEFAULT_CACHE_BYTES, tempFolder = os.tmpdir(), log } = options
  const { cache, fault } = await PreparedCache.open({
    folder: cacheFolder ? path.join(cacheFolder, 'prepared') : null,
    temporaryFolder: tempFolder,
    limitBytes: cacheBytes,
  })
  if (fault !== null)
    log.warn(
      { folder: cacheFolder, code: fault },
      `the cache directory cannot be written (${fault}): what is read and prepared is not kept for the next start. Name another: --cache-directory`,
    )
  await cache.prune()
  const inspections = new InspectionCache(cacheFolder ? path.join(cacheFolder, 'inspections') : null)
  const catalog = new OpenCatalog(
    options,
    { inspector: new Inspector(options.spatialExtension, [], tempFolder), inspections },
    cache,
  )
  try {
    await catalog.open()
    await inspections.prune()
    return catalog
  } catch (error) {
    await catalog.close()
    throw error
  }
}

class OpenCatalog extends EventEmitter<CatalogEvents> implements Catalog {
  prepared: Promise<void> = Promise.resolve()
  readonly #options: CatalogOptions
  readonly #context: SourceContext
  readonly #copies: PreparationQueue
  readonly #list: SourceList
  readonly #layers: ServedLayers
  /** Names stay with their layers. */
  #names: LayerNames = new Map()
  /** Of options that no part of a source fits. */
  #unmet: readonly Problem[] = []
  /** What workers have been given, or are being given. */
  #admitted = ''
  /** What they may read by now. */
  #readable: ReadonlySet<string> = new Set()
  #watch: Watch | null = null

  constructor(options: CatalogOptions, reading: Pick<SourceContext, 'inspector' | 'inspections'>, cache: PreparedCache) {
    super()
    this.setMaxListeners(0)
    const { sources, layers = [], spatialExtension, log } = options
    const aliases = new Map<string, string>()
    this.#options = options
    this.#context = { ...reading, log, alias: (file, name) => aliasOf(aliases, file, name) }
    this.#copies = new PreparationQueue({ spatialExtension, cache, context: this.#context, admit: () => this.#admit() })
    this.#list = new SourceList(sources, layers, (wanted) => this.#open(wanted))
    this.#layers = new ServedLayers(this.#context, (change) => this.#emit(change))
  }

  async open(): Promise<void> {
    const { sources, layers = [], watch, log } = this.#options
    const paths = [...sources, ...layers.map((layer) => layer.path)]
    // Before anything is read: what changes from here on is seen by the next look.
    const stamps = watch ? await stampsOf(paths, []) : ''
    const added = await this.#list.look()
    this.#admitted = JSON.stringify(this.#access())
    this.#readable = new Set(this.files)
    this.#renew(added)
    this.prepared = this.#copies.settled()
    if (!watch) return
    const files = () => this.#sources.flatMap((source) => source.files)
    this.#watch = new Watch({ paths, files, update: () => this.#update(), log }, stamps)
  }

  get files(): readonly string[] {
    return this.#access().allowedPaths
  }

  databases(): readonly DatabaseAccess[] {
    return this.#access().databases
  }

  layers(): readonly Layer[] {
    const layers = this.#layers.names.flatMap((name) => this.#layers.get(name) ?? [])
    return layers.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  layer(name: string): Layer | undefined {
    return this.#layers.get(name)
  }

  problems(): readonly Problem[] {
    const ofSources = this.#sources.flatMap((source) => {
      const { problems, failure } = source.describe()
      const reasons = failure === null ? [...problems, ...this.#layers.findings(source)] : problems
      return reasons.map((reason) => ({ source: source.label, reason }))
    })
    return [...this.#list.problems, ...this.#unmet, ...ofSources]
  }

  get checked(): Promise<void> {
    return this.#layers.checked
  }

  async fresh({ name }: Layer): Promise<Layer> {
    const source = this.#layers.sourceOf(name)
    if (source) await this.#look(source)
    const [layer, version] = [this.layer(name), this.#layers.versionOf(name)]
    // Workers may not read the new version yet: the old one holds for as long as its files are what they were.
    const isOutdated = source && version && !this.#layers.isTaken(source) && !(await version.isUnchanged())
    if (layer && !version?.reader.failure && !isOutdated) return layer
    throw new GeoduckError(
      'SOURCE_UNREADABLE',
      `The source of layer ${name} cannot be read any more; \`health.problems\` says why.`,
    )
  }

  writes({ name }: Layer): number {
    return this.#layers.versionOf(name)?.reader.writes ?? 0
  }

  async refresh(): Promise<void> {
    for (const source of this.#sources) await this.#look(source)
  }

  async close(): Promise<void> {
    for (const source of this.#sources) source.close()
    await Promise.all([this.#watch?.close(), this.#context.inspector.close(), this.#copies.close()])
    await this.checked
  }

  get #sources(): readonly Source[] {
    return this.#list.sources.map(({ source }) => source)
  }

  #open(wanted: readonly RequestedSource[]): readonly Source[] {
    const sources = wanted.map(({ found }) => openSource(found, this.#context, this.#copies))
    // All at once: the inspector is started anew for what it may not read yet.
    this.#context.inspector.allow(sources.flatMap((source) => source.access().allowedPaths))
    return sources
  }

  /** What the arguments hold now is served from now on. One at a time. */
  async #update(): Promise<void> {
    const added = await this.#list.look()
    // Before workers may not read it any more.
    this.#layers.keep(new Set(this.#sources))
    if (JSON.stringify(this.#access()) !== this.#admitted) await this.#admit()
    for (const { kind, layer } of this.#renew(added)) {
      if (kind === 'ADDED') this.#options.log.info({ layer: layer.name }, `layer ${layer.name} has come`)
      if (kind !== 'REMOVED') continue
      this.#options.log.warn({ layer: layer.name }, `layer ${layer.name} is gone: its source is not there any more`)
    }
  }

  /** Small sources first: their layers are scanned, and their copies made, before others. */
  #renew(added: readonly Source[]): readonly LayerChange[] {
    const { names, problems } = nameLayers(this.#list.sources, this.#names)
    this.#names = names
    this.#unmet = problems
    const [isNew, small] = [new Set(added), this.#sources.toSorted((a, b) => a.bytes - b.bytes)]
    for (const source of small) this.#layers.renew(source, names.get(source))
    for (const source of small.filter((source) => isNew.has(source))) source.watch(() => this.#changed(source))
    return this.#layers.emitChanges()
  }

  /** A listener that fails is no reason to stop a scan or an update. */
  #emit(change: LayerChange): void {
    try {
      this.emit('changed', change)
    } catch (error) {
      this.#options.log.warn({ err: error, layer: change.layer.name }, 'a changed layer was not taken up everywhere')
    }
  }

  #changed(source: Source): void {
    if (!this.#names.has(source)) return
    this.#layers.renew(source, this.#names.get(source))
    this.#layers.emitChanges()
  }

  async #look(source: Source): Promise<void> {
    const hasRead = await source.look()
    // Also after a reading that somebody else has asked for. What workers may not read yet is served by the update that lets them.
    const mayBeRead = () => source.access().allowedPaths.every((file) => this.#readable.has(file))
    if (!this.#layers.isTaken(source) && mayBeRead()) this.#changed(source)
    if (!hasRead || JSON.stringify(this.#access()) === this.#admitted) return
    this.#admit().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, 'workers could not be given the databases that have changed'),
    )
  }

  #access(): FileAccess {
    const all = this.#sources.map((source) => source.access())
    return {
      allowedPaths: all.flatMap(({ allowedPaths }) => allowedPaths),
      databases: all.flatMap(({ databases }) => databases),
    }
  }

  /** Workers get what there is now. */
  async #admit(): Promise<void> {
    const access = this.#access()
    this.#admitted = JSON.stringify(access)
    try {
      await this.#options.admit?.(access)
      this.#readable = new Set(access.allowedPaths)
    } catch (error) {
      this.#admitted = ''
      throw error
    }
  }
}

/** From the file's name: the same on every server that serves the same files. The prefix keeps it off DuckDB's own names. */
function aliasOf(aliases: Map<string, string>, file: string, name: string): string {
  const taken = [...aliases.values()]
  const alias = aliases.get(file) ?? uniqueNames([...taken.map((one) => [one]), [name]]).at(-1) ?? ''
  aliases.set(file, alias)
  return `db_${alias}`
}
