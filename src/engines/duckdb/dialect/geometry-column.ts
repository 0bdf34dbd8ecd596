/** The layer's geometry column as SQL, whatever its encoding. */
import { typeOf, typeOfNative } from '../../../geometry/geometry-type.ts'
import type { GeometryEncoding, Layer } from '../../../model/layer.ts'
import { geometryColumnOf } from './quote.ts'

/** ISO WKB, a BLOB. Plain WKB comes as it is stored: nothing proves it but its reader. */
export function geometryAsWkb(layer: Layer): string {
  return layer.geometryEncoding === 'WKB' && !isMended(layer) ? geometryColumnOf(layer) : `ST_AsWKB(${geometryValue(layer)})`
}

/** A GEOMETRY, as it is served. NULL for WKB that cannot be read. */
export function geometryValue(layer: Layer): string {
  return isMended(layer) ? repaired(storedGeometry(layer)) : storedGeometry(layer)
}

/** Whether the layer has the row at all; null: it has every one. Features without a geometry stay. */
export function isKept(layer: Layer): string | null {
  if (!isSifted(layer)) return null
  return `(${geometryColumnOf(layer)} IS NULL OR ${guarded(layer, `ST_IsValid(${storedGeometry(layer)})`)})`
}

function storedGeometry(layer: Layer): string {
  const column = geometryColumnOf(layer)
  const { geometryEncoding: encoding, hasZ } = layer
  if (encoding !== 'WKB') return asGeometry(column, encoding, hasZ === true)
  // TRY over a function of one argument makes NULLs of a whole vector when one row of it fails; inside a list it is that row
  // alone.
  return `list_transform([${column}], lambda w: TRY(${asGeometry('w', encoding)}))[1]`
}

/**
 * A geometry column of any encoding as GEOMETRY; WKB that cannot be read fails the statement. GeoParquet 1.1's native encodings are nested
 * lists of structs.
 *
 * @param column SQL
 * @param hasZ whether heights are in them, and are kept
 */
export function asGeometry(column: string, encoding: GeometryEncoding, hasZ = false): string {
  if (encoding === 'GEOMETRY') return column
  if (encoding === 'WKB') return `ST_GeomFromWKB(${column})`
  const { label, member, lists } = typeOfNative(encoding)
  const [members, dimensions] = hasZ ? ['z DOUBLE, y DOUBLE, x DOUBLE', '3D'] : ['y DOUBLE, x DOUBLE', '2D']
  // A cast to the same members in the same order is dropped by the binder, and the name of the type with it: so they are turned
  // around.
  const turned = `CAST(${column} AS STRUCT(${members})${'[]'.repeat(lists.length)})`
  const cast = (value: string) =>
    `CAST(CAST(${value} AS ${member === null ? label : typeOf(member).label}_${dimensions}) AS GEOMETRY)`
  const empty = `CAST('${label}${hasZ ? ' Z' : ''} EMPTY' AS GEOMETRY)`
  // GeoArrow's empty point has no numbers for x and y, whatever its height.
  if (encoding === 'point' && hasZ)
    return `CASE WHEN isnan(${column}.x) AND isnan(${column}.y) THEN ${empty} ELSE ${cast(turned)} END`
  if (member === null) return cast(turned)
  const collected = `ST_Collect(list_transform(${turned}, lambda g: ${cast('g')}))`
  return `CASE WHEN len(${column}) > 0 THEN ${collected} WHEN ${column} IS NOT NULL THEN CAST('${label} EMPTY' AS GEOMETRY) END`
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

/* What a layer's configuration makes of geometries that are not valid. */

/** Before the scan nothing proves that ST_MakeValid can be let at it; behind a scan that met none there is nothing to do. */
function isMended(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'repair' && layer.state === 'READY' && layer.check?.invalid !== 0
}

function isSifted(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'drop' && !(layer.state === 'READY' && layer.check?.invalid === 0)
}

/**
 * `geometry` made valid, where it is not; as it is, where it cannot be. No vertex of it lies outside of the box that it had: what prunes by
 * boxes still holds. M values of what is repaired are lost. ST_IsValid costs 1.5 us a small polygon. A TRY over a function of one
 * argument gives up a whole vector for one row; inside a list, that row alone.
 */
export function repaired(geometry: string): string {
  const made = `list_transform([${geometry}], lambda g: TRY(ST_MakeValid(g)))[1]`
  return `CASE WHEN ST_IsValid(${geometry}) THEN ${geometry} ELSE coalesce(${made}, ${geometry}) END`
}
