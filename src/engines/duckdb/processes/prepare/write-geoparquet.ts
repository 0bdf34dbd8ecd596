/** A staged source as a GeoParquet file: along a Hilbert curve, so that neighbours lie in the same row groups, with a covering column. */
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { fileList, identifier, literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'
import { geoMetadata } from './geo-metadata.ts'
import { reporting } from './progress.ts'
import { type Shape, type Staged, shapeOf } from './stage.ts'

/** By measurement: docs/sources.md. */
const COMPRESSION = 'lz4_raw'
const MOST_ROWS = 8_192
/** The engine's own chunk: a row group of fewer rows is read no faster. */
const LEAST_ROWS = 2_048
const ROW_GROUP_BYTES = 8e6

/** Returns how many features it holds. @throws the engine's error */
export async function writeGeoParquet(connection: DuckDBConnection, staged: Staged, file: string): Promise<number> {
  const shape = await shapeOf(connection, staged)
  const geo = await geoMetadata(connection, staged, shape)
  const geometry = identifier(staged.relation.geometryColumn)
  const columns = [...staged.relation.columns.slice(0, -1).map(({ name }) => identifier(name)), identifier(staged.covering)]
  const copy = () =>
    connection.run(
      `COPY (SELECT ${columns.join(', ')}, ST_AsWKB(${geometry}) AS ${geometry} FROM ${staged.table} ORDER BY ${alongHilbert(staged, shape)})
      TO ${literal(file)} (FORMAT parquet, COMPRESSION ${COMPRESSION}, ROW_GROUP_SIZE ${rowGroupRows(shape)}, KV_METADATA {geo: ${literal(geo)}})`,
    )
  await reporting(connection, 'WRITING', copy, shape.rows)
  await verify(connection, file, shape.rows)
  await sync(file)
  return shape.rows
}

/** Of large features fewer: a box needs some of them, and has all of their row groups to read. */
function rowGroupRows({ rows, bytes }: Shape): number {
  const fitting = Math.floor((ROW_GROUP_BYTES * rows) / Math.max(1, bytes))
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, fitting - (fitting % LEAST_ROWS)))
}

/** By the middle of each box; what has none comes last. Ties keep the source's order: the same source is the same file everywhere. */
function alongHilbert({ covering }: Staged, { extent }: Shape): string {
  if (!extent) return 'rowid'
  const [west, south, east, north] = extent
  const side = (name: string) => `${identifier(covering)}.${name}`
  const middle = (low: string, high: string, from: number, to: number) =>
    `least(greatest((${side(low)} + ${side(high)}) / 2, ${real(from)}), ${real(to)})`
  // A box of no width would be divided by.
  const bounds = `{min_x: ${real(west)}, min_y: ${real(south)}, max_x: ${real(wider(west, east))}, max_y: ${real(wider(south, north))}}::BOX_2D`
  const curve = `ST_Hilbert(${middle('xmin', 'xmax', west, east)}, ${middle('ymin', 'ymax', south, north)}, ${bounds})`
  return `CASE WHEN isfinite(${side('xmin')} + ${side('ymin')} + ${side('xmax')} + ${side('ymax')}) THEN ${curve} END NULLS LAST, rowid`
}

const real = (value: number): string => `${literal(String(value))}::DOUBLE`

const wider = (low: number, high: number): number => (high > low ? high : low + Math.max(1, Math.abs(low)) * 1e-6)

/** The file as a reader finds it. */
async function verify(connection: DuckDBConnection, file: string, rows: number): Promise<void> {
  const [found] = await rowsOf(connection, `SELECT count(*) AS n FROM read_parquet(${fileList([file])})`)
  if (Number(found?.['n']) !== rows) throw new Error(`its copy has ${found?.['n']} features instead of ${rows}`)
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
