/** The layer's geometry column as SQL, whatever its encoding. */
import type { GeometryEncoding, Layer } from '../../../model/layer.ts'
import { geometryColumnOf } from './quote.ts'
import { isMended, isSifted, mended } from './validity.ts'

/** DuckDB's types for each native encoding: how many lists deep, and what one member of a MULTI geometry is. */
const NATIVE: Readonly<
  Record<
    Exclude<GeometryEncoding, 'GEOMETRY' | 'WKB'>,
    { lists: number; type: 'POINT' | 'LINESTRING' | 'POLYGON'; multi: boolean }
  >
> = {
  point: { lists: 0, type: 'POINT', multi: false },
  linestring: { lists: 1, type: 'LINESTRING', multi: false },
  polygon: { lists: 2, type: 'POLYGON', multi: false },
  multipoint: { lists: 1, type: 'POINT', multi: true },
  multilinestring: { lists: 2, type: 'LINESTRING', multi: true },
  multipolygon: { lists: 3, type: 'POLYGON', multi: true },
}

/** ISO WKB, a BLOB. Plain WKB comes as it is stored: nothing proves it but its reader. */
export function geometryAsWkb(layer: Layer): string {
  return layer.geometryEncoding === 'WKB' && !isMended(layer) ? geometryColumnOf(layer) : `ST_AsWKB(${geometryValue(layer)})`
}

/** A GEOMETRY, as it is served. NULL for WKB that cannot be read. */
export function geometryValue(layer: Layer): string {
  return isMended(layer) ? mended(storedGeometry(layer)) : storedGeometry(layer)
}

/** Whether the layer has the row at all; null: it has every one. Features without a geometry stay. */
export function isKept(layer: Layer): string | null {
  if (!isSifted(layer)) return null
  return `(${geometryColumnOf(layer)} IS NULL OR ${guarded(layer, `ST_IsValid(${storedGeometry(layer)})`)})`
}

function storedGeometry(layer: Layer): string {
  const column = geometryColumnOf(layer)
  const { geometryEncoding: encoding } = layer
  if (encoding === 'GEOMETRY') return column
  // TRY over a function of one argument makes NULLs of a whole vector when one row of it fails; inside a list it is that row
  // alone.
  if (encoding === 'WKB') return `list_transform([${column}], lambda w: TRY(ST_GeomFromWKB(w)))[1]`
  const { lists, type, multi } = NATIVE[encoding]
  const [members, dimensions] = layer.hasZ ? ['z DOUBLE, y DOUBLE, x DOUBLE', '3D'] : ['y DOUBLE, x DOUBLE', '2D']
  // A cast to the same members in the same order is dropped by the binder, and the name of the type with it: so they are turned
  // around.
  const turned = `CAST(${column} AS STRUCT(${members})${'[]'.repeat(lists)})`
  const cast = (value: string) => `CAST(CAST(${value} AS ${type}_${dimensions}) AS GEOMETRY)`
  if (!multi) return cast(turned)
  const collected = `ST_Collect(list_transform(${turned}, lambda g: ${cast('g')}))`
  return `CASE WHEN len(${column}) > 0 THEN ${collected} ELSE ${emptyMulti(type, column)} END`
}

function emptyMulti(type: string, column: string): string {
  return `CASE WHEN ${column} IS NOT NULL THEN CAST('MULTI${type} EMPTY' AS GEOMETRY) END`
}

/**
 * `test` of the geometry, for rows whose geometry the engine can be trusted with: until the layer has been scanned it may hold
 * what ends the process. The text is the one function that never does; 2-4 us a row.
 */
export function guarded(layer: Layer, test: string): string {
  return layer.state === 'READY' ? test : `CASE WHEN TRY(CAST(${geometryValue(layer)} AS VARCHAR)) IS NOT NULL THEN ${test} END`
}

/**
 * What `use` makes of the geometry, of which it may ask anything, any number of times: NULL where the engine cannot be trusted with it. A
 * function that cannot fail is run on a whole dictionary of a Parquet page, whatever rows a CASE has left, and with it on the killer in
 * there. `unhex` can fail: behind it there is no dictionary. For a GEOMETRY that has been scanned it is nothing more than `use`.
 */
export function withGeometry(layer: Layer, use: (geometry: string) => string): string {
  const value = geometryValue(layer)
  if (layer.state === 'READY' && layer.geometryEncoding === 'GEOMETRY') return use(value)
  const safe = layer.state === 'READY' ? value : guarded(layer, `ST_GeomFromWKB(unhex(hex(ST_AsWKB(${value}))))`)
  return `list_transform([${safe}], lambda f: ${use('f')})[1]`
}
