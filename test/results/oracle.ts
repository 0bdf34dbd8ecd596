/** wkx reads the same WKB by other code than ours. */
import wkx from 'wkx'

export function wkxGeoJson(wkb: Uint8Array): unknown {
  return wkx.Geometry.parse(Buffer.from(wkb)).toGeoJSON()
}

export function wkxFromWkt(wkt: string): { toWkb(): Buffer } {
  return wkx.Geometry.parse(wkt)
}
