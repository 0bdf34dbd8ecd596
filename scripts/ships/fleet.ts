/**
 * The ships of the demo. Where a ship is depends only on its number and on the time, so a fleet that was stopped continues from where it was, and two
 * starts show the same.
 */
import { seededRandom } from '../demo/random.ts'
import { type Coast, placeOn, readCoasts } from './coasts.ts'

export const LAYER = 'ships'
export const COLUMNS = [
  { name: 'name', type: 'VARCHAR' },
  { name: 'kind', type: 'VARCHAR' },
  { name: 'knots', type: 'DOUBLE' },
  { name: 'course', type: 'DOUBLE' },
  { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
]

/** Around the Strait of Gibraltar. */
export const FENCE = {
  name: 'Strait of Gibraltar',
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [-7.6, 36],
        [-6.6, 34.9],
        [-4.4, 34.7],
        [-3.2, 35.8],
        [-4, 37.1],
        [-6.6, 37.3],
        [-7.6, 36],
      ],
    ],
  },
} as const

const SHIPS = 2_000
const START = Date.parse('2026-01-01T00:00:00Z')
/** The ships' time from one position to the next. The writer makes a position per second, so an hour takes two seconds. */
const STEP_MINUTES = 30
const KM_PER_NAUTICAL_MILE = 1.852

const KINDS = [
  { kind: 'cargo', knots: [13, 19] },
  { kind: 'tanker', knots: [10, 15] },
  { kind: 'ferry', knots: [17, 26] },
  { kind: 'fishing', knots: [6, 11] },
  { kind: 'sailing', knots: [4, 9] },
] as const

// biome-ignore format: two lists of words
const [FIRST, SECOND] = [
  ['Amber', 'Arctic', 'Blue', 'Bold', 'Bright', 'Calm', 'Coral', 'Crimson', 'Distant', 'Eastern', 'Fair', 'Free', 'Gentle', 'Golden', 'Grand', 'Green', 'Happy', 'Ivory', 'Jolly', 'Lucky', 'Misty', 'Noble', 'Northern', 'Old', 'Patient', 'Pearl', 'Proud', 'Quiet', 'Rapid', 'Royal', 'Salty', 'Scarlet', 'Silver', 'Southern', 'Steady', 'Stormy', 'Swift', 'Tidal', 'Western', 'Wild'],
  ['Albatross', 'Anchor', 'Aurora', 'Bay', 'Breeze', 'Cape', 'Clam', 'Comet', 'Compass', 'Cormorant', 'Current', 'Dawn', 'Dolphin', 'Dream', 'Eagle', 'Falcon', 'Fjord', 'Fortune', 'Geoduck', 'Grace', 'Gull', 'Harbour', 'Heron', 'Horizon', 'Island', 'Lagoon', 'Lantern', 'Legend', 'Mermaid', 'Moon', 'Narwhal', 'Ocean', 'Orca', 'Osprey', 'Otter', 'Pearl', 'Pelican', 'Petrel', 'Pilot', 'Pioneer', 'Reef', 'Sail', 'Seal', 'Spirit', 'Star', 'Sun', 'Tern', 'Voyager', 'Wave', 'Whale'],
]

interface Ship {
  readonly key: string
  readonly name: string
  readonly kind: string
  readonly knots: number
  readonly coast: Coast
  readonly startKm: number
  /** 1, or -1 for the other direction along the coast. */
  readonly direction: number
}

/** Returns the whole fleet, longer coasts with more ships. */
export function fleet(): Ship[] {
  const coasts = readCoasts()
  const ends: number[] = []
  for (const { length } of coasts) ends.push((ends.at(-1) ?? 0) + length)
  const total = ends.at(-1)!
  const random = seededRandom(1852)
  return Array.from({ length: SHIPS }, (_, n) => {
    const at = random() * total
    const which = ends.findIndex((end) => at < end)
    const { kind, knots } = KINDS[Math.floor(random() * KINDS.length)]!
    return {
      key: `ship ${n + 1}`,
      name: `${FIRST[n % FIRST.length]} ${SECOND[Math.floor(n / FIRST.length)]}`,
      kind,
      knots: Math.round((knots[0] + random() * (knots[1] - knots[0])) * 10) / 10,
      coast: coasts[which]!,
      startKm: ends[which]! - at,
      direction: random() < 0.5 ? 1 : -1,
    }
  })
}

/** Returns the ship after a number of steps, as `upsertFeatures` takes it. */
export function featureOf({ key, name, kind, knots, coast, startKm, direction }: Ship, step: number) {
  const km = knots * KM_PER_NAUTICAL_MILE * (STEP_MINUTES / 60) * step
  const { point, course } = placeOn(coast, startKm + direction * km)
  const coordinates = point.map((degrees) => Math.round(degrees * 1e5) / 1e5)
  return {
    key,
    geometry: { geojson: { type: 'Point', coordinates } },
    properties: { name, kind, knots, course: Math.round((course + (direction > 0 ? 360 : 540)) % 360), at: timeOf(step) },
  }
}

const timeOf = (step: number) => new Date(START + step * STEP_MINUTES * 60_000).toISOString()

/** Returns the step that a ship was written at. */
export const stepOf = (at: string) => Math.round((Date.parse(at) - START) / (STEP_MINUTES * 60_000))
