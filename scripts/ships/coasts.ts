/** The coasts of Natural Earth (package world-atlas, 1:50 million) as routes. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { feature } from 'topojson-client'

export type Point = readonly [longitude: number, latitude: number]

/** A coast around an island or a continent, which ends where it begins. */
export interface Coast {
  /** Longitudes continue beyond 180 degrees, so that neighbours are never a world apart. */
  readonly points: readonly Point[]
  /** Kilometres from the first point to each point. */
  readonly distances: readonly number[]
  readonly length: number
}

const EARTH_KM = 6371
const RADIANS = Math.PI / 180
/** A shorter coast would be a ship that turns in circles. */
const LEAST_KM = 600
/** Ships stay out of the ice. */
const [SOUTHMOST, NORTHMOST] = [-60, 72]

type Ring = readonly Point[]

/** Returns the coasts that ships sail along. */
export function readCoasts(): Coast[] {
  const file = createRequire(import.meta.url).resolve('world-atlas/land-50m.json')
  const atlas = JSON.parse(readFileSync(file, 'utf8'))
  const polygons = feature(atlas, atlas.objects.land).features.flatMap(({ geometry }) =>
    geometry.type === 'Polygon' ? [geometry.coordinates as Ring[]] : (geometry.coordinates as Ring[][]),
  )
  return polygons
    .flat()
    .filter((ring) => Math.min(...ring.map(([, latitude]) => latitude)) > SOUTHMOST)
    .filter((ring) => ring.some(([, latitude]) => latitude < NORTHMOST))
    .map(coastOf)
    .filter(({ length }) => length > LEAST_KM)
}

function coastOf(ring: Ring): Coast {
  let turns = 0
  const points = ring.map(([longitude, latitude], n): Point => {
    const step = longitude - (ring[n - 1]?.[0] ?? longitude)
    if (Math.abs(step) > 180) turns -= Math.sign(step)
    return [longitude + 360 * turns, latitude]
  })
  const distances = [0]
  for (let n = 1; n < points.length; n++) distances.push(distances[n - 1]! + kilometres(points[n - 1]!, points[n]!))
  return { points, distances, length: distances.at(-1)! }
}

/** Returns the place after these kilometres along the coast, and the direction there in degrees from north. */
export function placeOn({ points, distances, length }: Coast, km: number): { readonly point: Point; readonly course: number } {
  const at = ((km % length) + length) % length
  let [low, high] = [0, distances.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (distances[middle]! <= at) low = middle
    else high = middle
  }
  const [[west, south], [east, north]] = [points[low]!, points[high]!]
  const share = (at - distances[low]!) / (distances[high]! - distances[low]! || 1)
  const longitude = west + share * (east - west)
  const latitude = south + share * (north - south)
  const course = Math.atan2((east - west) * Math.cos(latitude * RADIANS), north - south) / RADIANS
  return { point: [((longitude + 540) % 360) - 180, latitude], course }
}

function kilometres([west, south]: Point, [east, north]: Point): number {
  const [dx, dy] = [Math.sin(((east - west) * RADIANS) / 2), Math.sin(((north - south) * RADIANS) / 2)]
  return 2 * EARTH_KM * Math.asin(Math.sqrt(dy ** 2 + Math.cos(south * RADIANS) * Math.cos(north * RADIANS) * dx ** 2))
}
