/**
 * The program that makes a base: an immutable copy of a live layer at one version, along a Hilbert curve. It reads the store, which takes
 * writes meanwhile, and writes into its own folder.
 */
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { BBox } from '../../../../model/layer.ts'
import { identifier, LIVE_COLUMNS, literal } from '../../dialect/quote.ts'
import { baseFile, keysFile } from '../../host/live-files.ts'
import type { Compacted, CompactorJob } from '../../host/live-messages.ts'
import { layersIn, openForReading } from '../../host/live-store.ts'
import { openDuckDB } from '../../open.ts'
import { answerWith } from '../answer.ts'
import { FAST_SETTINGS, STORE_OPTIONS } from '../import/layout.ts'
import { rowsOf } from '../inspect/rows.ts'
import { createTable, Filling, type StoredFeature } from './fill.ts'

answerWith<CompactorJob>(compact, (error) => ({ failure: error instanceof Error ? error.message : String(error) }))

const AT_ONCE = 5_000

async function compact(job: CompactorJob): Promise<Compacted> {
  const { directory, folder, layer: id, slot, spatialExtension, memoryLimitBytes } = job
  await mkdir(folder, { recursive: true })
  const [staging, base] = [path.join(folder, 'staging.duckdb'), path.join(folder, 'base.duckdb')]
  const { connection } = await openDuckDB({
    spatialExtension,
    memoryLimitBytes,
    threads: 1,
    tempDirectory: path.join(folder, 'spill'),
    allowedPaths: [staging, base].flatMap((file) => [file, `${file}.wal`, `${file}.wal.checkpoint`, `${file}.wal.recovery`]),
    settings: ["SET GLOBAL TimeZone = 'UTC'", 'SET GLOBAL preserve_insertion_order = true', ...FAST_SETTINGS],
  })
  await connection.run(`ATTACH ${literal(staging)} AS staging`)
  await connection.run(`ATTACH ${literal(base)} AS base (${STORE_OPTIONS})`)
  const store = openForReading(directory)
  // All reads see one version.
  store.exec('BEGIN')
  const layer = layersIn(store).find((one) => one.id === id)
  if (!layer) throw new Error('the store has no such layer')
  await createTable(connection, 'staging.features', layer.columns)
  const filling = await Filling.open(connection, 'texts', layer.columns)
  const query = store.prepare('SELECT key, properties, geometry FROM features WHERE layer = ? ORDER BY id')
  let rows = 0
  let some: StoredFeature[] = []
  const flush = async () => {
    if (some.length > 0) await filling.append('staging.features', rows, some)
    rows += some.length
    some = []
  }
  for (const feature of query.iterate(id) as Iterable<unknown>) {
    some.push(feature as StoredFeature)
    if (some.length === AT_ONCE) await flush()
  }
  await flush()
  store.exec('COMMIT')
  store.close()
  if (rows !== layer.features) throw new Error(`the layer has ${rows} features, not ${layer.features}`)
  const extent = await sort(connection)
  await writeKeys(connection, path.join(folder, 'keys.sqlite'))
  await connection.run('DETACH base')
  // Readers that have the files of an earlier base in this slot keep them.
  await rename(path.join(folder, 'keys.sqlite'), keysFile(directory, slot))
  await rename(base, baseFile(directory, slot))
  return { version: layer.version, rows, extent }
}

/** Writes the rows in the order of the curve, and returns their extent. */
async function sort(connection: DuckDBConnection): Promise<BBox | null> {
  const [west, south, east, north] = [LIVE_COLUMNS.west, LIVE_COLUMNS.south, LIVE_COLUMNS.east, LIVE_COLUMNS.north].map(
    identifier,
  )
  const [bounds] = await rowsOf(
    connection,
    `SELECT min(${west}) AS w, min(${south}) AS s, max(${east}) AS e, max(${north}) AS n FROM staging.features`,
  )
  const extent = bounds?.['w'] == null ? null : ([bounds['w'], bounds['s'], bounds['e'], bounds['n']] as unknown as BBox)
  const box = extent && `{'min_x': ${extent[0]}, 'min_y': ${extent[1]}, 'max_x': ${extent[2]}, 'max_y': ${extent[3]}}::BOX_2D`
  const place = `ST_Hilbert((${west} + ${east}) / 2, (${south} + ${north}) / 2, ${box})`
  const order = box ? ` ORDER BY CASE WHEN ${west} IS NOT NULL THEN ${place} END NULLS LAST` : ''
  const row = identifier(LIVE_COLUMNS.row)
  await connection.run(
    `CREATE TABLE base.features AS SELECT row_number() OVER () - 1 AS ${row}, * EXCLUDE ${row} FROM (SELECT * FROM staging.features${order})`,
  )
  await connection.run('CHECKPOINT base')
  return extent
}

async function writeKeys(connection: DuckDBConnection, file: string): Promise<void> {
  const keys = new DatabaseSync(file)
  keys.exec('PRAGMA journal_mode = OFF; CREATE TABLE keys (key TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID; BEGIN')
  const insert = keys.prepare('INSERT INTO keys VALUES (?, ?)')
  const [key, row] = [identifier(LIVE_COLUMNS.key), identifier(LIVE_COLUMNS.row)]
  const result = await connection.stream(`SELECT ${key}, ${row} FROM base.features ORDER BY ${key}`)
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [text, number] of chunk.getRows()) insert.run(String(text), number as bigint)
  }
  keys.exec('COMMIT; PRAGMA synchronous = FULL')
  keys.close()
}
