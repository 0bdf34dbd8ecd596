/** Which columns of a CSV file hold its geometry, by their names. */

/** In the order of preference. */
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

/** What to say where there is none. */
export const NO_CSV_GEOMETRY =
  'none of its columns is called like geometry: name two of them longitude and latitude (or lon and lat, x and y), or one wkt'

/** The first pair that is there in full, else a column of WKT; null for neither. */
export function csvGeometry(columns: readonly string[]): CsvGeometry | null {
  const called = (name: string) => columns.find((column) => column.trim().toLowerCase() === name)
  for (const [longitude, latitude] of PAIRS.map((pair) => pair.map(called))) {
    if (longitude !== undefined && latitude !== undefined) return { kind: 'LON_LAT', longitude, latitude }
  }
  const column = WKT.map(called).find((found) => found !== undefined)
  return column === undefined ? null : { kind: 'WKT', column }
}

/** The names in the first line, as far as they can be told without knowing the dialect. */
export function headerOf(text: string): string[] {
  const [line = ''] = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)
  return line.split(/[,;\t|]/).map((name) => name.trim().replace(/^(["'])(.*)\1$/, '$2'))
}
