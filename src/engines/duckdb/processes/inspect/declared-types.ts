/** Combines what several files declare about one geometry column. */

import type { GeometryTypeName } from '../../../../geometry/geometry-type.ts'
import type { BBox } from '../../../../model/layer.ts'
import type { GeoColumn } from './geoparquet.ts'

/** One entry per file. Undefined for a file that declares nothing. */
type Claims = readonly (GeoColumn | undefined)[]

export function declaredCovering(claims: Claims): GeoColumn['covering'] {
  return claims.every((claim) => claim?.covering) ? (claims[0]?.covering ?? null) : null
}

export function claimedTypes(claims: Claims): GeometryTypeName[] {
  const all = claims.map((claim) => claim?.geometryTypes ?? [])
  return all.every((types) => types.length > 0) ? [...new Set(all.flat())] : []
}

export function claimedZ(claims: Claims): boolean | null {
  const all = claims.map((claim) => claim?.hasZ ?? null)
  if (all.includes(true)) return true
  return all.includes(null) ? null : false
}

/** Boxes across the antimeridian are not joined: one of the files may have one. */
export function claimedExtent(claims: Claims): BBox | null {
  const boxes = claims.map((claim) => claim?.bbox ?? null)
  if (boxes.length === 1) return boxes[0] ?? null
  return boxes.reduce((a, b) => {
    if (!a || !b || a[0] > a[2] || b[0] > b[2]) return null
    return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]
  })
}
