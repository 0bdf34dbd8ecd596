/** A filter's geometry as SQL, in the layer's CRS, and the box that prunes by it. */
import type { Layer } from '../../../model/layer.ts'
import type { Geometry } from '../../../model/predicate.ts'
import { isBounded, layerCrsCode, transformed } from './crs.ts'
import type { Box } from './pruning.ts'
import { type Parameters, refusal } from './quote.ts'

export interface Argument {
  /** Of a GEOMETRY without a CRS, which agrees with columns of every CRS; another than the column's would be refused by the engine. */
  readonly sql: string
  readonly box: Box
}

/**
 * Not for an empty one, which has no box. In another CRS it is a constant that the engine computes once a statement wherever it stands: 10 to
 * 50 ms each, most of it to look up the transformation.
 */
export function argumentOf({ wkb, bbox, crs, argument }: Geometry, layer: Layer, parameters: Parameters): Argument {
  if (bbox === null) throw new RangeError('an empty geometry has no box')
  const source = decoded(wkb, parameters)
  if (crs === null) return { sql: source, box: bbox }
  if (crs.code === null) throw new RangeError('a named CRS has a code')
  const to = layerCrsCode(layer)
  const sql = transformed(source, crs.code, to, parameters)
  const from180 = layer.crs?.isLonLat ? transformed(source, crs.code, FROM_180, parameters) : null
  parameters.proofs.push(proof(sql, from180, argument))
  return { sql, box: { around: sql } }
}

/** SQL that fails where the geometry has come out as another one. Not constant to the engine, so that it transforms only once. */
function proof(sql: string, from180: string | null, name: string): string {
  const lost = refusal(`\`${name}\` has no place in the CRS of the layer; give it in that.`)
  const torn = refusal(`\`${name}\` crosses the antimeridian or a pole; give it in longitude and latitude, cut there.`)
  const whole = from180 === null ? 'a[1]' : `CASE WHEN ${isTorn('a[1]', 'a[2]')} THEN ${torn} ELSE a[1] END`
  const both = from180 === null ? `[${sql}]` : `[${sql}, ${from180}]`
  return `list_transform([${both}], lambda a: CASE WHEN NOT ${isBounded('a[1]')} THEN ${lost} ELSE ${whole} END)[1]`
}

/** What the strict reader has written, and nothing else. As hexadecimal text: node-api binds no bytes without being told the type. */
export function decoded(wkb: Uint8Array, parameters: Parameters): string {
  return `ST_GeomFromWKB(unhex(${parameters.text(Buffer.from(wkb.buffer, wkb.byteOffset, wkb.byteLength).toString('hex'))}))`
}

/** Longitudes counted from the antimeridian. */
const FROM_180 = '+proj=longlat +datum=WGS84 +lon_0=180 +no_defs'

/**
 * SQL: an edge jumps from 180 to -180, as nothing in longitude and latitude may. Its lines are then no shorter than they are counted from
 * the antimeridian, where the jumps are at 0.
 */
function isTorn(there: string, from180: string): string {
  const length = (geometry: string) => `(ST_Length(${geometry}) + ST_Perimeter(${geometry}))`
  const longer = `${length(there)} - ${length(from180)}`
  return `(${longer} > 90 OR ST_XMax(${there}) - ST_XMin(${there}) > 180 AND ${longer} > -180)`
}
