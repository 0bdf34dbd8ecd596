/**
 * The live layers of a store, as layers that are served: the current version of each, the earlier versions that cursors may name, and the bases
 * that these need. It starts compactions, and forgets what nobody needs.
 */

import { hash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { LIVE_COLUMNS } from '../../engines/duckdb/dialect/quote.ts'
import { compactLayer } from '../../engines/duckdb/host/live-compactor.ts'
import { baseFile, keysFile, SLOTS, storeFile } from '../../engines/duckdb/host/live-files.ts'
import type { Written } from '../../engines/duckdb/host/live-messages.ts'
import { chunksIn, commitsSeen, lastWithin, nextChange, openForReading, stateOf } from '../../engines/duckdb/host/live-store.ts'
import { LiveWriter } from '../../engines/duckdb/host/live-writer.ts'
import { columnTypeOf } from '../../model/column-type.ts'
import { fingerprintDigest } from '../../model/cursor-seal.ts'
import { GeoduckError } from '../../model/errors.ts'
import { jsonTypeOf } from '../../model/json-type.ts'
import { type BBox, crsOf, type Field, type Layer, type LayerKey } from '../../model/layer.ts'
import type { LiveAnswer, LiveColumn, LiveMutation, LiveState } from '../../model/live.ts'
import type { UploadedChunk } from '../../model/live-upload.ts'
import { ProcessLock } from '../process-lock.ts'
import type { CatalogLog } from '../source.ts'
import { StoreWatch } from './store-watch.ts'

export interface LiveOptions {
  /** The folder of the store. */
  readonly directory: string
  readonly tempDirectory: string
  readonly spatialExtension: string | null
  readonly memoryLimitBytes: number
  readonly log: CatalogLog
  /** True if clients may write. @default false */
  readonly writes?: boolean
  /** Changes of a layer since its base, from which a new base is made. More for a large layer. @default 20,000 */
  readonly compactAfter?: number
  /** Milliseconds for which an earlier version can be queried after its last use. @default 10 minutes */
  readonly keepMs?: number
  /** Milliseconds for which changes are kept. @default an hour */
  readonly changesMs?: number
  /** Milliseconds between two looks of a follower at the store without an event. A look takes some microseconds. @default 100 */
  readonly lookMs?: number
}

/** A commit that readers can see. */
export interface LiveCommit {
  readonly version: number
  /** The layers that it has changed, at this version. */
  readonly layers: readonly Layer[]
}

interface LiveEvents {
  /** A commit is on the disk. Queries see it from now on. */
  committed: [LiveCommit]
  /** A layer was created. */
  created: [Layer]
  /** The number of those who follow the changes of a layer is another one. */
  watched: [layer: string, watchers: number]
}

/** A layer in memory. */
interface Entry {
  state: LiveState
  readonly fields: readonly Field[]
  /** 0 before the first base. */
  generation: number
  /** Changes since the base. */
  changes: number
  layer: Layer
  /** Times at which versions were the current ones, the oldest first. Changes up to such a version are at least as old. */
  readonly times: { readonly at: number; readonly version: number }[]
  /** The latest commits without a gap. */
  boxes: readonly CommitBoxes[]
}

/** Boxes that hold the geometries that a commit has changed, before and after. */
interface CommitBoxes {
  /** The versions before and after the commit. */
  readonly from: number
  readonly to: number
  readonly boxes: readonly BBox[]
}

interface Generation {
  /** The number of the base, or 0. */
  readonly id: number
  readonly layer: number
  /** The version of its rows. */
  readonly version: number
  readonly slot: number | null
  usedAt: number
  /** Operations that read it. */
  users: number
}

const MINUTE_MS = 60_000
/** Most commits of a layer whose boxes are kept. Those of a commit take at most 4 kB. */
const MOST_BOXES = 200
/** Bases of a layer that are kept for cursors. More would be kept while much is written. */
const MOST_BASES = 8
/** Most layers of a store, so that each can have a base. */
export const MOST_LAYERS = 200
/** Most earlier versions of all layers that cursors may name. */
const MOST_VERSIONS = 20_000
const TICK_MS = 1_000
/** A large layer is compacted when this share of it has changed, but at the latest after `MOST_CHANGES`. */
const CHANGED_SHARE = 0.1
const MOST_CHANGES = 200_000

const KEY: LayerKey = {
  kind: 'COLUMN',
  column: 'key',
  field: { name: 'live:key', type: { kind: 'utf8' }, native: 'VARCHAR', jsonType: 'STRING', nullable: false },
}

export class LiveLayers extends EventEmitter<LiveEvents> {
  readonly #options: LiveOptions
  /** Null: another process may write to the store, and this one follows it. */
  readonly #own: { readonly lock: ProcessLock; readonly writer: LiveWriter } | null
  readonly #entries = new Map<string, Entry>()
  /** Versions that queries have had, the oldest first, by the digest that is in their cursors. */
  readonly #versions = new Map<string, Layer>()
  /** The bases that can be queried. Each layer begins with an empty one, which is in no file. */
  readonly #generations = new Map<string, Generation>()
  readonly #watchers = new Map<string, number>()
  #reader: DatabaseSync | null = null
  /** The commits that a follower has read. */
  #seen = 0
  readonly #closing = new AbortController()
  /** Null for a follower. */
  readonly #timer: NodeJS.Timeout | null
  /** Null for the process that writes. */
  readonly #watch: StoreWatch | null
  #store = ''
  #work: Promise<void> = Promise.resolve()
  #isBusy = false

  private constructor(options: LiveOptions, lock: ProcessLock | null) {
    super()
    this.setMaxListeners(0)
    this.#options = options
    const { directory, tempDirectory, log, lookMs = 100 } = options
    const onWritten = (written: Written) => this.#written(written)
    this.#own = lock && { lock, writer: new LiveWriter({ directory, tempDirectory, log, onWritten }) }
    this.#timer = lock && setInterval(() => this.#tick(), TICK_MS).unref()
    this.#watch = lock ? null : new StoreWatch(directory, lookMs, () => this.#look())
  }

  /** Opens the store in the folder, and makes it if there is none. @throws GeoduckError if it cannot be opened, or another process has it */
  static async open(options: LiveOptions): Promise<LiveLayers> {
    const { directory } = options
    try {
      await mkdir(directory, { recursive: true })
      const lock = await ProcessLock.take(path.join(directory, 'lock'))
      if (!(lock instanceof ProcessLock))
        throw new Error(`process ${lock.pid} writes to it; stop that first, or start a server without --writes, which reads it`)
      const live = new LiveLayers(options, lock)
      return await live.#open().then(
        () => live,
        async (error: unknown) => {
          await live.close()
          throw error
        },
      )
    } catch (error) {
      const { message } = error as Error
      throw new GeoduckError('SOURCE_UNREADABLE', `The folder ${directory} of live layers cannot be opened: ${message}.`, {
        cause: error,
      })
    }
  }

  /** Opens a store that another process may write to, and follows its commits. @throws GeoduckError if it cannot be opened */
  static follow(options: LiveOptions): LiveLayers {
    const { directory } = options
    if (!existsSync(storeFile(directory))) {
      const message = `The folder ${directory} has no live layers yet: start a server with --writes, or use geoduck live create.`
      throw new GeoduckError('SOURCE_UNREADABLE', message)
    }
    const live = new LiveLayers(options, null)
    try {
      live.#follow(live.#reading)
      return live
    } catch (error) {
      void live.close()
      const { message } = error as Error
      throw new GeoduckError('SOURCE_UNREADABLE', `The folder ${directory} of live layers cannot be read: ${message}.`, {
        cause: error,
      })
    }
  }

  #look(): void {
    try {
      this.#follow(this.#reading)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the live layers could not be followed')
    }
  }

  /** Takes over what was committed since the last time. */
  #follow(reader: DatabaseSync): void {
    const seen = commitsSeen(reader)
    if (seen === this.#seen) return
    const { store, version, layers, bases } = stateOf(reader)
    this.#seen = seen
    this.#store = store
    const kept = new Set(layers.filter(isWhole).map(({ id }) => nameOf({ layer: id, generation: 0 })))
    for (const { id, layer } of bases) kept.add(nameOf({ layer, generation: id }))
    for (const name of this.#generations.keys()) if (!kept.has(name)) this.#generations.delete(name)
    const { directory } = this.#options
    for (const base of bases) {
      const isKnown = this.#generations.has(nameOf({ layer: base.layer, generation: base.id }))
      if (!isKnown && [baseFile, keysFile].every((file) => existsSync(file(directory, base.slot)))) this.#addGeneration(base)
    }
    for (const state of layers) if (isWhole(state) && !this.#entries.has(state.name)) this.#addFirstGeneration(state)
    // The writer makes the base of the others again.
    const readable = layers.filter((state) => this.#generationsOf(state).length > 0)
    for (const state of readable) {
      const entry = this.#entries.get(state.name)
      const generation = Math.max(...this.#generationsOf(state).map(({ id }) => id))
      if (!entry || entry.generation === generation) continue
      entry.generation = generation
      entry.state = { ...entry.state, extent: state.extent }
      this.#renew(entry)
    }
    this.#written({ answers: [], layers: readable, changes: readable.map(() => 0), version })
    for (const state of readable) this.#entry(state.name).state = state
  }

  async #open(): Promise<void> {
    const { directory } = this.#options
    const { store, layers, bases, changes } = await this.#writer.open()
    this.#store = store
    const files = new Set(await readdir(directory))
    const left = [...files].filter((file) => file.startsWith('compaction-'))
    await Promise.all(left.map((file) => rm(path.join(directory, file), { recursive: true, force: true })))
    for (const base of bases) {
      const isThere = [baseFile, keysFile].every((file) => files.has(path.basename(file(directory, base.slot))))
      if (isThere) this.#addGeneration(base)
      else await this.#writer.ask({ type: 'REMOVE_BASE', generation: base.id })
    }
    for (const [n, state] of layers.entries()) {
      if (isWhole(state)) this.#addFirstGeneration(state)
      // The store is the truth: a base that was lost is made again.
      else if (this.#generationsOf(state).length === 0) await this.#makeBase(state)
      this.#add(state, changes[n]!)
    }
  }

  #addGeneration({ id, layer, version, slot }: Pick<Generation, 'id' | 'layer' | 'version' | 'slot'>): void {
    this.#generations.set(nameOf({ layer, generation: id }), { id, layer, version, slot, usedAt: Date.now(), users: 0 })
  }

  /** The empty base, which all changes of the layer are relative to. */
  #addFirstGeneration({ id, created }: LiveState): void {
    this.#addGeneration({ id: 0, layer: id, version: created, slot: null })
  }

  get #reading(): DatabaseSync {
    this.#reader ??= openForReading(this.#options.directory)
    return this.#reader
  }

  /** @throws GeoduckError FORBIDDEN for a follower */
  get #writer(): LiveWriter {
    if (this.#own) return this.#own.writer
    throw new GeoduckError('FORBIDDEN', 'This server follows a store that it does not write to; start it with --writes.')
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name)
    if (!entry) throw new Error(`the store has no layer ${name}`)
    return entry
  }

  #generationsOf({ id }: LiveState): readonly Generation[] {
    return [...this.#generations.values()].filter(({ layer }) => layer === id)
  }

  get directory(): string {
    return this.#options.directory
  }

  layers(): readonly Layer[] {
    return [...this.#entries.values()].map(({ layer }) => layer)
  }

  layer(name: string): Layer | undefined {
    return this.#entries.get(name)?.layer
  }

  get store(): string {
    return this.#store
  }

  /** Calls `wake` after each commit that has changed the layer, until the returned function is called. */
  watch(name: string, wake: () => void): () => void {
    const committed = ({ layers }: LiveCommit) => {
      if (layers.some((layer) => layer.name === name)) wake()
    }
    this.on('committed', committed)
    this.#count(name, 1)
    return () => {
      this.off('committed', committed)
      this.#count(name, -1)
    }
  }

  /** Returns how many follow the changes of the layer. */
  watchers(name: string): number {
    return this.#watchers.get(name) ?? 0
  }

  #count(name: string, more: number): void {
    const watchers = this.watchers(name) + more
    this.#watchers.set(name, watchers)
    this.emit('watched', name, watchers)
  }

  /** True if the changes of the layer after this version are kept. */
  keepsChangesSince(name: string, version: number): boolean {
    // A token of another server may be of a commit that this follower has not seen yet.
    if (!this.#own && version > this.#entry(name).state.version) this.#look()
    const { state } = this.#entry(name)
    return version >= state.forgotten && version <= state.version
  }

  /** Returns the last version after `from` up to which there are at most `most` changes, or else the next one. */
  lastWithin(name: string, from: number, most: number): number {
    const { id, version } = this.#entry(name).state
    return Math.min(lastWithin(this.#reading, id, from, most), version)
  }

  /** Returns the first version after `from` at which the layer changed. Infinity: it has not changed since. */
  nextChange(name: string, from: number): number {
    const { id, version } = this.#entry(name).state
    if (version <= from) return Number.POSITIVE_INFINITY
    return nextChange(this.#reading, id, from)
  }

  /** Returns the layer as it was at a version of the store. Null: it is not there yet. Undefined: it is not kept. */
  asOf(name: string, version: number): Layer | null | undefined {
    const { state, fields, generation, layer } = this.#entry(name)
    if (version >= state.version) return layer
    if (version < state.created) return null
    const kept = this.#generationsOf(state).filter((base) => base.version <= version)
    if (kept.length === 0) return undefined
    const latest = Math.max(...kept.map(({ id }) => id))
    return this.#layerOf({ ...state, version }, fields, Math.min(latest, generation))
  }

  /** Returns the version that a cursor names. */
  versionOf(name: string, digest: string): Layer | undefined {
    if (!this.#own && !this.#versions.has(digest)) this.#look()
    const layer = this.#versions.get(digest)
    return layer?.name === name && this.holds(layer) ? layer : undefined
  }

  /** True if queries of this version can continue. Then it is kept for longer. */
  holds({ relation }: Layer): boolean {
    const generation = relation.kind === 'live' ? this.#generations.get(nameOf(relation)) : undefined
    if (generation) generation.usedAt = Date.now()
    return generation !== undefined
  }

  /** Keeps what queries of this version read, until the returned function is called. */
  use({ relation }: Layer): () => void {
    const generation = relation.kind === 'live' ? this.#generations.get(nameOf(relation)) : undefined
    if (!generation) return () => {}
    generation.users++
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      generation.users--
      generation.usedAt = Date.now()
    }
  }

  /** Returns the chunks of an upload that are committed, the first one first. */
  uploaded(layer: string, upload: string): readonly UploadedChunk[] {
    return chunksIn(this.#reading, layer, upload)
  }

  /**
   * Returns boxes that hold all geometries that have changed after version `from`, up to version `to`, before and after. Undefined if they are not
   * known.
   */
  boxesOfChanges(name: string, from: number, to: number): readonly BBox[] | undefined {
    const { boxes } = this.#entry(name)
    const found: BBox[] = []
    let since = to
    for (let n = boxes.length - 1; n >= 0 && since > from; n--) {
      const commit = boxes[n]!
      if (commit.from >= to) continue
      found.push(...commit.boxes)
      since = commit.from
    }
    return since <= from ? found : undefined
  }

  /**
   * Writes a mutation. Resolves when it is on the disk and every query sees it.
   *
   * @throws GeoduckError OVERLOADED, LIMIT_EXCEEDED, SHUTTING_DOWN
   */
  async write(mutation: LiveMutation): Promise<LiveAnswer> {
    if (mutation.operation.kind === 'create' && this.#entries.size >= MOST_LAYERS && !this.#entries.has(mutation.layer))
      throw new GeoduckError('LIMIT_EXCEEDED', `A store has at most ${MOST_LAYERS} live layers.`)
    return await this.#writing(() => this.#writer.write(mutation))
  }

  /** The same, for a mutation that depends on the data. `make` gets the current version, after which no other mutation is written. */
  writeAlone(name: string, make: (layer: Layer) => Promise<LiveMutation>): Promise<LiveAnswer> {
    return this.#writing(() => this.#writer.writeAlone(() => make(this.#entry(name).layer)))
  }

  async #writing(write: () => Promise<LiveAnswer>): Promise<LiveAnswer> {
    if (this.#writer.isFull)
      throw new GeoduckError('OVERLOADED', 'Too many features wait to be written; try again.', { details: { retryAfter: 1 } })
    try {
      return await write()
    } catch (error) {
      if (error instanceof GeoduckError) throw error
      if (this.#closing.signal.aborted)
        throw new GeoduckError('SHUTTING_DOWN', 'The server is stopping; send it again with the same `idempotencyKey`.')
      throw error
    }
  }

  /** Makes a base of the layer now. @throws Error if it cannot be made */
  async compact(name: string): Promise<void> {
    const entry = this.#entry(name)
    const compaction = this.#work.then(() => this.#compact(entry))
    this.#work = compaction.catch(() => {})
    await compaction
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer ?? undefined)
    this.#watch?.close()
    await this.#own?.writer.close()
    await this.#work
    this.#reader?.close()
    await this.#own?.lock.release()
  }

  #add(state: LiveState, changes: number): Entry {
    const fields = state.columns.map(fieldOf)
    const generation = Math.max(...this.#generationsOf(state).map(({ id }) => id))
    const times = [{ at: Date.now(), version: state.version }]
    const entry = { state, fields, generation, changes, times, boxes: [], layer: this.#layerOf(state, fields, generation) }
    this.#entries.set(state.name, entry)
    this.#keep(entry.layer)
    return entry
  }

  #written({ layers, changes, boxes, version }: Written): void {
    const changed = layers.filter(({ name, version: at }) => this.#entries.get(name)?.state.version !== at)
    const created: Layer[] = []
    for (const state of changed) {
      const entry = this.#entries.get(state.name)
      const count = changes[layers.indexOf(state)]!
      if (!entry) {
        if (isWhole(state)) this.#addFirstGeneration(state)
        created.push(this.#add(state, count).layer)
        continue
      }
      const commit = boxes && { from: entry.state.version, to: state.version, boxes: boxes[layers.indexOf(state)]! }
      entry.boxes = commit ? [...entry.boxes.slice(1 - MOST_BOXES), commit] : []
      // The writer may have answered before it forgot changes that are not read any more.
      entry.state = { ...state, forgotten: Math.max(state.forgotten, entry.state.forgotten) }
      entry.changes += count
      this.#renew(entry)
    }
    for (const layer of created) this.emit('created', layer)
    if (changed.length > 0) this.emit('committed', { version, layers: changed.map(({ name }) => this.#entries.get(name)!.layer) })
  }

  #renew(entry: Entry): void {
    entry.layer = this.#layerOf(entry.state, entry.fields, entry.generation)
    this.#keep(entry.layer)
  }

  #keep(layer: Layer): void {
    this.#versions.set(fingerprintDigest(layer.fingerprint).toString('hex'), layer)
    if (this.#versions.size > MOST_VERSIONS) this.#versions.delete(this.#versions.keys().next().value!)
  }

  #layerOf({ id, name, version, crs, extent, types, features }: LiveState, columns: readonly Field[], generation: number): Layer {
    const { west, south, east, north } = LIVE_COLUMNS
    return Object.freeze({
      name,
      isWritable: this.#options.writes === true,
      state: 'READY',
      relation: { kind: 'live', layer: id, generation, version },
      columns,
      geometryColumn: 'geometry',
      geometryEncoding: 'GEOMETRY',
      geometryTypes: types,
      hasZ: false,
      coordinates: 'XY',
      crs: crsOf(crs),
      extent,
      featureCount: features,
      key: KEY,
      pruning: {
        kind: 'COVERING_COLUMN',
        column: null,
        members: { xmin: west, ymin: south, xmax: east, ymax: north },
        float32: false,
      },
      // A base has its own order, so a position is of one base and one version.
      fingerprint: hash('sha256', `${this.#store} ${id} ${generation} ${version}`),
    } satisfies Layer)
  }

  #tick(): void {
    if (this.#isBusy || this.#closing.signal.aborted) return
    this.#isBusy = true
    this.#work = this.#work
      .then(() => this.#maintain())
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#options.log.warn({ err: error }, 'the live layers could not be compacted')
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #maintain(): Promise<void> {
    const { compactAfter = 20_000, keepMs = 10 * MINUTE_MS } = this.#options
    for (const entry of this.#entries.values()) {
      const limit = Math.max(compactAfter, Math.min(MOST_CHANGES, CHANGED_SHARE * entry.state.features))
      if (entry.changes >= limit) await this.#compact(entry)
    }
    await this.#retire(Date.now() - keepMs, MOST_BASES)
    for (const entry of this.#entries.values()) await this.#forget(entry)
  }

  async #compact(entry: Entry): Promise<void> {
    const began = performance.now()
    const before = entry.changes
    const base = await this.#makeBase(entry.state)
    if (!base) return
    entry.generation = base.id
    // Changes that were written meanwhile are relative to the new base.
    entry.changes -= before
    if (entry.state.version === base.version) entry.state = { ...entry.state, extent: base.extent }
    this.#renew(entry)
    const { name: layer } = entry.state
    this.#options.log.info(
      { layer, features: base.rows, ms: Math.round(performance.now() - began) },
      `layer ${layer} is compacted`,
    )
  }

  async #makeBase({ id: layer }: LiveState) {
    const taken = () => new Set([...this.#generations.values()].map(({ slot }) => slot))
    if (taken().size >= SLOTS) await this.#retire(Date.now(), 1)
    const used = taken()
    const slot = Array.from({ length: SLOTS }, (_, n) => n).find((n) => !used.has(n))
    // Operations read all of them. The next attempt is a second later.
    if (slot === undefined) return null
    const { directory, spatialExtension, memoryLimitBytes } = this.#options
    const job = { directory, spatialExtension, memoryLimitBytes, layer, slot }
    const { version, rows, extent } = await compactLayer(job, this.#closing.signal)
    const id = await this.#writer.ask<number>({ type: 'ADD_BASE', base: { layer, version, slot, rows }, extent })
    this.#addGeneration({ id, layer, version, slot })
    return { id, version, rows, extent }
  }

  /** Removes bases that no query has used since `before`, and all above `most` per layer that no operation reads. */
  async #retire(before: number, most: number): Promise<void> {
    for (const entry of this.#entries.values()) {
      const newestFirst = this.#generationsOf(entry.state).toSorted((a, b) => b.id - a.id)
      for (const [place, generation] of newestFirst.entries()) {
        const { id, layer, slot, usedAt, users } = generation
        if (id === entry.generation || users > 0 || (usedAt > before && place < most)) continue
        this.#generations.delete(nameOf({ layer, generation: id }))
        if (slot === null) continue
        await this.#writer.ask({ type: 'REMOVE_BASE', generation: id })
        const { directory } = this.#options
        for (const file of [baseFile(directory, slot), keysFile(directory, slot)]) await rm(file, { force: true })
      }
    }
  }

  /** Forgets the changes that are older than the retention and that no base needs. */
  async #forget(entry: Entry): Promise<void> {
    const { changesMs = 60 * MINUTE_MS } = this.#options
    const { times } = entry
    if (times.at(-1)?.version !== entry.state.version) times.push({ at: Date.now(), version: entry.state.version })
    while (times.length > 1 && times[1]!.at < Date.now() - changesMs) times.shift()
    const [oldest] = times
    if (!oldest || oldest.at > Date.now() - changesMs) return
    const version = Math.min(oldest.version, ...this.#generationsOf(entry.state).map((generation) => generation.version))
    if (version <= entry.state.forgotten) return
    // From now on nobody reads them.
    entry.state = { ...entry.state, forgotten: version }
    while (await this.#writer.ask<boolean>({ type: 'FORGET', layer: entry.state.id, version }))
      this.#closing.signal.throwIfAborted()
  }
}

/** True if all changes of the layer are kept, so that it can be read without a base. */
const isWhole = ({ forgotten, created }: LiveState): boolean => forgotten === created

const nameOf = ({ layer, generation }: { readonly layer: number; readonly generation: number }): string =>
  `${layer} ${generation}`

function fieldOf({ name, native }: LiveColumn): Field {
  const type = columnTypeOf(native)
  if (!type) throw new Error(`a live layer has a column of the unknown type ${native}`)
  return { name, type, native, jsonType: jsonTypeOf(type), nullable: true }
}
