/** wkx reads the same WKB by other code than ours. */
import wkx from 'wkx'

export function wkxGeoJson(wkb: Uint8Array): unknown {
  return withoutEmptyPoints(wkx.Geometry.parse(Buffer.from(wkb)).toGeoJSON())
}

export function wkxEwkb(wkb: Uint8Array, srid: number): string {
  const geometry = wkx.Geometry.parse(Buffer.from(wkb))
  geometry.srid = srid
  return geometry.toEwkb().toString('hex').toUpperCase()
}

/** The positions of a line. */
export function wkxTwkb(twkb: Buffer): (readonly [number, number])[] {
  return (wkx.Geometry.parseTwkb(twkb) as wkx.LineString).points.map(({ x, y }) => [x, y] as const)
}

/** wkx returns the NaNs of an empty point unchanged. */
function withoutEmptyPoints(value: unknown): unknown {
  if (Array.isArray(value)) return Number.isNaN(value[0]) ? [] : value.map(withoutEmptyPoints)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutEmptyPoints(member)]))
}
