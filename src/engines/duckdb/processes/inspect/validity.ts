/**
 * Writes SQL for geometries that are invalid by OGC's rules. It is used only after the safe check, because ST_IsValid ends the
 * process for geometry that the safe check finds.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { isNative } from '../../../../geometry/geometry-type.ts'
import { type GeometryEncoding, hasGeometry, type Spatial } from '../../../../model/layer.ts'
import { asGeometry, repaired } from '../../dialect/geometry-column.ts'
import { identifier } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { fromOf } from './relation.ts'
import { rowGeometry } from './row-geometry.ts'
import { rowsOf } from './rows.ts'

/**
 * The number of invalid geometries in the source. Takes about 1.5 µs per small polygon. A ring that is not closed is invalid
 * too.
 */
export async function countInvalid(connection: DuckDBConnection, description: Spatial<Description>): Promise<number> {
  const { isInvalid } = rowGeometry(description)
  const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${fromOf(description.relation)} WHERE ${isInvalid}`)
  return Number(row?.['n'])
}

/** Returns the rows that the layer serves, with the served form of their geometry, as the text after FROM. */
export function rowsToServe(description: Description): string {
  return hasGeometry(description) ? featuresToServe(description).from : fromOf(description.relation)
}

/** The same, with the encoding of their geometry. */
export function featuresToServe(description: Spatial<Description>): {
  readonly from: string
  readonly geometryEncoding: GeometryEncoding
} {
  const { relation, geometryColumn, geometryEncoding, tailoring } = description
  const from = fromOf(relation)
  const column = identifier(geometryColumn)
  if (isNative(geometryEncoding) || !tailoring || tailoring.onInvalid === 'flag') return { from, geometryEncoding }
  const geometry = asGeometry(column, geometryEncoding)
  if (tailoring.onInvalid === 'drop') {
    return { from: `(SELECT * FROM ${from} WHERE ${column} IS NULL OR ST_IsValid(${geometry}))`, geometryEncoding }
  }
  return { from: `(SELECT * REPLACE (${repaired(geometry)} AS ${column}) FROM ${from})`, geometryEncoding: 'GEOMETRY' }
}
