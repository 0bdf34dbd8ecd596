import type { BBox } from '../../catalog/layer.ts'
import { degreesAtLeast, longitudesWithin } from './earth.ts'
import type { Position } from './linework.ts'

/** More than numbers of 180 are rounded by. */
const ROUNDING = 1e-12

/**
 * A box of longitudes and latitudes that everything within the distance of one of the positions lies in: across the antimeridian where that
 * is shorter, and all around where it reaches a pole. Edges between the positions are in it too, if none is longer than the largest gap
 * between longitudes.
 */
export function neighbourhood(positions: readonly Position[], metres: number): BBox {
  const latitudes = positions.map(([, latitude]) => latitude)
  const arc = degreesAtLeast(metres) + ROUNDING
  const south = least(latitudes)
  const north = -least(latitudes.map((latitude) => -latitude))
  const more = longitudesWithin(arc, Math.max(Math.abs(south), Math.abs(north)))
  const [west, width] = more === null ? [-180, 360] : span(positions.map(([longitude]) => longitude))
  const wide = width + 2 * (more ?? 0) + ROUNDING
  const [from, to] = wide >= 360 ? [-180, 180] : [wrapped(west - (more ?? 0)), wrapped(west - (more ?? 0) + wide)]
  return [from, Math.max(-90, south - arc), to, Math.min(90, north + arc)]
}

/** The narrowest span of longitudes, eastwards from `west`. */
function span(longitudes: readonly number[]): readonly [west: number, width: number] {
  const sorted = Float64Array.from(longitudes).sort()
  const [first, last] = [sorted[0] as number, sorted.at(-1) as number]
  let west = first
  let gap = first + 360 - last
  for (let n = 1; n < sorted.length; n++) {
    const between = (sorted[n] as number) - (sorted[n - 1] as number)
    if (between <= gap) continue
    gap = between
    west = sorted[n] as number
  }
  return [west, 360 - gap]
}

function wrapped(longitude: number): number {
  return longitude < -180 ? longitude + 360 : longitude > 180 ? longitude - 360 : longitude
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b))
}
