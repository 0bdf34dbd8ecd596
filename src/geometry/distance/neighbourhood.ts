import type { BBox } from '../../model/layer.ts'
import type { EarthExtent } from '../../model/predicate.ts'
import { WkbWriter } from '../builder.ts'
import { GEOMETRY } from '../geometry-type.ts'
import { degreesAtLeast, longitudesWithin } from './line-pieces.ts'

/** More than the rounding error of numbers up to 180. */
const ROUNDING = 1e-12
/**
 * The number of bins of longitudes in which the widest gap is searched. A gap that is narrower than a bin may be missed: then
 * the box is wider than necessary.
 */
const BINS = 3_600

/**
 * Returns a box of longitudes and latitudes that contains everything within the distance of one of the positions. It crosses the antimeridian if that is
 * shorter, and goes all around if it reaches a pole. Edges between the positions are in it too, if none is longer than the largest gap between
 * longitudes. Longitudes and latitudes of the positions alternate, in parts.
 */
export function neighbourhood(positions: readonly ArrayLike<number>[], metres: number): BBox {
  return boxWithin(extentOf(positions), metres)
}

export function extentOf(positions: readonly ArrayLike<number>[]): EarthExtent {
  const extent = new Extent()
  for (const part of positions) for (let n = 0; n < part.length; n += 2) extent.add(part[n] as number, part[n + 1] as number)
  const [west, width] = extent.span()
  return { west, width, south: extent.south, north: extent.north }
}

/** Returns the box of everything within the distance of positions with that extent; see `neighbourhood`. */
export function boxWithin(extent: EarthExtent, metres: number): BBox {
  const { south, north } = extent
  const arc = degreesAtLeast(metres) + ROUNDING
  const more = longitudesWithin(arc, Math.max(Math.abs(south), Math.abs(north)))
  const [west, width] = more === null ? [-180, 360] : [extent.west, extent.width]
  const wide = width + 2 * (more ?? 0) + ROUNDING
  const [from, to] = wide >= 360 ? [-180, 180] : [wrapped(west - (more ?? 0)), wrapped(west - (more ?? 0) + wide)]
  return [from, Math.max(-90, south - arc), to, Math.min(90, north + arc)]
}

class Extent {
  south = Number.POSITIVE_INFINITY
  north = Number.NEGATIVE_INFINITY
  /** The minimum and maximum longitude in each bin. */
  readonly #least = new Float64Array(BINS).fill(Number.POSITIVE_INFINITY)
  readonly #largest = new Float64Array(BINS).fill(Number.NEGATIVE_INFINITY)

  add(longitude: number, latitude: number): void {
    if (latitude < this.south) this.south = latitude
    if (latitude > this.north) this.north = latitude
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(((longitude + 180) * BINS) / 360)))
    if (longitude < (this.#least[bin] as number)) this.#least[bin] = longitude
    if (longitude > (this.#largest[bin] as number)) this.#largest[bin] = longitude
  }

  /** A narrow span of longitudes, eastwards from `west`. */
  span(): readonly [west: number, width: number] {
    let first: number | null = null
    let last = 0
    let west = 0
    let gap = Number.NEGATIVE_INFINITY
    for (let bin = 0; bin < BINS; bin++) {
      const least = this.#least[bin] as number
      if (least === Number.POSITIVE_INFINITY) continue
      if (first === null) first = least
      else if (least - last > gap) {
        gap = least - last
        west = least
      }
      last = this.#largest[bin] as number
    }
    const around = (first ?? 0) + 360 - last
    return around >= gap ? [first ?? 0, 360 - around] : [west, 360 - gap]
  }
}

function wrapped(longitude: number): number {
  return longitude < -180 ? longitude + 360 : longitude > 180 ? longitude - 360 : longitude
}

/** Lines (with alternating longitudes and latitudes), and points for lines of one position, as a collection in WKB. */
export function linesWkb(lines: readonly (readonly number[])[]): Uint8Array {
  const out = new WkbWriter()
  out.header(GEOMETRY.COLLECTION)
  out.closeCount(out.openCount(), lines.length)
  for (const line of lines) {
    const isPoint = line.length === 2
    out.header(isPoint ? GEOMETRY.POINT : GEOMETRY.LINESTRING)
    if (!isPoint) out.closeCount(out.openCount(), line.length / 2)
    for (let n = 0; n < line.length; n += 2) out.position(line[n] as number, line[n + 1] as number)
  }
  return out.bytes()
}
