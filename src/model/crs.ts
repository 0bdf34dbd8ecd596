/** What is known of coordinate reference systems by their codes alone. */
import type { Crs } from './layer.ts'

/** Longitude and latitude in degrees on WGS 84, x first: what RFC 7946 asks for. */
export const LON_LAT = 'OGC:CRS84'

/** GeoParquet and DuckDB keep x first for EPSG:4326, too. */
const LON_LAT_CODES = new Set([LON_LAT, 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/** Whether coordinates of the CRS are longitudes and latitudes on WGS 84, x first. @param code `AUTHORITY:CODE` in capitals */
export function isLonLatCode(code: string): boolean {
  return LON_LAT_CODES.has(code)
}

/** @param code `AUTHORITY:CODE` in capitals */
export function crsOf(code: string): Crs {
  return { code, name: code, isLonLat: isLonLatCode(code) }
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
