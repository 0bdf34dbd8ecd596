/**
 * The live layers of a worker: the bases that it has attached, and in memory the changes since them. A statement of a live layer reads one version;
 * the worker reads the changes up to it from the store, which it can only read.
 */
import { DatabaseSync } from 'node:sqlite'
import { DuckDBBitValue, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api'
import type { LiveRelation } from '../../../../model/layer.ts'
import type { LiveGeneration, LiveState } from '../../../../model/live.ts'
import { FIRST_CHANGE, identifier, LIVE_VARIABLES, literal, liveBase, liveChanges } from '../../dialect/quote.ts'
import { baseFile, keysFile } from '../../host/live-files.ts'
import { basesIn, layersIn, openForReading } from '../../host/live-store.ts'
import { createTable, Filling, type StoredFeature } from '../live/fill.ts'

/** Most changes that are read at once. */
const AT_ONCE = 5_000

export class LiveRows {
  readonly #directory: string
  readonly #connection: DuckDBConnection
  readonly #store: DatabaseSync
  readonly #overlays = new Map<string, Overlay>()

  /** The connection must be used for nothing else. */
  constructor(directory: string, connection: DuckDBConnection) {
    this.#directory = directory
    this.#connection = connection
    this.#store = openForReading(directory)
  }

  /** Makes the connection read this version of the layer. @throws Error if the store does not keep it any more */
  async prepare(connection: DuckDBConnection, relation: LiveRelation): Promise<void> {
    const key = `${relation.layer} ${relation.generation}`
    let overlay = this.#overlays.get(key)
    if (!overlay) {
      await this.#release(relation.layer)
      overlay = await this.#open(relation)
      this.#overlays.set(key, overlay)
    }
    try {
      await overlay.read(relation.version)
    } catch (error) {
      // The engine may have taken a part of the changes. The next execution reads all of them again.
      this.#overlays.delete(key)
      await overlay.close().catch(() => {})
      throw error
    }
    await overlay.show(connection, relation.version)
  }

  async #open(relation: LiveRelation): Promise<Overlay> {
    const state = stateOf(this.#store, relation.layer)
    const base = relation.generation === 0 ? null : this.#base(relation.generation)
    const since = base ? base.version : state.created
    const name = `live_texts_${relation.layer}_${relation.generation}`
    const filling = await Filling.open(this.#connection, name, state.columns)
    const overlay = new Overlay(this.#store, this.#connection, relation, {
      filling,
      since,
      base: base && (await this.#attach(base)),
    })
    await createTable(this.#connection, liveChanges(relation), state.columns)
    return overlay
  }

  /** @throws Error if the store does not keep it any more */
  #base(generation: number): LiveGeneration {
    const base = basesIn(this.#store).find(({ id }) => id === generation)
    if (!base) throw gone()
    return base
  }

  async #attach({ id, slot, rows }: LiveGeneration): Promise<Base> {
    const alias = identifier(liveBase(id))
    const keys = new DatabaseSync(keysFile(this.#directory, slot), { readOnly: true })
    try {
      await this.#connection.run(`ATTACH IF NOT EXISTS ${literal(baseFile(this.#directory, slot))} AS ${alias} (READ_ONLY)`)
      const detach = async () => {
        keys.close()
        await this.#connection.run(`DETACH ${alias}`)
      }
      // The slot may have been used again meanwhile.
      if (basesIn(this.#store).some((base) => base.id === id)) return { rows, keys, detach }
      await detach()
    } catch (error) {
      if (keys.isOpen) keys.close()
      throw error
    }
    throw gone()
  }

  /** Releases what the worker has of bases of the layer that the store does not keep any more. Nothing runs meanwhile. */
  async #release(layer: number): Promise<void> {
    const { forgotten, created } = stateOf(this.#store, layer)
    const kept = new Set(basesIn(this.#store).map(({ id }) => id))
    if (forgotten === created) kept.add(0)
    for (const [key, overlay] of this.#overlays) {
      if (overlay.relation.layer !== layer || kept.has(overlay.relation.generation)) continue
      this.#overlays.delete(key)
      await overlay.close()
    }
  }
}

export function gone(): Error {
  return new Error('Live Error: the store does not keep this version any more')
}

export function stateOf(store: DatabaseSync, layer: number): LiveState {
  const state = layersIn(store).find(({ id }) => id === layer)
  if (!state) throw gone()
  return state
}

interface Base {
  readonly rows: number
  readonly keys: DatabaseSync
  detach(): Promise<void>
}

interface OverlayParts {
  readonly filling: Filling
  /** The version of the base. */
  readonly since: number
  readonly base: Base | null
}

interface ChangeRow extends StoredFeature {
  readonly version: number
  readonly existed: number
  readonly exists: number
}

/** The changes since one base. Its table only grows, so rows keep their numbers. */
class Overlay {
  readonly relation: LiveRelation
  readonly #store: DatabaseSync
  readonly #connection: DuckDBConnection
  readonly #parts: OverlayParts
  /** The version up to which changes are read. */
  #version: number
  /** The number of the latest row of each key that has changed. Null: the key has no row now. */
  readonly #latest = new Map<string, number | null>()
  /** The version of each row of the changes, and the version that ends it. */
  readonly #begins: number[] = []
  readonly #ends: number[] = []
  /** Rows of the base that have ended, in the order of the versions that end them. */
  readonly #ended: { readonly version: number; readonly row: number }[] = []
  #bits: { readonly version: number; readonly values: Readonly<Record<string, DuckDBValue>> } | null = null

  constructor(store: DatabaseSync, connection: DuckDBConnection, relation: LiveRelation, parts: OverlayParts) {
    this.#store = store
    this.#connection = connection
    this.relation = relation
    this.#parts = parts
    this.#version = parts.since
  }

  /** Reads the changes up to the version. */
  async read(version: number): Promise<void> {
    if (version <= this.#version) return
    const { layer } = this.relation
    const statement = this.#store.prepare(
      `SELECT version, key, properties_before IS NOT NULL AS existed, properties_after IS NOT NULL AS "exists",
         properties_after AS properties, geometry_after AS geometry
       FROM changes WHERE layer = ? AND version > ? AND version <= ? ORDER BY version, id`,
    )
    let some: ChangeRow[] = []
    for (const row of statement.iterate(layer, this.#version, version) as Iterable<unknown>) {
      const change = row as ChangeRow
      // A mutation is read as a whole.
      if (some.length >= AT_ONCE && some.at(-1)!.version !== change.version) {
        await this.#add(some)
        some = []
      }
      some.push(change)
    }
    // This is after the changes were read, which may have been forgotten meanwhile.
    if (stateOf(this.#store, layer).forgotten > this.#version) throw gone()
    await this.#add(some)
    this.#version = version
  }

  /** First the engine takes the rows: if that fails, the numbers must not count them. */
  async #add(changes: readonly ChangeRow[]): Promise<void> {
    const added = changes.filter(({ exists }) => exists === 1)
    const first = this.#begins.length
    if (added.length > 0) await this.#parts.filling.append(liveChanges(this.relation), FIRST_CHANGE + first, added)
    const keys = this.#parts.base?.keys.prepare('SELECT row FROM keys WHERE key = ?')
    for (const { key, version, existed, exists } of changes) {
      const before = this.#latest.get(key)
      if (typeof before === 'number') this.#ends[before] = version
      else if (before === undefined && existed === 1) {
        const found = keys?.get(key) as { row: number } | undefined
        if (!found) throw new Error(`Live Error: a feature of layer ${this.relation.layer} is not in its base`)
        this.#ended.push({ version, row: found.row })
      }
      if (exists === 1) {
        this.#latest.set(key, this.#begins.push(version) - 1)
        this.#ends.push(Number.POSITIVE_INFINITY)
      } else this.#latest.set(key, null)
    }
    this.#version = changes.at(-1)?.version ?? this.#version
  }

  /** Sets the variables that statements of the layer read, on this connection. */
  async show(connection: DuckDBConnection, version: number): Promise<void> {
    if (this.#bits?.version !== version) this.#bits = { version, values: this.#bitsAt(version) }
    for (const [name, value] of Object.entries(this.#bits.values)) {
      const prepared = await connection.prepare(`SET VARIABLE ${name} = $1`)
      prepared.bind([value])
      await prepared.run()
      prepared.destroySync()
    }
  }

  #bitsAt(version: number): Readonly<Record<string, DuckDBValue>> {
    const later = this.#begins.findIndex((begin) => begin > version)
    const count = later < 0 ? this.#begins.length : later
    const changes = new Bits(count)
    for (let row = 0; row < count; row++) if (this.#ends[row]! <= version) changes.set(row)
    const values: Record<string, DuckDBValue> = { [LIVE_VARIABLES.count]: BigInt(count), [LIVE_VARIABLES.changes]: changes.value }
    const { base } = this.#parts
    if (!base) return values
    const ended = new Bits(base.rows)
    for (const { version: end, row } of this.#ended) {
      if (end > version) break
      ended.set(row)
    }
    return { ...values, [LIVE_VARIABLES.base]: ended.value }
  }

  async close(): Promise<void> {
    await this.#connection.run(`DROP TABLE ${liveChanges(this.relation)}`)
    await this.#parts.filling.close()
    await this.#parts.base?.detach()
  }
}

/** A BIT of the engine: one byte with the number of unused bits, which come first and are set, and then the bits. */
class Bits {
  readonly #bytes: Uint8Array
  readonly #unused: number

  constructor(length: number) {
    const bytes = Math.max(1, Math.ceil(length / 8))
    this.#unused = Math.min(7, bytes * 8 - length)
    this.#bytes = new Uint8Array(1 + bytes)
    this.#bytes[0] = this.#unused
    this.#bytes[1] = 0xff & (0xff << (8 - this.#unused))
  }

  set(bit: number): void {
    const place = bit + this.#unused
    this.#bytes[1 + (place >> 3)]! |= 0x80 >> (place & 7)
  }

  get value(): DuckDBBitValue {
    return new DuckDBBitValue(this.#bytes)
  }
}
