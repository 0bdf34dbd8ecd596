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

const WKT = ['wkt', 'geometry', 'geom', 'the_geom', 'wkt_geom']

export type CsvGeometry =
  | { readonly kind: 'LON_LAT'; readonly longitude: string; readonly latitude: string }
  | { readonly kind: 'WKT'; readonly column: string }

/** The problem of a file without such columns. */
export const NO_CSV_GEOMETRY =
  'none of its columns has the name of a geometry: name two of them longitude and latitude (or lon and lat, x and y), or one wkt'

/** Returns the first complete pair of coordinate columns, or else a column of WKT; null if there is neither. */
export function csvGeometry(columns: readonly string[]): CsvGeometry | null {
  const called = (name: string) => columns.find((column) => column.trim().toLowerCase() === name)
  for (const [longitude, latitude] of PAIRS.map((pair) => pair.map(called))) {
    if (longitude !== undefined && latitude !== undefined) return { kind: 'LON_LAT', longitude, latitude }
  }
  const column = WKT.map(called).find((found) => found !== undefined)
  return column === undefined ? null : { kind: 'WKT', column }
}

/** Returns the column names of the first line. It is a guess, because the separator and quotes are not known yet. */
export function headerOf(text: string): string[] {
  const [line = ''] = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)
  return line.split(/[,;\t|]/).map((name) => name.trim().replace(/^(["'])(.*)\1$/, '$2'))
}
