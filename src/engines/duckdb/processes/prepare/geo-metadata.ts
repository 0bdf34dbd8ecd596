/** Writes the `geo` metadata of GeoParquet 1.1 from the actual content of the file. https://geoparquet.org/releases/v1.1.0/ */
import type { DuckDBConnection } from '@duckdb/node-api'
import { LON_LAT } from '../../../../model/layer.ts'
import { literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { Shape, StagedGeometry } from './stage.ts'

/** The CRS as JSON text. */
export async function geoMetadata(
  connection: DuckDBConnection,
  { column, covering }: StagedGeometry,
  crs: string,
  shape: Shape,
): Promise<string> {
  const side = (name: string) => [covering, name]
  const projjson = await projjsonOf(connection, crs)
  return JSON.stringify({
    version: '1.1.0',
    primary_column: column,
    columns: {
      [column]: {
        encoding: 'WKB',
        geometry_types: shape.types,
        ...(projjson !== undefined && { crs: projjson }),
        ...(shape.extent && { bbox: shape.extent }),
        covering: { bbox: { xmin: side('xmin'), ymin: side('ymin'), xmax: side('xmax'), ymax: side('ymax') } },
      },
    },
  })
}

/**
 * Undefined omits the member, which means OGC:CRS84. Null means unknown. The definition of a code is from the engine's
 * catalogue.
 */
async function projjsonOf(connection: DuckDBConnection, crs: string): Promise<unknown> {
  if (crs === LON_LAT) return undefined
  if (crs === '') return null
  if (crs.startsWith('{')) return JSON.parse(crs)
  const [row] = await rowsOf(
    connection,
    `SELECT projjson FROM duckdb_coordinate_systems() WHERE crs_name = ${literal(crs)} OR wkt2_2019 = ${literal(crs)}`,
  )
  if (typeof row?.['projjson'] === 'string') return JSON.parse(row['projjson'])
  throw new Error(`its CRS is not known: ${crs.slice(0, 80)}`)
}
