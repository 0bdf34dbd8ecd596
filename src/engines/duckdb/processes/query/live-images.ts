/**
 * The images of the features that differ between two versions of a live layer: how each was at the earlier one, and how it is at the later one. Or
 * those of every change between them. A worker keeps those of one difference, for all filters that ask for it.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { LiveRelation } from '../../../../model/layer.ts'
import { LIVE_IMAGES, LIVE_STEPS, STEP_BITS } from '../../dialect/quote.ts'
import { openForReading } from '../../host/live-store.ts'
import { createTable, Filling, type StoredFeature } from '../live/fill.ts'
import { gone, stateOf } from './live-rows.ts'

/** Most features that are read at once. */
const AT_ONCE = 5_000

interface ImagesRow {
  /** The row number of a step. */
  readonly row?: bigint
  readonly key: string
  readonly properties_before: string | null
  readonly geometry_before: Uint8Array | null
  readonly properties_after: string | null
  readonly geometry_after: Uint8Array | null
}

export class LiveImages {
  readonly #store: DatabaseSync
  readonly #connection: DuckDBConnection
  /** The difference that the tables have. */
  #shown = ''

  /** The connection must be used for nothing else. */
  constructor(directory: string, connection: DuckDBConnection) {
    this.#store = openForReading(directory)
    this.#connection = connection
  }

  /** Fills the tables with the difference from `since` to the version. @throws Error if the store does not keep its changes any more */
  async show({ layer, version, steps = false }: LiveRelation, since: number): Promise<void> {
    const difference = `${layer} ${since} ${version}`
    if (difference === this.#shown) return
    this.#shown = ''
    const { columns } = stateOf(this.#store, layer)
    const tables = steps ? LIVE_STEPS : LIVE_IMAGES
    for (const table of Object.values(tables)) {
      await this.#connection.run(`DROP TABLE IF EXISTS ${table}`)
      await createTable(this.#connection, table, columns)
    }
    const filling = await Filling.open(this.#connection, 'live_images_texts', columns)
    const rows = { before: 0, after: 0 }
    for (const some of steps ? this.#steps(layer, since, version) : this.#read(layer, since, version)) {
      for (const image of ['before', 'after'] as const) {
        const features = some.flatMap((row) => imageOf(row, image))
        await filling.append(tables[image], rows[image], features)
        rows[image] += features.length
      }
    }
    await filling.close()
    // They may have been forgotten while they were read.
    if (stateOf(this.#store, layer).forgotten > since) throw gone()
    this.#shown = difference
  }

  /** Returns every change in its order, in lists. */
  *#steps(layer: number, since: number, version: number): Generator<readonly ImagesRow[], void> {
    const statement = this.#store.prepare(
      'SELECT * FROM changes WHERE layer = ? AND version > ? AND version <= ? ORDER BY version, id',
    )
    let some: ImagesRow[] = []
    let last = { version: since, place: 0n }
    for (const row of statement.iterate(layer, since, version) as Iterable<unknown>) {
      const change = row as ImagesRow & { readonly version: number }
      last = { version: change.version, place: change.version === last.version ? last.place + 1n : 0n }
      some.push({ ...change, row: (BigInt(change.version) << BigInt(STEP_BITS)) + last.place })
      if (some.length < AT_ONCE) continue
      yield some
      some = []
    }
    yield some
  }

  /** Returns the features that differ, in the order in which they first changed, in lists. Every worker has the same order. */
  *#read(layer: number, since: number, version: number): Generator<readonly ImagesRow[], void> {
    const statement = this.#store.prepare(
      `SELECT first.key, first.properties_before, first.geometry_before, last.properties_after, last.geometry_after
       FROM (
         SELECT min(id) AS first, max(id) AS last FROM changes WHERE layer = ? AND version > ? AND version <= ? GROUP BY key
       ) AS ends JOIN changes AS first ON first.id = ends.first JOIN changes AS last ON last.id = ends.last
       ORDER BY ends.first`,
    )
    let some: ImagesRow[] = []
    for (const row of statement.iterate(layer, since, version) as Iterable<unknown>) {
      if (differs(row as ImagesRow)) some.push(row as ImagesRow)
      if (some.length < AT_ONCE) continue
      yield some
      some = []
    }
    yield some
  }
}

function differs({ properties_before, geometry_before, properties_after, geometry_after }: ImagesRow): boolean {
  if (properties_before !== properties_after) return true
  if (geometry_before === null || geometry_after === null) return geometry_before !== geometry_after
  return Buffer.compare(geometry_before, geometry_after) !== 0
}

function imageOf(row: ImagesRow, image: 'before' | 'after'): readonly StoredFeature[] {
  const properties = row[`properties_${image}`]
  if (properties === null) return []
  return [{ key: row.key, properties, geometry: row[`geometry_${image}`], ...(row.row !== undefined && { row: row.row }) }]
}
