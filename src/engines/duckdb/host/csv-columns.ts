/** Finds the geometry columns of a CSV file by their names. */

/** Names of coordinate columns, the preferred ones first. */
const PAIRS = [
  ['longitude', 'latitude'],
  ['lon', 'lat'],
  ['lng', 'lat'],
  ['long', 'lat'],
  ['decimallongitude', 'decimallatitude'],
  ['longitude_deg', 'latitude_deg'],
  ['x', 'y'],
] as const

/** Names of columns of WKT, hexadecimal WKB or GeoJSON. The values decide which of them it is. */
const GEOMETRIES = [
  ...['wkt', 'wkb', 'geometry', 'geom', 'the_geom', 'wkt_geom', 'geojson', 'ewkt', 'ewkb', 'wkb_geometry', 'wkb_geom'],
  ...['wkt_geometry', 'geom_wkt', 'geometry_wkt', 'geom_wkb', 'geometry_wkb', 'geom_geojson', 'geojson_geom', 'geography'],
  ...['geog', 'geo_shape', 'geo shape', 'st_astext', 'st_asewkt', 'st_asbinary', 'st_asewkb', 'st_asgeojson'],
]

/** True if a column with this name is usually a geometry. */
export const isGeometryName = (name: string): boolean => GEOMETRIES.includes(name.trim().toLowerCase())

export type CsvGeometry =
  | { readonly kind: 'PAIR'; readonly x: string; readonly y: string; readonly isLonLat: boolean }
  | { readonly kind: 'COLUMN'; readonly column: string }

/** Returns the first complete pair of coordinate columns, or else a column of geometry; null if there is neither. */
export function csvGeometry(columns: readonly string[]): CsvGeometry | null {
  const called = (name: string) => columns.find((column) => column.trim().toLowerCase() === name)
  for (const [longitude, latitude] of PAIRS) {
    const [x, y] = [called(longitude), called(latitude)]
    if (x !== undefined && y !== undefined) return { kind: 'PAIR', x, y, isLonLat: longitude !== 'x' }
  }
  const column = GEOMETRIES.map(called).find((found) => found !== undefined)
  return column === undefined ? null : { kind: 'COLUMN', column }
}
