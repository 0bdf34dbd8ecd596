/** Writes a filter's geometry as SQL in the layer's CRS, with the box that prunes by it. */
import type { Layer } from '../../../model/layer.ts'
import type { Geometry } from '../../../model/predicate.ts'
import { isBounded, layerCrsText, transformed } from './crs.ts'
import type { Box } from './pruning.ts'
import { type Parameters, refusal } from './quote.ts'

export interface Argument {
  /**
   * A GEOMETRY without a CRS, which matches columns of every CRS. The engine would refuse a CRS that differs from the column's.
   */
  readonly sql: string
  readonly box: Box
}

/**
 * Not for an empty geometry, which has no box. In another CRS, the box is a constant that the engine computes once per occurrence in a statement:
 * each takes 10 to 50 ms, most of it to look up the transformation.
 */
export function argumentOf({ wkb, bbox, crs, argument }: Geometry, layer: Layer, parameters: Parameters): Argument {
  if (bbox === null) throw new RangeError('an empty geometry has no box')
  const source = decoded(wkb, parameters)
  if (crs === null) return { sql: source, box: bbox }
  if (crs.code === null) throw new RangeError('a named CRS has a code')
  const to = layerCrsText(layer)
  const sql = transformed(source, crs.code, to, parameters)
  const from180 = layer.crs?.isLonLat ? transformed(source, crs.code, FROM_180, parameters) : null
  parameters.proofs.push(proof(sql, from180, argument))
  return { sql, box: { around: sql } }
}

/**
 * SQL that fails if the transformation returned another geometry. The engine does not see it as a constant, so it transforms
 * only once.
 */
function proof(sql: string, from180: string | null, name: string): string {
  const lost = refusal(`\`${name}\` has no place in the CRS of the layer; give it in that.`)
  const torn = refusal(`\`${name}\` crosses the antimeridian or a pole; give it in longitude and latitude, cut there.`)
  const whole = from180 === null ? 'a[1]' : `CASE WHEN ${isTorn('a[1]', 'a[2]')} THEN ${torn} ELSE a[1] END`
  const both = from180 === null ? `[${sql}]` : `[${sql}, ${from180}]`
  return `list_transform([${both}], lambda a: CASE WHEN NOT ${isBounded('a[1]')} THEN ${lost} ELSE ${whole} END)[1]`
}

/** The output of our strict reader. It is hexadecimal text, because node-api binds no bytes without their type. */
export function decoded(wkb: Uint8Array, parameters: Parameters): string {
  return `ST_GeomFromWKB(unhex(${parameters.text(Buffer.from(wkb.buffer, wkb.byteOffset, wkb.byteLength).toString('hex'))}))`
}

/** Longitudes counted from the antimeridian. */
const FROM_180 = '+proj=longlat +datum=WGS84 +lon_0=180 +no_defs'

/**
 * SQL that is true if an edge jumps from 180 to -180, which is invalid in longitude and latitude. Then its lines are longer than they are
 * when counted from the antimeridian, where the jumps have length 0.
 */
function isTorn(there: string, from180: string): string {
  const length = (geometry: string) => `(ST_Length(${geometry}) + ST_Perimeter(${geometry}))`
  const longer = `${length(there)} - ${length(from180)}`
  return `(${longer} > 90 OR ST_XMax(${there}) - ST_XMin(${there}) > 180 AND ${longer} > -180)`
}
