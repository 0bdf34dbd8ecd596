/** Geometry as a client might get it wrong, or an attacker might make it: valid in each notation, then damaged. */

import type { ClientGeometry } from '../../../src/geometry/builder.ts'
import { GeoduckError } from '../../../src/model/errors.ts'
import { hex, read, readBytes } from '../../support/plan/geometry.ts'
import type { Random } from '../../support/random.ts'

const WHOLES = [
  'POINT(1 2)',
  'LINESTRING(0 0,1 1,2 0)',
  'POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 1))',
  'MULTIPOLYGON(((0 0,9 0,9 9,0 0)),((20 20,21 20,21 21,20 20)))',
  'GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(MULTIPOINT(1 1,2 2),LINESTRING(0 0,1 1)))',
]
const BINARY = WHOLES.map((wkt) => read({ wkt }).wkb)
const GEOJSON: readonly object[] = [
  { type: 'Point', coordinates: [1, 2] },
  {
    type: 'LineString',
    coordinates: [
      [0, 0],
      [1, 1, 7],
      [2, 0],
    ],
  },
  {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [9, 0],
        [9, 9],
        [0, 0],
      ],
    ],
  },
  {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [0, 0],
          [9, 0],
          [9, 9],
          [0, 0],
        ],
      ],
      [
        [
          [20, 20],
          [21, 20],
          [21, 21],
          [20, 20],
        ],
      ],
    ],
  },
  {
    type: 'GeometryCollection',
    geometries: [
      {
        type: 'MultiPoint',
        coordinates: [
          [1, 1],
          [2, 2],
        ],
      },
      { type: 'Point', coordinates: [] },
    ],
  },
]
const CHARACTERS = [...'0123456789.-+eE(), ZMPOINTEMPY;\0\n\u00a0\u0661']
/** Wrong JSON values for other places. */
const ODD: readonly unknown[] = [
  null,
  true,
  '',
  'Point',
  -0,
  1e308,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[]],
  [[[[[]]]]],
  { type: 'Point' },
  { length: 3 },
  [null, null],
]

export interface Attempt {
  /** To be shown when it goes wrong. */
  readonly given: string
  /** Null: it was refused, by a code that is the client's fault. */
  readonly taken: ClientGeometry | null
}

type Make = (random: Random) => Attempt

/** Each throws what was not foreseen: a defect. */
export const NOTATIONS: Readonly<Record<'WKB' | 'WKT' | 'GeoJSON', Make>> = {
  WKB: (random) => {
    const bytes = damagedBytes(random, random.pick(BINARY))
    const taken = takenOrRefused(() => readBytes(bytes))
    if (taken && taken.bbox !== null && hex(readBytes(taken.wkb)) !== hex(taken))
      throw new Error('it is not written as it was read')
    return { given: Buffer.from(bytes).toString('hex'), taken }
  },
  WKT: (random) => {
    const text = [...random.pick(WHOLES)]
    for (let edits = 1 + random.integer(4); edits > 0; edits--) {
      text.splice(random.integer(text.length), random.integer(3), random.pick(CHARACTERS))
    }
    const wkt = text.join('')
    return { given: wkt, taken: takenOrRefused(() => read({ wkt }, random.chance(0.5))) }
  },
  GeoJSON: (random) => {
    const geojson = damaged(random, structuredClone(random.pick(GEOJSON)))
    return { given: JSON.stringify(geojson) ?? 'undefined', taken: takenOrRefused(() => read({ geojson }, random.chance(0.5))) }
  },
}

function damagedBytes(random: Random, whole: Uint8Array): Uint8Array {
  const bytes = Buffer.from(whole)
  for (let edits = 1 + random.integer(4); edits > 0; edits--)
    bytes[random.integer(bytes.length)] = random.pick([0, 1, 2, 7, 255, random.integer(256)])
  if (random.chance(0.3)) return bytes.subarray(0, random.integer(bytes.length))
  return random.chance(0.1) ? Buffer.concat([bytes, bytes]) : bytes
}

/** The value, or a part of it, is another one; or a member is missing, doubled or in another's place. */
function damaged(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return random.pick(ODD)
  const members = value as Record<string, unknown>
  const key = random.pick(Object.keys(members).length > 0 ? Object.keys(members) : ['0'])
  if (random.chance(0.15)) {
    if (Array.isArray(value)) value.splice(Number(key), random.integer(2), structuredClone(value[0]))
    else delete members[key]
  } else members[key] = damaged(random, members[key])
  return value
}

function takenOrRefused<T>(act: () => T): T | null {
  try {
    return act()
  } catch (error) {
    if (error instanceof GeoduckError && (error.code === 'BAD_INPUT' || error.code === 'LIMIT_EXCEEDED')) return null
    throw error
  }
}
