import type { DuckDBConnection } from '@duckdb/node-api'
import { LON_LAT } from '../../../../model/crs.ts'
import { literal } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { rowsOf } from './rows.ts'

/** True if PROJ knows the CRS that the configuration names. It transforms an empty point, which computes nothing. */
export async function crsFault(connection: DuckDBConnection, { wantedCrs }: Description): Promise<string | null> {
  if (!wantedCrs) return null
  try {
    await rowsOf(connection, `SELECT ST_Transform('POINT EMPTY'::GEOMETRY, ${literal(wantedCrs.toUpperCase())}, '${LON_LAT}')`)
    return null
  } catch {
    return `its CRS ${wantedCrs} is none that PROJ knows: correct \`crs\``
  }
}
