/** What is known of coordinate reference systems by their codes alone. */
import type { Crs } from './layer.ts'

/** Longitude and latitude on WGS 84: the same coordinates, as x comes first whatever the authority's axes are. */
const LON_LAT = new Set(['OGC:CRS84', 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/** `code`: `AUTHORITY:CODE` in capitals. */
export function crsOf(code: string): Crs {
  return { code, name: code, isLonLat: LON_LAT.has(code) }
}

/** A CRS of another name whose coordinates are the same is none to transform to. */
export function sameCrs(a: Crs, b: Crs): boolean {
  return (a.isLonLat && b.isLonLat) || (a.code !== null && a.code === b.code)
}

/** As PostGIS numbers them; null: the CRS has no number there. */
export function sridOf(crs: Crs | null): number | null {
  if (crs?.isLonLat) return 4326
  const [, number] = /^EPSG:(\d{1,6})$/.exec(crs?.code ?? '') ?? []
  return number === undefined ? null : Number(number)
}
