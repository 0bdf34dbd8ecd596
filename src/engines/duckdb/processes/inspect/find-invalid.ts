/**
 * Finds the first geometries that break a rule of OGC, and names the rule. The engine only reports that a geometry is invalid.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CheckReport, LayerKey, Spatial } from '../../../../model/layer.ts'
import { asGeometry } from '../../dialect/geometry-column.ts'
import { identifier } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { fromOf, rowIdOf } from './relation.ts'
import { rowGeometry } from './row-geometry.ts'
import { rowsOf } from './rows.ts'

const MOST_NAMED = 10

export async function findInvalid(
  connection: DuckDBConnection,
  description: Spatial<Description>,
  key: LayerKey,
): Promise<CheckReport['firstInvalid']> {
  const { relation, geometryColumn, geometryEncoding } = description
  const id = key.kind === 'COLUMN' ? identifier(key.column) : rowIdOf(description)
  const rows = await rowsOf(
    connection,
    `SELECT id, ${reason('g')} AS reason FROM (
      SELECT (${id})::VARCHAR AS id, ${asGeometry(identifier(geometryColumn), geometryEncoding)} AS g
      FROM ${fromOf(relation)} WHERE ${rowGeometry(description).isInvalid} LIMIT ${MOST_NAMED}
    )`,
  )
  return rows.map((row) => ({ id: String(row['id']), reason: String(row['reason']) }))
}

/** Returns the first rule that is broken. If the engine cannot compute a rule, it is null and the next rule is tried. */
function reason(g: string): string {
  const parts = `list_transform(ST_Dump(${g}), lambda d: d.geom)`
  const some = (rule: string, of = parts) => `TRY(len(list_filter(${of}, lambda p: ${rule})) > 0)`
  const shell = 'ST_ExteriorRing(p)'
  const holes = `[ST_InteriorRingN(p, i::INTEGER) FOR i IN range(1, ST_NumInteriorRings(p) + 1)]`
  const isClosed = (line: string) => `ST_Equals(ST_StartPoint(${line}), ST_EndPoint(${line}))`
  const isRing = (line: string) => `ST_NPoints(${line}) > 3 AND ${isClosed(line)}`
  const isPolygon = "ST_GeometryType(p)::VARCHAR = 'POLYGON'"
  const ofHoles = (rule: string) => some(`${isPolygon} AND len([1 FOR h IN ${holes} IF ${rule}]) > 0`)
  const rules: readonly (readonly [rule: string, reason: string])[] = [
    [`regexp_matches(lower(ST_AsText(${g})), 'nan|inf')`, 'a coordinate is not a finite number'],
    [some(`${isPolygon} AND ST_NPoints(${shell}) BETWEEN 1 AND 3`), 'a ring has fewer than four points'],
    [some(`${isPolygon} AND NOT ${isClosed(shell)}`), 'a ring is not closed'],
    [ofHoles(`NOT ${isClosed('h')}`), 'a ring is not closed'],
    [some(`${isPolygon} AND NOT ST_IsSimple(${shell})`), 'its outer ring crosses or touches itself'],
    [ofHoles('NOT ST_IsSimple(h)'), 'a hole crosses or touches itself'],
    [
      // TRY does not always catch the error of a ring that is not closed.
      ofHoles(
        `CASE WHEN ${isRing('h')} AND ${isRing(shell)} THEN NOT ST_CoveredBy(ST_MakePolygon(h), ST_MakePolygon(${shell})) END`,
      ),
      'a hole lies outside of its outer ring, or crosses it',
    ],
    [some(`${isPolygon} AND NOT ST_IsValid(p)`), 'its holes overlap, or cut it in two'],
    [some("ST_GeometryType(p)::VARCHAR = 'LINESTRING' AND NOT ST_IsValid(p)"), 'a line has only one point'],
    [`len(${parts}) > 1`, 'two of its parts overlap'],
  ]
  return `CASE ${rules.map(([rule, text]) => `WHEN TRY(${rule}) THEN '${text}'`).join(' ')} ELSE 'it breaks a rule of OGC' END`
}
