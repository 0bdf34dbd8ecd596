/**
 * The live layers of a store, as layers that are served: the current version of each, the earlier versions that cursors may name, and the bases
 * that these need.
 */

import { hash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { DatabaseSync } from 'node:sqlite'
import { LIVE_COLUMNS } from '../../engines/duckdb/dialect/quote.ts'
import type { Written } from '../../engines/duckdb/host/live-messages.ts'
import { chunksIn, lastWithin, nextChange, openForReading } from '../../engines/duckdb/host/live-store.ts'
import { columnTypeOf } from '../../model/column-type.ts'
import { fingerprintDigest } from '../../model/cursor-seal.ts'
import { jsonTypeOf } from '../../model/json-type.ts'
import { type BBox, crsOf, type Field, type Layer, type LayerKey, type LiveRelation } from '../../model/layer.ts'
import type { LiveAnswer, LiveColumn, LiveMutation, LiveState } from '../../model/live.ts'
import type { UploadedChunk } from '../../model/live-upload.ts'
import type { CatalogLog } from '../source.ts'

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
export interface Entry {
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

export interface Generation {
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

/** Most commits of a layer whose boxes are kept. Those of a commit take at most 4 kB. */
const MOST_BOXES = 200
/** Most earlier versions of all layers that cursors may name. */
const MOST_VERSIONS = 20_000

const KEY: LayerKey = {
  kind: 'COLUMN',
  column: 'key',
  field: { name: 'live:key', type: { kind: 'utf8' }, native: 'VARCHAR', jsonType: 'STRING', nullable: false },
}

export abstract class LiveLayers extends EventEmitter<LiveEvents> {
  protected readonly options: LiveOptions
  protected readonly entries = new Map<string, Entry>()
  /** Versions that queries have had, the oldest first, by the digest that is in their cursors. */
  readonly #versions = new Map<string, Layer>()
  /** The bases that can be queried. Each layer begins with an empty one, which is in no file. */
  protected readonly generations = new Map<string, Generation>()
  readonly #watchers = new Map<string, number>()
  #reader: DatabaseSync | null = null
  protected readonly closing = new AbortController()
  #store = ''

  protected constructor(options: LiveOptions) {
    super()
    this.setMaxListeners(0)
    this.options = options
  }

  /**
   * Writes a mutation. Resolves when it is on the disk and every query sees it.
   *
   * @throws GeoduckError FORBIDDEN, OVERLOADED, LIMIT_EXCEEDED, SHUTTING_DOWN
   */
  abstract write(mutation: LiveMutation): Promise<LiveAnswer>

  /** The same, for a mutation that depends on the data. `make` gets the current version, after which no other mutation is written. */
  abstract writeAlone(name: string, make: (layer: Layer) => Promise<LiveMutation>): Promise<LiveAnswer>

  close(): Promise<void> {
    this.closing.abort()
    this.#reader?.close()
    return Promise.resolve()
  }

  protected addGeneration({ id, layer, version, slot }: Pick<Generation, 'id' | 'layer' | 'version' | 'slot'>): void {
    this.generations.set(nameOf({ layer, generation: id }), { id, layer, version, slot, usedAt: Date.now(), users: 0 })
  }

  /** The empty base, which all changes of the layer are relative to. */
  protected addFirstGeneration({ id, created }: LiveState): void {
    this.addGeneration({ id: 0, layer: id, version: created, slot: null })
  }

  protected get reading(): DatabaseSync {
    this.#reader ??= openForReading(this.options.directory)
    return this.#reader
  }

  protected entry(name: string): Entry {
    const entry = this.entries.get(name)
    if (!entry) throw new Error(`the store has no layer ${name}`)
    return entry
  }

  protected generationsOf({ id }: LiveState): readonly Generation[] {
    return [...this.generations.values()].filter(({ layer }) => layer === id)
  }

  get directory(): string {
    return this.options.directory
  }

  layers(): readonly Layer[] {
    return [...this.entries.values()].map(({ layer }) => layer)
  }

  layer(name: string): Layer | undefined {
    return this.entries.get(name)?.layer
  }

  get store(): string {
    return this.#store
  }

  protected set store(id: string) {
    this.#store = id
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
    const { state } = this.entry(name)
    return version >= state.forgotten && version <= state.version
  }

  /** Returns the last version after `from` up to which there are at most `most` changes, or else the next one. */
  lastWithin(name: string, from: number, most: number): number {
    const { id, version } = this.entry(name).state
    return Math.min(lastWithin(this.reading, id, from, most), version)
  }

  /** Returns the first version after `from` at which the layer changed. Infinity: it has not changed since. */
  nextChange(name: string, from: number): number {
    const { id, version } = this.entry(name).state
    if (version <= from) return Number.POSITIVE_INFINITY
    return nextChange(this.reading, id, from)
  }

  /** Returns the layer as it was at a version of the store. Null: it is not there yet. Undefined: it is not kept. */
  asOf(name: string, version: number): Layer | null | undefined {
    const { state, fields, generation, layer } = this.entry(name)
    if (version >= state.version) return layer
    if (version < state.created) return null
    const kept = this.generationsOf(state).filter((base) => base.version <= version)
    if (kept.length === 0) return undefined
    const latest = Math.max(...kept.map(({ id }) => id))
    return this.#layerOf({ ...state, version }, fields, Math.min(latest, generation))
  }

  /** Returns the version that a cursor names. */
  versionOf(name: string, digest: string): Layer | undefined {
    const layer = this.#versions.get(digest)
    return layer?.name === name && this.holds(layer) ? layer : undefined
  }

  /** True if queries of this version can continue. Then it is kept for longer. */
  holds({ relation }: Layer): boolean {
    const generation = relation.kind === 'live' ? this.generations.get(nameOf(relation)) : undefined
    if (generation) generation.usedAt = Date.now()
    return generation !== undefined
  }

  /** Changes are kept in any case. */
  hold(): Promise<() => void> {
    return Promise.resolve(() => {})
  }

  compared(name: string, from: number, to: number) {
    const layer = this.layer(name)
    if (layer?.relation.kind !== 'live') return undefined
    const relation: LiveRelation = { ...layer.relation, version: to, since: from }
    // The log of changes never changes, so a difference is never outdated.
    return { layer: { ...layer, relation }, unchanged: () => Promise.resolve(true) }
  }

  isPending(): boolean {
    return false
  }

  /** Keeps what queries of this version read, until the returned function is called. */
  use({ relation }: Layer): () => void {
    const generation = relation.kind === 'live' ? this.generations.get(nameOf(relation)) : undefined
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
    return chunksIn(this.reading, layer, upload)
  }

  /**
   * Returns boxes that hold all geometries that have changed after version `from`, up to version `to`, before and after. Undefined if they are not
   * known.
   */
  boxesOfChanges(name: string, from: number, to: number): readonly BBox[] | undefined {
    const { boxes } = this.entry(name)
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

  protected add(state: LiveState, changes: number): Entry {
    const fields = state.columns.map(fieldOf)
    const generation = Math.max(...this.generationsOf(state).map(({ id }) => id))
    const times = [{ at: Date.now(), version: state.version }]
    const entry = { state, fields, generation, changes, times, boxes: [], layer: this.#layerOf(state, fields, generation) }
    this.entries.set(state.name, entry)
    this.#keep(entry.layer)
    return entry
  }

  protected written({ layers, changes, boxes, version }: Written): void {
    const changed = layers.filter(({ name, version: at }) => this.entries.get(name)?.state.version !== at)
    const created: Layer[] = []
    for (const state of changed) {
      const entry = this.entries.get(state.name)
      const count = changes[layers.indexOf(state)]!
      if (!entry) {
        if (isWhole(state)) this.addFirstGeneration(state)
        created.push(this.add(state, count).layer)
        continue
      }
      const commit = boxes && { from: entry.state.version, to: state.version, boxes: boxes[layers.indexOf(state)]! }
      entry.boxes = commit ? [...entry.boxes.slice(1 - MOST_BOXES), commit] : []
      // The writer may have answered before it forgot changes that are not read any more.
      entry.state = { ...state, forgotten: Math.max(state.forgotten, entry.state.forgotten) }
      entry.changes += count
      this.renew(entry)
    }
    for (const layer of created) this.emit('created', layer)
    if (changed.length > 0) this.emit('committed', { version, layers: changed.map(({ name }) => this.entries.get(name)!.layer) })
  }

  protected renew(entry: Entry): void {
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
      isWritable: this.options.writes === true,
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
}

/** True if all changes of the layer are kept, so that it can be read without a base. */
export const isWhole = ({ forgotten, created }: LiveState): boolean => forgotten === created

export const nameOf = ({ layer, generation }: { readonly layer: number; readonly generation: number }): string =>
  `${layer} ${generation}`

function fieldOf({ name, native }: LiveColumn): Field {
  const type = columnTypeOf(native)
  if (!type) throw new Error(`a live layer has a column of the unknown type ${native}`)
  return { name, type, native, jsonType: jsonTypeOf(type), nullable: true }
}
