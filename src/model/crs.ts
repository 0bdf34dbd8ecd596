/** Facts about coordinate reference systems that follow from their code. */
import type { Crs } from './layer.ts'

/** Longitude and latitude in degrees on WGS 84 with x first, as RFC 7946 requires. */
export const LON_LAT = 'OGC:CRS84'

/** GeoParquet and DuckDB use x first for EPSG:4326 as well. */
const LON_LAT_CODES = new Set([LON_LAT, 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/**
 * True if coordinates of the CRS are longitude and latitude on WGS 84 with x first. @param code `AUTHORITY:CODE` in capitals
 */
export function isLonLatCode(code: string): boolean {
  return LON_LAT_CODES.has(code)
}

/** @param code `AUTHORITY:CODE` in capitals */
export function crsOf(code: string): Crs {
  return { code, name: code, isLonLat: isLonLatCode(code) }
}

/** True if two CRSs have the same coordinates, also under different names, so that no transformation is needed. */
export function sameCrs(a: Crs, b: Crs): boolean {
  return (a.isLonLat && b.isLonLat) || (a.code !== null && a.code === b.code)
}

/** Returns PostGIS's number of the CRS. Null if it has none. */
export function sridOf(crs: Crs | null): number | null {
  if (crs?.isLonLat) return 4326
  const [, number] = /^EPSG:(\d{1,6})$/.exec(crs?.code ?? '') ?? []
  return number === undefined ? null : Number(number)
}
