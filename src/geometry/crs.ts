/** Longitude and latitude in degrees on WGS 84, x first: what RFC 7946 asks for. */
export const LON_LAT = 'OGC:CRS84'

/** GeoParquet and DuckDB keep x first for EPSG:4326, too. */
const LON_LAT_CODES = new Set([LON_LAT, 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/** Whether coordinates of the CRS are longitudes and latitudes on WGS 84, x first. @param code `AUTHORITY:CODE` in capitals */
export function isLonLatCode(code: string): boolean {
  return LON_LAT_CODES.has(code)
}
