/** Writes the layer's geometry column as SQL, for every encoding. */
import { typeOf, typeOfNative } from '../../../geometry/geometry-type.ts'
import type { GeometryEncoding, Layer } from '../../../model/layer.ts'
import { geometryColumnOf, spatial } from './quote.ts'

/** ISO WKB as a BLOB. Plain WKB stays as it is stored: only its reader proves it. */
export function geometryAsWkb(layer: Layer): string {
  return layer.geometryEncoding === 'WKB' && !isMended(layer) ? geometryColumnOf(layer) : `ST_AsWKB(${geometryValue(layer)})`
}

/** A GEOMETRY in its served form. NULL for WKB that cannot be read. */
export function geometryValue(layer: Layer): string {
  return isMended(layer) ? repaired(storedGeometry(layer)) : storedGeometry(layer)
}

/** SQL that is true if the layer serves the row. Null: it serves every row. Features without a geometry are served. */
export function isKept(layer: Layer): string | null {
  if (!isSifted(layer)) return null
  return `(${geometryColumnOf(layer)} IS NULL OR ${guarded(layer, `ST_IsValid(${storedGeometry(layer)})`)})`
}

function storedGeometry(layer: Layer): string {
  const column = geometryColumnOf(layer)
  const { geometryEncoding: encoding, hasZ } = spatial(layer)
  if (encoding !== 'WKB') return asGeometry(column, encoding, hasZ === true)
  // If one row fails, TRY over a function of one argument makes a whole vector NULL. Inside a list, only the row that fails
  // becomes NULL.
  return `list_transform([${column}], lambda w: TRY(${asGeometry('w', encoding)}))[1]`
}

/**
 * A geometry column of any encoding as GEOMETRY. WKB that cannot be read fails the statement. The native encodings of GeoParquet 1.1 are nested
 * lists of structs.
 *
 * @param column SQL
 * @param hasZ true if heights are stored, and kept
 */
export function asGeometry(column: string, encoding: GeometryEncoding, hasZ = false): string {
  if (encoding === 'GEOMETRY') return column
  if (encoding === 'WKB') return `ST_GeomFromWKB(${column})`
  const { label, member, lists } = typeOfNative(encoding)
  const [members, dimensions] = hasZ ? ['z DOUBLE, y DOUBLE, x DOUBLE', '3D'] : ['y DOUBLE, x DOUBLE', '2D']
  // The binder drops a cast to the same members in the same order, and the type name with it. So the order of the members is
  // reversed.
  const turned = `CAST(${column} AS STRUCT(${members})${'[]'.repeat(lists.length)})`
  const cast = (value: string) =>
    `CAST(CAST(${value} AS ${member === null ? label : typeOf(member).label}_${dimensions}) AS GEOMETRY)`
  const empty = `CAST('${label}${hasZ ? ' Z' : ''} EMPTY' AS GEOMETRY)`
  // GeoArrow's empty point has NaN for x and y, and may have any height.
  if (encoding === 'point' && hasZ)
    return `CASE WHEN isnan(${column}.x) AND isnan(${column}.y) THEN ${empty} ELSE ${cast(turned)} END`
  if (member === null) return cast(turned)
  const collected = `ST_Collect(list_transform(${turned}, lambda g: ${cast('g')}))`
  return `CASE WHEN len(${column}) > 0 THEN ${collected} WHEN ${column} IS NOT NULL THEN CAST('${label} EMPTY' AS GEOMETRY) END`
}

/**
 * SQL of `test` of the geometry, only for rows that are safe to decode: before the check, the layer may contain geometry that ends the process.
 * The conversion to text is the one function that never does. It takes 2 to 4 µs per row.
 */
export function guarded(layer: Layer, test: string): string {
  return layer.state === 'READY' ? test : `CASE WHEN TRY(CAST(${geometryValue(layer)} AS VARCHAR)) IS NOT NULL THEN ${test} END`
}

/**
 * SQL of `use` of the geometry, which may use it several times. NULL if the geometry is not safe to decode. The engine runs a function that
 * cannot fail over the whole dictionary of a Parquet page, even for rows that a CASE excludes, and so over dangerous geometry in it. `unhex` can
 * fail, so there is no dictionary after it. For a GEOMETRY that was checked, the result is only `use`.
 */
export function withGeometry(layer: Layer, use: (geometry: string) => string): string {
  const value = geometryValue(layer)
  if (layer.state === 'READY' && layer.geometryEncoding === 'GEOMETRY') return use(value)
  const safe = layer.state === 'READY' ? value : guarded(layer, withoutDictionary(value))
  return `list_transform([${safe}], lambda f: ${use('f')})[1]`
}

const withoutDictionary = (geometry: string): string => `ST_GeomFromWKB(unhex(hex(ST_AsWKB(${geometry}))))`

/**
 * As `withGeometry`, for tests by GEOS, which end the process for a polygon with an empty ring, such as `[shell, []]`. The test gets the
 * geometry without its empty rings and members, and without heights and measures. For other layers, the result is that of `withGeometry`.
 */
export function withComputable(layer: Layer, use: (geometry: string) => string): string {
  return mayHaveEmptyRings(layer) ? `list_transform([${computable(layer)}], lambda f: ${use('f')})[1]` : withGeometry(layer, use)
}

/** As `withComputable`, for a test that uses the geometry once. */
export function testOf(layer: Layer, test: (geometry: string) => string): string {
  return mayHaveEmptyRings(layer) ? withComputable(layer, test) : test(geometryValue(layer))
}

/** NULL if the geometry is not safe to decode. */
function computable(layer: Layer): string {
  // The branches have one type: the result of a cast has no CRS.
  const value = `ST_SetCRS(${geometryValue(layer)}, '')`
  const whole = layer.state === 'READY' ? value : withoutDictionary(value)
  const text = `TRY(CAST(${value} AS VARCHAR))`
  return `CASE WHEN ${hasEmptyPart(text)} THEN ${withoutEmptyRings(whole)} ELSE ${guarded(layer, value)} END`
}

/**
 * SQL that is true if the text of a geometry has an empty ring or member. For collections with an empty member, the engine's GEOS may give a wrong
 * relation to another collection.
 */
const hasEmptyPart = (text: string): string => `(contains(${text}, '(') AND contains(${text}, 'EMPTY'))`

/**
 * SQL that is true if a polygon of the geometry has an empty ring, or a collection an empty member. It is also true for some other geometry with empty members. Only empty polygons,
 * polygons with holes, and collections of polygons are converted to text.
 */
export function hasEmptyRing(geometry: string): string {
  const text = hasEmptyPart(`ST_AsText(${geometry})`)
  return `CASE ST_GeometryType(${geometry})::VARCHAR WHEN 'POLYGON' THEN (ST_NumInteriorRings(${geometry}) > 0 OR ST_IsEmpty(${geometry})) AND ${text}
    WHEN 'MULTIPOLYGON' THEN ${text} WHEN 'GEOMETRYCOLLECTION' THEN ${text} ELSE false END`
}

function mayHaveEmptyRings({ state, hasEmptyRings }: Layer): boolean {
  return state !== 'READY' || hasEmptyRings === true
}

/** WKB of a collection starts with its byte order and its type; then follow its members, as in a MultiPolygon. */
const COLLECTION_HEADER = '0107000000'

/**
 * The same set of positions, with two dimensions and without empty members of collections. A polygon with holes and an empty shell stays unchanged,
 * because GEOS refuses it. Members of collections in collections become members of one.
 */
function withoutEmptyRings(geometry: string): string {
  // The casts are to a list type by name, with the order of members changed; see `asGeometry`.
  const rings = `CAST(CAST(p AS POLYGON_2D) AS STRUCT(y DOUBLE, x DOUBLE)[][])`
  const present = `list_filter(${rings}, lambda r: len(r) > 0)`
  const polygon = `CASE WHEN len(${rings}[1]) = 0 AND len(${present}) > 0 THEN p ELSE CAST(CAST(${present} AS POLYGON_2D) AS GEOMETRY) END`
  const part = `CASE WHEN ST_GeometryType(p) = 'POLYGON' THEN ${polygon} ELSE p END`
  const parts = `list_transform(ST_Dump(g), lambda d: list_transform([ST_Force2D(struct_extract(d, 'geom'))], lambda p: ${part})[1])`
  const members = 'ST_Collect(list_filter(l, lambda q: ST_NPoints(q) > 0))'
  const collection = `ST_GeomFromWKB(unhex('${COLLECTION_HEADER}') || ST_AsWKB(${members})[6:])`
  const whole = `CASE ST_GeometryType(g)::VARCHAR WHEN 'POLYGON' THEN l[1] WHEN 'GEOMETRYCOLLECTION' THEN ${collection} ELSE ST_Collect(l) END`
  return `list_transform([${geometry}], lambda g: list_transform([${parts}], lambda l: ${whole})[1])[1]`
}

/* Applies the layer's configuration to invalid geometry. */

/**
 * Before the check, it is not proven that ST_MakeValid is safe. After a check that found no invalid geometry, there is nothing
 * to do.
 */
function isMended(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'repair' && layer.state === 'READY' && layer.check?.invalid !== 0
}

function isSifted(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'drop' && !(layer.state === 'READY' && layer.check?.invalid === 0)
}

/**
 * Repairs `geometry` if it is invalid, and leaves it unchanged if it cannot be repaired. No vertex leaves the box that the geometry had, so pruning
 * by boxes stays correct. Repaired geometry loses its M values. ST_IsValid takes 1.5 µs per small polygon. If one row fails, a TRY over a
 * function of one argument makes a whole vector NULL; inside a list, only that row.
 */
export function repaired(geometry: string): string {
  const made = `list_transform([${geometry}], lambda g: TRY(ST_MakeValid(g)))[1]`
  return `CASE WHEN ST_IsValid(${geometry}) THEN ${geometry} ELSE coalesce(${uniform(made, geometry)}, ${geometry}) END`
}

/**
 * SQL of GEOS's result for `geometry`, without measures. GEOS returns collections of members with and without heights or measures, because it loses
 * them for some members. Such WKB is wrong.
 */
export function uniform(made: string, geometry: string): string {
  return `CASE ST_ZMFlag(${geometry}) WHEN 0 THEN ${made} WHEN 1 THEN ST_Force2D(${made}) ELSE ST_Force3DZ(${made}, 0) END`
}
