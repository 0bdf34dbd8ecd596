/** wkx reads the same WKB by other code than ours. */
import wkx from 'wkx'

export function wkxGeoJson(wkb: Uint8Array): unknown {
  return withoutEmptyPoints(wkx.Geometry.parse(Buffer.from(wkb)).toGeoJSON())
}

/** wkx gives the NaNs of an empty point as they are. */
function withoutEmptyPoints(value: unknown): unknown {
  if (Array.isArray(value)) return Number.isNaN(value[0]) ? [] : value.map(withoutEmptyPoints)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutEmptyPoints(member)]))
}
