import { rename } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'

export interface GeoParquetLayout {
  /** @default the smallest the engine writes (one vector): a small box on the map reads few rows */
  readonly rowGroupRows?: number
  /** The geometry column's name, in the table and in the file. @default 'geometry' */
  readonly geometry?: string
}

/**
 * Writes a table or view as GeoParquet 1.1, Hilbert-sorted, with a covering column `bbox`. The engine's own writer says 1.0 and
 * declares no covering, so the geometry goes out as plain WKB under metadata of ours.
 *
 * @param table has a GEOMETRY column in OGC:CRS84 and a column `id` that makes the order total
 * @param file appears whole or not at all
 */
export async function writeGeoParquet(
  connection: DuckDBConnection,
  table: string,
  file: string,
  { rowGroupRows = 2048, geometry = 'geometry' }: GeoParquetLayout = {},
): Promise<void> {
  const [described] = (
    await connection.runAndReadAll(`
    SELECT ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent), types
    FROM (SELECT ST_Extent_Agg(${geometry}) AS extent, list_sort(list(DISTINCT ST_GeometryType(${geometry})::VARCHAR)) AS types FROM ${table})
  `)
  ).getRowsJson()
  const [west, south, east, north, types] = described as [number, number, number, number, string[]]
  const geo = metadata(
    geometry,
    [west, south, east, north],
    types.map((type) => TYPE_NAMES[type]!),
  )
  const partial = `${file}.partial`
  await connection.run(`
    COPY (
      SELECT * EXCLUDE (${geometry}),
        {xmin: ST_XMin(${geometry}), ymin: ST_YMin(${geometry}), xmax: ST_XMax(${geometry}), ymax: ST_YMax(${geometry})} AS bbox,
        ST_AsWKB(${geometry}) AS ${geometry}
      FROM ${table}
      ORDER BY ST_Hilbert(${geometry}, {min_x: ${west}, min_y: ${south}, max_x: ${east}, max_y: ${north}}::BOX_2D), id
    ) TO '${partial}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows}, KV_METADATA {geo: '${geo}'})
  `)
  await rename(partial, file)
}

const TYPE_NAMES: Readonly<Record<string, string>> = { POINT: 'Point', POLYGON: 'Polygon', MULTIPOLYGON: 'MultiPolygon' }

/** https://geoparquet.org/releases/v1.1.0: no `crs` means OGC:CRS84. */
function metadata(geometry: string, bbox: readonly number[], types: readonly string[]): string {
  const side = (name: string) => ['bbox', name]
  return JSON.stringify({
    version: '1.1.0',
    primary_column: geometry,
    columns: {
      [geometry]: {
        encoding: 'WKB',
        geometry_types: types,
        bbox,
        covering: { bbox: { xmin: side('xmin'), ymin: side('ymin'), xmax: side('xmax'), ymax: side('ymax') } },
      },
    },
  })
}
