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

export type CsvGeometry =
  | { readonly kind: 'PAIR'; readonly x: string; readonly y: string; readonly isLonLat: boolean }
  | { readonly kind: 'COLUMN'; readonly column: string }

/** The problem of a file without such columns. */
export const NO_CSV_GEOMETRY =
  'none of its columns has the name of a geometry: name two of them longitude and latitude (or lon and lat, x and y), or one wkt, wkb or geojson'

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
