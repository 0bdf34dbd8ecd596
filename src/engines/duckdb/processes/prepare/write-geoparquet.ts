/**
 * Writes a staged source as a GeoParquet file with a covering column. It is sorted along a Hilbert curve, so that a row group
 * has neighbouring features. A table without geometry becomes a Parquet file in the order of its source.
 */
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { fileList, identifier, literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'
import { geoMetadata } from './geo-metadata.ts'
import { PROBLEMS_KEY } from './problems.ts'
import { reporting } from './progress.ts'
import { type Shape, type Staged, type StagedGeometry, shapeOf } from './stage.ts'

/** Measured: docs/decisions/0021-row-groups-compression-and-the-spatial-index.md. */
const COMPRESSION = 'lz4_raw'
const MOST_ROWS = 8_192
/** The engine's own chunk size: a smaller row group is not read faster. */
const LEAST_ROWS = 2_048
const ROW_GROUP_BYTES = 8e6

export interface ParquetOptions {
  /** @default `lz4_raw`, the fastest */
  readonly compression?: 'lz4_raw' | 'zstd'
  /** True to keep the order of the staged rows. @default along a Hilbert curve */
  readonly inOrder?: boolean
  /** False for a file that is not a prepared copy. @default true */
  readonly listsProblems?: boolean
}

/** Returns the number of features in the file. @throws Error of the engine */
export async function writeGeoParquet(
  connection: DuckDBConnection,
  staged: Staged,
  file: string,
  { compression = COMPRESSION, inOrder = false, listsProblems = true }: ParquetOptions = {},
): Promise<number> {
  const shape = await shapeOf(connection, staged)
  const { relation, table, geometry } = staged
  const columns = relation.columns.map(({ name }) => identifier(name))
  const problems = `${identifier(PROBLEMS_KEY)}: ${literal(JSON.stringify(relation.problems))}`
  const metadata = listsProblems ? [problems] : []
  if (geometry) {
    const column = identifier(geometry.column)
    columns.push(identifier(geometry.covering), `ST_AsWKB(${column}) AS ${column}`)
    metadata.unshift(`geo: ${literal(await geoMetadata(connection, geometry, relation.crs, shape))}`)
  }
  const order = geometry && !inOrder ? alongHilbert(geometry, shape) : 'rowid'
  const copy = () =>
    connection.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${order})
      TO ${literal(file)} (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${rowGroupRows(shape)}${metadata.length > 0 ? `, KV_METADATA {${metadata.join(', ')}}` : ''})`,
    )
  await reporting(connection, 'WRITING', copy, shape.rows)
  await verify(connection, file, shape.rows)
  await sync(file)
  return shape.rows
}

/** Fewer for large features, because a box query must read all row groups of the features it needs. */
function rowGroupRows({ rows, bytes }: Shape): number {
  const fitting = Math.floor((ROW_GROUP_BYTES * rows) / Math.max(1, bytes))
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, fitting - (fitting % LEAST_ROWS)))
}

/**
 * Sorts by the centre of each box; features without a box are last. Ties keep the source's order, so the same source gives the
 * same file everywhere.
 */
function alongHilbert({ covering }: StagedGeometry, { extent }: Shape): string {
  if (!extent) return 'rowid'
  const [west, south, east, north] = extent
  const side = (name: string) => `${identifier(covering)}.${name}`
  const middle = (low: string, high: string, from: number, to: number) =>
    `least(greatest((${side(low)} + ${side(high)}) / 2, ${real(from)}), ${real(to)})`
  // Avoids a division by zero for a box without width.
  const bounds = `{min_x: ${real(west)}, min_y: ${real(south)}, max_x: ${real(wider(west, east))}, max_y: ${real(wider(south, north))}}::BOX_2D`
  const curve = `ST_Hilbert(${middle('xmin', 'xmax', west, east)}, ${middle('ymin', 'ymax', south, north)}, ${bounds})`
  return `CASE WHEN isfinite(${side('xmin')} + ${side('ymin')} + ${side('xmax')} + ${side('ymax')}) THEN ${curve} END NULLS LAST, rowid`
}

const real = (value: number): string => `${literal(String(value))}::DOUBLE`

const wider = (low: number, high: number): number => (high > low ? high : low + Math.max(1, Math.abs(low)) * 1e-6)

/** The file as a reader sees it. */
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
