/**
 * The catalogue: the layers of all sources by name. It stays correct while files change, and while checks prove the content.
 */
import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { hasColumns } from '../engines/duckdb/host/files.ts'
import { Inspector } from '../engines/duckdb/host/inspector.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import type { FileAccess, RemoteReaders } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import { identityOf, type Layer, type LayerChange, type Problem } from '../model/layer.ts'
import { isObject } from '../model/remote-source.ts'
import type { RequestedSource } from './find-sources.ts'
import { InspectionCache } from './inspection-cache.ts'
import { FileKeeper } from './kept-files.ts'
import { type LayerNames, nameLayers } from './layer-names.ts'
import type { LayerOptions } from './layer-options.ts'
import type { LiveLayers } from './live/live-layers.ts'
import type { RemoteObjects } from './remote/remote-objects.ts'
import { type LayerPreparation, ServedLayers } from './served-layers.ts'
import type { CatalogLog, Source, SourceContext } from './source.ts'
import { SourceList } from './source-list.ts'
import { openSource } from './sources/open-source.ts'
import { PreparationQueue } from './sources/preparation-queue.ts'
import { PreparedCache } from './sources/prepared-cache.ts'
import type { EngineOptions, SparkEngines } from './sources/spark-engines.ts'
import { type OpenStores, openStores, type StoreOptions } from './stores/store.ts'
import { stampsOf, Watch } from './watch.ts'

const DEFAULT_CACHE_BYTES = 20e9

/** The part of the configuration that can change while the catalogue is open. */
export interface RequestedLayers {
  /** Files, folders and glob patterns, as `find-sources.ts` reads them. */
  readonly sources: readonly string[]
  /** Layers with options. They replace the layers that the same files would give. */
  readonly layers?: readonly LayerOptions[]
  /** The sources that have a copy of their objects on this machine. @default none */
  readonly mirrors?: readonly string[]
}

export interface CatalogOptions extends RequestedLayers {
  /** The configuration file. It is read again when it changes. Absent: there is none. */
  readonly configuration?: {
    readonly file: string
    /** Returns its content, or why it is wrong. */
    read(): Promise<RequestedLayers | string>
  }
  /** Absolute path of the spatial extension. Null lets DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  /** Returns the path of the engine's extension that reads over HTTP. It is only called if a source is on another machine. */
  readonly httpfsExtension?: () => Promise<string>
  /** Stores of objects of other machines that have their own credentials. */
  readonly stores?: readonly StoreOptions[]
  /** Engines that gather the rows of layers. @default none */
  readonly engines?: readonly EngineOptions[]
  /** Bytes of parts of objects of other machines that are kept in memory. @default 0 */
  readonly remoteCacheBytes?: number
  /** Counts what workers read from other machines. @default nothing is counted */
  readonly remoteReaders?: RemoteReaders
  /** The folder for results of inspections and prepared copies. Absent: they are not kept between starts. */
  readonly cacheFolder?: string
  /** The folder for files that are needed only while this process runs. @default the system's */
  readonly tempFolder?: string
  /** Bytes of prepared copies to keep. @default 20 GB */
  readonly cacheBytes?: number
  /** Lets the workers read a change before it is served. Absent: there are no workers. */
  readonly admit?: (access: FileAccess) => Promise<void>
  /** True if added, removed and changed files are noticed without a query. @default false */
  readonly watch?: boolean
  /** Receives messages after the catalogue is open. */
  readonly log: CatalogLog
}

interface CatalogEvents {
  /** A layer was added or removed, has a new version, or is proven. Workers may already read it. */
  changed: [LayerChange]
}

/** A version of a layer that stays readable. */
export interface KeptVersion {
  readonly relation: Layer['relation']
  /** True if its files have not been written in place. */
  isUnchanged(): Promise<boolean>
  release(): void
}

export interface Catalog extends Pick<EventEmitter<CatalogEvents>, 'on' | 'off'> {
  /** Layers sorted by name. */
  layers(): readonly Layer[]
  /** Returns the layer with this name: its name, its long name, or another of its names that no other layer asks for. */
  layer(name: string): Layer | undefined
  /** Returns the names of the layers that ask for this name, if there are several. Then it belongs to none of them. */
  rivals(name: string): readonly string[]
  /** Layers that are being prepared, sorted by name. */
  preparations(): readonly LayerPreparation[]
  /** Sources that are currently not served, or only in part. */
  problems(): readonly Problem[]
  /** Adds a problem that a query has found in the data of the layer. It ends with that version of the data. */
  unreadable(layer: Layer, reason: string): void
  /** Everything that workers must currently be able to read. */
  access(): FileAccess
  /** Paths for a worker's `allowed_paths`: every file that it may open. Some may not exist. */
  readonly files: readonly string[]
  /** Resolves when every source that was PREPARING at the start has a copy or a problem. */
  readonly prepared: Promise<void>
  /** Resolves when every object has its copy, if it is to have one, or a problem. Its layer is served long before. */
  readonly mirrored: Promise<void>
  /** Resolves when no check is running or waiting. */
  readonly checked: Promise<void>
  /**
   * Returns the layer for its current files. Called before and after each execution: another fingerprint means other data. It takes 5 µs per local
   * file while nothing changes; otherwise the source is described again.
   *
   * @throws GeoduckError SOURCE_UNREADABLE, or SOURCE_CHANGED until workers can read the new data
   */
  fresh(layer: Layer): Promise<Layer>
  /**
   * Returns how often a file of its source was seen to be written in place. The footer may stay the same while pages change, so data that was read
   * in between is not valid, even with the same fingerprint. The number is from the last call of `fresh`.
   */
  writes(layer: Layer): number
  /**
   * Keeps the files of the current version, so that it can be read after they are replaced. Returns null if that is not possible: another version is
   * current, or it is no local Parquet file.
   */
  keep(layer: Layer): Promise<KeptVersion | null>
  /** The live layers. Absent: there are none. */
  readonly live?: LiveLayers
  /** The engines that gather the rows of layers. Null: there are none. */
  readonly engines: SparkEngines | null
  /** Checks every source, and describes again what has changed. */
  refresh(): Promise<void>
  /** Stops running checks. */
  close(): Promise<void>
}

/**
 * Resolves when every source is described. Files of formats that the engine cannot query are then prepared in the background, and all layers are
 * checked, small sources first. A source that cannot be read is a problem, not an error.
 *
 * @throws Error if the process that reads sources cannot start
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
  const engines = options.engines?.length ? await openEngines(options.engines, tempFolder, log) : null
  const catalog = new OpenCatalog(
    options,
    { inspector: new Inspector(options.spatialExtension, [], tempFolder), inspections, engines },
    cache,
  )
  try {
    await catalog.open()
    // Nobody waits for it: to look at thousands of results takes longer than the rest of a start.
    inspections.prune().catch(() => {})
    return catalog
  } catch (error) {
    await catalog.close()
    throw error
  }
}

interface Reading extends Pick<SourceContext, 'inspector' | 'inspections'> {
  readonly engines: SparkEngines | null
}

/** Their code is loaded only then. */
async function openEngines(...options: Parameters<(typeof SparkEngines)['open']>): Promise<SparkEngines> {
  const { SparkEngines } = await import('./sources/spark-engines.ts')
  return await SparkEngines.open(...options)
}

class OpenCatalog extends EventEmitter<CatalogEvents> implements Catalog {
  prepared: Promise<void> = Promise.resolve()
  readonly engines: SparkEngines | null
  readonly #options: CatalogOptions
  readonly #context: SourceContext
  readonly #stores: OpenStores
  readonly #copies: PreparationQueue
  readonly #list: SourceList
  readonly #layers: ServedLayers
  /** Null: there are no workers. */
  readonly #keeper: FileKeeper | null
  #names: LayerNames = { layers: new Map(), claims: new Map(), problems: [] }
  /** The problem of a configuration that is wrong. The one before it stays. */
  #misconfigured: readonly Problem[] = []
  /** Files and databases that workers may read, or will be able to read soon. */
  #admitted = ''
  /** Files and databases that workers may read now. */
  #readable: ReadonlySet<string> = new Set()
  #watch: Watch | null = null
  #remote: Promise<RemoteObjects> | null = null

  constructor(options: CatalogOptions, reading: Reading, cache: PreparedCache) {
    super()
    this.setMaxListeners(0)
    const { sources, layers = [], mirrors = [], stores, spatialExtension, tempFolder = os.tmpdir(), log } = options
    const aliases = new Map<string, string>()
    this.#options = options
    this.engines = reading.engines
    this.#stores = openStores(stores)
    const remote = () => (this.#remote ??= this.#openRemote())
    this.#context = { ...reading, log, remote, alias: (file, name) => aliasOf(aliases, file, name) }
    this.#copies = new PreparationQueue({ spatialExtension, cache, context: this.#context, admit: () => this.#admit() })
    this.#list = new SourceList(sources, layers, mirrors, this.#stores, (wanted) => this.#open(wanted))
    this.#layers = new ServedLayers(this.#context, (change) => this.#emit(change))
    this.#keeper = options.admit ? new FileKeeper(tempFolder, randomUUID()) : null
  }

  async open(): Promise<void> {
    const { configuration, watch, log } = this.#options
    const configurationFiles = configuration ? [configuration.file] : []
    const paths = () => this.#list.paths
    // This is before anything is read, so that the next look sees every later change.
    const stamps = watch ? await stampsOf(paths(), configurationFiles, this.#stores) : ''
    const added = await this.#list.look()
    this.#admitted = JSON.stringify(this.access())
    this.#readable = new Set(this.files)
    this.#renew(added)
    this.prepared = this.#copies.settled()
    if (!watch) return
    const files = () => [...configurationFiles, ...this.#sources.flatMap((source) => source.files)]
    const objects = async () => (await this.#remote?.catch(() => null)) ?? null
    this.#watch = new Watch({ paths, files, stores: this.#stores, objects, update: () => this.#update(), log }, stamps)
  }

  get files(): readonly string[] {
    return this.access().allowedPaths
  }

  access(): FileAccess {
    const all = this.#sources.map((source) => source.access())
    const gateway = all.find((access) => access.gateway)?.gateway
    return {
      allowedPaths: [...all.flatMap(({ allowedPaths }) => allowedPaths), ...(this.engines?.allowedPaths ?? [])],
      databases: all.flatMap(({ databases }) => databases),
      ...(gateway && { gateway }),
      ...(this.#keeper && { kept: this.#keeper.folder }),
    }
  }

  layers(): readonly Layer[] {
    return this.#layers.all().sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  layer(name: string): Layer | undefined {
    const [claim, ...more] = this.#names.claims.get(name) ?? []
    return claim && more.length === 0 ? this.#layers.get(identityOf(claim)) : undefined
  }

  rivals(name: string): readonly string[] {
    const claims = this.#names.claims.get(name) ?? []
    return claims.length > 1 ? claims.map((claim) => claim.name).sort() : []
  }

  preparations(): readonly LayerPreparation[] {
    return this.#layers.preparations().sort((a, b) => (a.layer < b.layer ? -1 : 1))
  }

  problems(): readonly Problem[] {
    const { findings } = this.#layers
    const ofSources = this.#sources.flatMap((source) => {
      const { problems, failure } = source.describe()
      const reasons = failure === null ? [...problems, ...(findings.get(source) ?? [])] : problems
      return reasons.map((reason) => ({ source: source.label, reason }))
    })
    return [...this.#misconfigured, ...this.#list.problems, ...this.#names.problems, ...ofSources]
  }

  get checked(): Promise<void> {
    return Promise.all(this.#sources.map((source) => source.proven)).then(() => this.#layers.checked)
  }

  get mirrored(): Promise<void> {
    return Promise.all(this.#sources.map((source) => source.mirrored)).then(() => {})
  }

  async fresh(known: Layer): Promise<Layer> {
    const source = this.#layers.sourceOf(this.#identityOf(known))
    if (source) await this.#look(source)
    const identity = this.#identityOf(known)
    const [layer, version] = [this.#layers.get(identity), this.#layers.versionOf(identity)]
    // Workers may not be able to read the new version yet. The old one is served as long as its files are unchanged.
    const isBehind = source?.hasChanged || (source && !this.#layers.isTaken(source) && !(await version?.isUnchanged()))
    const isOutdated = source && version && isBehind
    if (layer && !version?.reader.failure && !isOutdated) return layer
    if (layer && isOutdated && source.describe().failure === null)
      throw new GeoduckError(
        'SOURCE_CHANGED',
        `The data of layer ${known.name} has changed, and the workers take it up; ask again.`,
      )
    throw new GeoduckError(
      'SOURCE_UNREADABLE',
      `The source of layer ${known.name} cannot be read any more; \`health.problems\` says why.`,
    )
  }

  writes(layer: Layer): number {
    return this.#layers.versionOf(this.#identityOf(layer))?.reader.writes ?? 0
  }

  async keep(layer: Layer): Promise<KeptVersion | null> {
    const { relation, fingerprint } = layer
    const identity = this.#identityOf(layer)
    const [source, version] = [this.#layers.sourceOf(identity), this.#layers.versionOf(identity)]
    // Columns from names of folders would be lost.
    const isKept = relation.kind === 'parquet' && !relation.files.some((file) => isObject(file) || hasColumns(file))
    if (!isKept || !source || !version || this.#layers.get(identity)?.fingerprint !== fingerprint) return null
    // The files of a copy stay, under names that only its content has.
    if (!relation.files.some((file) => source.files.includes(file)))
      return { relation, isUnchanged: version.isUnchanged, release: () => {} }
    const kept = (await this.#keeper?.keep(relation.files, version.isUnchanged)) ?? null
    return (
      kept && {
        relation: { ...relation, files: kept.files },
        isUnchanged: kept.areUnchanged,
        release: () => void kept.release().catch(() => {}),
      }
    )
  }

  unreadable(layer: Layer, reason: string): void {
    this.#layers.unreadable(layer, reason)
  }

  async refresh(): Promise<void> {
    for (const source of this.#sources) {
      await this.#look(source)
      // A look at near files does not wait, and clients must not wait for all of them.
      await immediate()
    }
  }

  async close(): Promise<void> {
    for (const source of this.#sources) source.close()
    await Promise.all([this.#watch?.close(), this.#context.inspector.close(), this.#copies.close(), this.#keeper?.close()])
    await this.checked
    await Promise.all([this.engines?.close(), (await this.#remote?.catch(() => null))?.close()])
  }

  /** Returns the identity of this layer, or of the layer that has replaced it under its name. */
  #identityOf(layer: Layer): string {
    const identity = identityOf(layer)
    if (this.#layers.sourceOf(identity)) return identity
    const [claim, ...more] = this.#names.claims.get(layer.name) ?? []
    return claim && more.length === 0 ? identityOf(claim) : identity
  }

  get #sources(): readonly Source[] {
    return this.#list.sources.map(({ source }) => source)
  }

  #open(wanted: readonly RequestedSource[]): readonly Source[] {
    const sources = wanted.map(({ found }) => openSource(found, this.#context, this.#copies))
    // All of them together, because the inspector must be restarted to read new files.
    this.#context.inspector.allow(sources.flatMap((source) => source.access().allowedPaths))
    return sources
  }

  /** Serves the current content of the arguments. Only one update runs at a time. */
  async #update(): Promise<void> {
    await this.#configure()
    const added = await this.#list.look()
    // This is before the workers lose access to it.
    this.#layers.keep(new Set(this.#sources))
    if (JSON.stringify(this.access()) !== this.#admitted) await this.#admit()
    this.#report(this.#renew(added))
  }

  #report(changes: readonly LayerChange[]): void {
    const { log } = this.#options
    const removed = new Map(changes.flatMap(({ kind, layer }) => (kind === 'REMOVED' ? [[identityOf(layer), layer.name]] : [])))
    for (const { kind, layer } of changes) {
      const { name } = layer
      const before = removed.get(identityOf(layer))
      if (kind === 'ADDED') log.info({ layer: name }, before ? `layer ${before} is now named ${name}` : `layer ${name} was added`)
      if (kind === 'REMOVED' && !this.#layers.sourceOf(identityOf(layer)))
        log.warn({ layer: name }, `layer ${name} is gone: its source is not there any more`)
    }
  }

  async #configure(): Promise<void> {
    const { configuration, log } = this.#options
    if (!configuration) return
    const read = await configuration.read()
    const source = path.basename(configuration.file)
    if (typeof read !== 'string') this.#list.request(read.sources, read.layers ?? [], read.mirrors ?? [])
    else if (this.#misconfigured[0]?.reason !== read) log.warn({ source }, `${source} is not used as it is now: ${read}`)
    this.#misconfigured = typeof read === 'string' ? [{ source, reason: read }] : []
  }

  /** Small sources first: their layers are checked, and their copies made, before those of larger sources. */
  #renew(added: readonly Source[]): readonly LayerChange[] {
    this.#names = nameLayers(this.#list.sources)
    const { layers } = this.#names
    const [isNew, small] = [new Set(added), this.#sources.toSorted((a, b) => a.bytes - b.bytes)]
    for (const source of small) this.#layers.renew(source, layers.get(source))
    for (const source of small.filter((source) => isNew.has(source))) source.watch(() => this.#changed(source))
    return this.#layers.emitChanges()
  }

  /** A failing listener does not stop a check or an update. */
  #emit(change: LayerChange): void {
    try {
      this.emit('changed', change)
    } catch (error) {
      this.#options.log.warn({ err: error, layer: change.layer.name }, 'a changed layer was not taken up everywhere')
    }
  }

  #changed(source: Source): void {
    const names = this.#names.layers.get(source)
    if (!names) return
    this.#layers.renew(source, names)
    this.#layers.emitChanges()
  }

  async #look(source: Source): Promise<void> {
    const hasRead = await source.look()
    // This applies also to a reading that another caller has requested. A layer that workers may not read yet is served by the update that allows it.
    const mayBeRead = () => source.access().allowedPaths.every((file) => this.#readable.has(file))
    if (!this.#layers.isTaken(source) && mayBeRead()) this.#changed(source)
    if (!hasRead || JSON.stringify(this.access()) === this.#admitted) return
    this.#admit().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, 'workers could not be given the databases that have changed'),
    )
  }

  async #openRemote(): Promise<RemoteObjects> {
    const { httpfsExtension, remoteCacheBytes = 0, remoteReaders = new Map(), log } = this.#options
    try {
      if (!httpfsExtension) throw new SourceError('it is on another machine, which is not read here: download it first')
      const { RemoteObjects } = await import('./remote/remote-objects.ts')
      return await RemoteObjects.open(await this.#stores(), await httpfsExtension(), remoteCacheBytes, remoteReaders, log)
    } catch (error) {
      if (error instanceof SourceError) throw error
      throw new SourceError("it cannot be read without DuckDB's httpfs extension, which could not be had: see the log", {
        cause: error,
      })
    }
  }

  /** Gives the workers access to the current sources. */
  async #admit(): Promise<void> {
    const access = this.access()
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

/**
 * Derives the alias from the file's name, so it is the same on every server with the same files. The prefix avoids DuckDB's own
 * names.
 */
function aliasOf(aliases: Map<string, string>, file: string, name: string): string {
  const known = aliases.get(file)
  // DuckDB's names are case-insensitive.
  const taken = new Set(aliases.values().map((alias) => alias.toLowerCase()))
  let alias = known ?? name
  for (let n = 2; !known && taken.has(alias.toLowerCase()); n++) alias = `${name}_${n}`
  aliases.set(file, alias)
  return `db_${alias}`
}
