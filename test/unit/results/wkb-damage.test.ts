import { describe, expect, it } from 'vitest'
import type { FeatureField } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { EncodingError } from '../../../src/encode/value.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import { DIMENSIONS, FLAVOURS, randomTree, TYPES, toWkb } from '../../support/results/geometries.ts'

const FIELDS: readonly FeatureField[] = [
  { key: 'it', field: 'geometry', as: 'GEOJSON', precision: 7 },
  { key: 'it', field: 'geometry', as: 'WKT', precision: 7 },
  { key: 'it', field: 'geometry', as: 'WKB', precision: 7 },
  { key: 'it', field: 'bbox' },
]

function encode(geometries: readonly Uint8Array[], field: FeatureField): string {
  const column: Column = { name: 'geom', wire: { kind: 'wkb' }, values: geometries }
  const layout = {
    columns: [column],
    geometries: [{ column: 0, crs: null, srid: null }],
    key: null,
    properties: [],
    geometryName: 'geom',
  }
  const batch = toBatch([column], 0, geometries.length)
  return new TextDecoder().decode(createEncoder(layout, { kind: 'features', fields: [field] })(batch, 0, geometries.length))
}

/** A collection that holds a collection that holds ..., `depth` of them. */
function nested(depth: number): string {
  return `${'010700000001000000'.repeat(depth - 1)}010700000000000000`
}

const POINT = '0101000000000000000000F03F0000000000000040'

describe.each(FIELDS)('damaged WKB, read for $field $as,', (field) => {
  it.each([
    ['nothing at all', ''],
    ['half a header', '0101'],
    ['a byte order that is none', '020100000000000000000000000000000000000000'],
    ['geometry type 0', '0100000000'],
    ['geometry type 8, a circular string', '010800000000000000'],
    ['geometry type 17, a triangle', '011100000000000000'],
    ['dimensions 4', '01A10F000000000000'],
    ['a point without its second number', '0101000000000000000000F03F'],
    ['a line of 4 billion positions', '0102000000FFFFFFFF'],
    ['a line of one position more than there is', '010200000002000000000000000000F03F0000000000000040'],
    ['a line without its count', '0102000000'],
    ['a polygon of 4 billion rings', '0103000000FFFFFFFF'],
    ['a polygon whose ring is missing', '010300000001000000'],
    ['a MultiPoint of 4 billion points', '0104000000FFFFFFFF'],
    ['a MultiPoint that holds a line', '010400000001000000010200000000000000'],
    ['a MultiPolygon that holds a MultiPolygon', '010600000001000000010600000000000000'],
    ['a MultiPoint whose point has a Z', `01040000000100000001E9030000${'00'.repeat(24)}`],
    ['a collection whose member is missing', '010700000001000000'],
    ['collections nested 1,000 deep', nested(1000)],
    ['collections nested 100,000 deep', nested(100_000)],
    ['a byte behind its end', `${POINT}00`],
    ['an SRID that is cut off', '01010000200000'],
  ])('%s is an error that names the row', (_name, hex) => {
    const good = Buffer.from(POINT, 'hex')
    expect(() => encode([good, Buffer.from(hex, 'hex'), good], field)).toThrow(/^row 1 of the batch: WKB/)
  })

  it('collections nested 64 deep are read', () => {
    expect(encode([Buffer.from(nested(64), 'hex')], field)).toMatch(/^\[\{"it":/)
  })

  it('20,000 mutations give JSON or that error, and nothing else', () => {
    const random = new Random()
    let refused = 0
    for (let i = 0; i < 20_000 / FIELDS.length; i++) {
      const dimensions = random.pick(DIMENSIONS)
      const wkb = mutated(random, toWkb(randomTree(random, random.pick(TYPES), dimensions), dimensions, random.pick(FLAVOURS)))
      try {
        JSON.parse(encode([wkb], field))
      } catch (error) {
        if (!(error instanceof EncodingError)) throw new Error(Buffer.from(wkb).toString('hex'), { cause: error })
        expect(error.message).toMatch(/^row 0 of the batch: WKB/)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(1_000)
  })
})

function mutated(random: Random, wkb: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(wkb)
  if (random.chance(0.2)) return bytes.subarray(0, random.integer(bytes.length))
  for (let n = 1 + random.integer(3); n > 0; n--) {
    bytes[random.integer(random.chance(0.7) ? Math.min(16, bytes.length) : bytes.length)] = random.pick([
      0,
      1,
      2,
      7,
      0x7f,
      0x80,
      0xff,
      random.integer(256),
    ])
  }
  return bytes
}
