import type { WkbReader } from './wkb.ts'

/**
 * Returns twice the area of a ring, positive if it is counter-clockwise. NaN if a coordinate is NaN. It is measured from the first position, so
 * that small rings far from the origin keep their digits.
 */
export function signedRingArea(reader: WkbReader, from: number, count: number): number {
  if (count === 0) return 0
  const { stride } = reader
  const x0 = reader.ordinate(from)
  const y0 = reader.ordinate(from + 8)
  let area = 0
  let x = 0
  let y = 0
  for (let i = 1; i < count; i++) {
    const nextX = reader.ordinate(from + i * stride) - x0
    const nextY = reader.ordinate(from + i * stride + 8) - y0
    area += x * nextY - nextX * y
    x = nextX
    y = nextY
  }
  return area
}
