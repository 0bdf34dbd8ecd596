/** The cost of the largest accepted geometry and the largest refused body for the event loop. */

import { describe, expect, it } from 'vitest'
import { FILTER_LIMITS } from '../../../src/ask/read/read-filter.ts'
import type { GeometryText } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import type { GeometryInput } from '../../../src/graphql/generated.ts'
import { read, refusal } from '../../support/plan/geometry.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'

/** Milliseconds of an event loop (promise 19). */
const MOST_MS = 50
/** `--max-body`. */
const BODY_BYTES = 1e6

/** Processor time of the quickest of some runs: the machine has other things to do, and the first runs are compiled. */
function costOf(work: () => unknown): number {
  const times = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...times)
}

const VERTICES = FILTER_LIMITS.vertices
const positions = Array.from({ length: VERTICES }, (_, n) => {
  const angle = (2 * Math.PI * (n % (VERTICES - 1))) / (VERTICES - 1)
  return [90 * Math.cos(angle), 80 * Math.sin(angle), 1_000.25, 77.5] as const
})

function wkb(): Buffer {
  const head = Buffer.from('0103000000010000000000000000', 'hex').subarray(0, 13)
  head.writeUInt32LE(VERTICES, 9)
  // ISO's code of a polygon with heights and measures.
  head.writeUInt32LE(3003, 1)
  return Buffer.concat([head, Buffer.from(Float64Array.from(positions.flat()).buffer)])
}

function encoded(as: GeometryText, geometry = wkb()): () => string {
  const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values: [geometry] }]
  const layout = { columns, geometries: [{ column: 0, crs: null, srid: 4326 }], key: null, properties: [], geometryName: 'geom' }
  const encode = createEncoder(layout, { kind: 'features', fields: [{ key: 'it', field: 'geometry', as, precision: 6 }] })
  const batch = toBatch(columns, 0, 1)
  return () => {
    const [{ it: value }] = JSON.parse(Buffer.from(encode(batch, 0, 1)).toString()) as [{ it: string }]
    return value
  }
}

const ENCODINGS: readonly GeometryText[] = ['GEOJSON', 'WKT', 'EWKT', 'WKB', 'EWKB', 'TWKB']

describe(`the largest geometry that is taken, of ${VERTICES} vertices,`, () => {
  const inputs: Readonly<Record<string, GeometryInput>> = {
    GeoJSON: { geojson: { type: 'Polygon', coordinates: [positions] } },
    EWKT: { wkt: encoded('EWKT')() },
    EWKB: { wkb: encoded('EWKB')() },
    'EWKB in base64': { wkb: Buffer.from(encoded('EWKB')(), 'hex').toString('base64') },
    TWKB: { twkb: encoded('TWKB')() },
    'TWKB in base64': { twkb: Buffer.from(encoded('TWKB')(), 'hex').toString('base64') },
  }

  it.each(Object.entries(inputs))(`costs less than ${MOST_MS} ms to read as %s`, (_, input) => {
    expect(read(input, true).bbox![2]).toBeCloseTo(90, 5)
    expect(costOf(() => read(input, true))).toBeLessThan(MOST_MS)
  })

  it.each([
    ['empty ones', '0110', null],
    ['points', '01000204', [1, 2, 1, 2]],
  ])(`costs less than ${MOST_MS} ms to read as TWKB of as many members, %s`, (_, member, bbox) => {
    const twkb = `0700a8c301${member.repeat(VERTICES)}`
    expect(read({ twkb }).bbox).toEqual(bbox)
    expect(costOf(() => read({ twkb }))).toBeLessThan(MOST_MS)
  })

  it.each(ENCODINGS)(`costs less than ${MOST_MS} ms to write as %s`, (as) => {
    expect(costOf(encoded(as))).toBeLessThan(MOST_MS)
  })
})

describe('the largest body that is refused', () => {
  const members = (head: string, member: string) => head + member.repeat(Math.floor((BODY_BYTES - head.length) / member.length))
  it.each([
    ['collections in collections', members('', '070001')],
    ['empty members', members('0700c0843d', '0110')],
    ['numbers without end', members('0100', '80')],
    ['positions', members('0200c0843d', '00')],
  ])(`costs less than ${MOST_MS} ms as TWKB of %s`, (_, twkb) => {
    expect(refusal(() => read({ twkb }))).toMatch(/^(BAD_INPUT|LIMIT_EXCEEDED): `within\.twkb`/)
    expect(costOf(() => refusal(() => read({ twkb })))).toBeLessThan(MOST_MS)
  })
})
