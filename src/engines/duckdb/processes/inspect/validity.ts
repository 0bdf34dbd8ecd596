/** Geometries that are not valid by OGC's rules, as SQL. Only behind the safe check: ST_IsValid ends the process at what that one finds. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { GeometryEncoding } from '../../../../model/layer.ts'
import type { Description } from '../../host/inspection.ts'
import { identifier } from './quote.ts'
import { fromOf } from './relation.ts'
import { rowGeometry } from './row-geometry.ts'
import { rowsOf } from './rows.ts'

/** In the source. About 1.5 us a small polygon; a ring that is not closed is not valid either. */
export async function countInvalid(connection: DuckDBConnection, description: Description): Promise<number> {
  const { isInvalid } = rowGeometry(description)
  const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${fromOf(description.relation)} WHERE ${isInvalid}`)
  return Number(row?.['n'])
}

/** The rows that the layer serves, with their geometry as it is served, behind FROM. `engines/duckdb/dialect/validity.ts` says the same to the workers. */
export function servedRows(description: Description): { readonly from: string; readonly geometryEncoding: GeometryEncoding } {
  const { relation, geometryColumn, geometryEncoding, tailoring } = description
  const from = fromOf(relation)
  const geometry = geometryOf(description)
  const column = identifier(geometryColumn)
  if (geometry === null || !tailoring || tailoring.onInvalid === 'flag') return { from, geometryEncoding }
  if (tailoring.onInvalid === 'drop') {
    return { from: `(SELECT * FROM ${from} WHERE ${column} IS NULL OR ST_IsValid(${geometry}))`, geometryEncoding }
  }
  // What cannot be made valid stays as it is. A TRY over a function of one argument gives up a whole vector for one row; in a list, that row.
  const made = `list_transform([${geometry}], lambda g: TRY(ST_MakeValid(g)))[1]`
  const mended = `CASE WHEN ST_IsValid(${geometry}) THEN ${geometry} ELSE coalesce(${made}, ${geometry}) END`
  return { from: `(SELECT * REPLACE (${mended} AS ${column}) FROM ${from})`, geometryEncoding: 'GEOMETRY' }
}

function geometryOf({ geometryColumn, geometryEncoding }: Description): string | null {
  if (geometryEncoding === 'GEOMETRY') return identifier(geometryColumn)
  return geometryEncoding === 'WKB' ? `ST_GeomFromWKB(${identifier(geometryColumn)})` : null
}
