/** The encoder of vector tiles: types of values, keys, and geometry that it cannot draw. @mapbox/vector-tile reads the bytes. */
import { VectorTile, type VectorTileFeature } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { describe, expect, it } from 'vitest'
import type { WireType } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch, type Value } from '../../support/results/columns.ts'
import { DIMENSIONS, FLAVOURS, ISO, randomTree, TYPES, toWkb } from '../../support/results/geometries.ts'

const WORLD = { zoom: 0, x: 0, y: 0 }
const point = (x: number, y: number) => toWkb({ type: 'Point', coordinates: [x, y] }, 'XY', ISO)

interface Given {
  readonly geometries: readonly (Uint8Array | null)[]
  readonly columns?: readonly Column[]
  /** The index of a column. */
  readonly key?: number | null
  readonly isProperty?: boolean
}

function bytesOf({ geometries, columns = [], key = null, isProperty = true }: Given): Uint8Array {
  const all: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values: geometries }, ...columns]
  const layout = {
    columns: all,
    geometries: [{ column: 0, crs: null, srid: null }],
    key: key === null ? null : key + 1,
    properties: columns.flatMap((_, n) => (n === key && !isProperty ? [] : [n + 1])),
    geometryName: 'geom',
  }
  const output = { kind: 'tile', layer: 'läyer', tile: WORLD, isLonLat: true, tolerance: 0 } as const
  return createEncoder(layout, output)(toBatch(all, 0, geometries.length), 0, geometries.length)
}

function encoded(given: Given): VectorTileFeature[] {
  const layer = new VectorTile(new PbfReader(bytesOf(given))).layers['läyer']
  return Array.from({ length: layer?.length ?? 0 }, (_, i) => layer!.feature(i))
}

const one = (wire: WireType, value: Value) =>
  encoded({ geometries: [point(0, 0)], columns: [{ name: 'v', wire, values: [value] }] })[0]!.properties['v']

describe('a value of a tile', () => {
  it.each<readonly [string, WireType, Value, unknown]>([
    ['a boolean', { kind: 'bool' }, true, true],
    ['a whole number', { kind: 'int', bits: 32, signed: true }, -2_147_483_648, -2_147_483_648],
    ['a byte', { kind: 'int', bits: 8, signed: false }, 255, 255],
    ['a wide number', { kind: 'int', bits: 64, signed: true }, 2n ** 53n - 1n, 2 ** 53 - 1],
    ['a wide negative number', { kind: 'int', bits: 64, signed: true }, -(2n ** 40n), -(2 ** 40)],
    ['the least of 64 bits', { kind: 'int', bits: 64, signed: true }, -(2n ** 63n), -(2 ** 63)],
    ['the largest of 64 bits', { kind: 'int', bits: 64, signed: false }, 2n ** 64n - 1n, 2 ** 64],
    ['a float', { kind: 'float', bits: 32 }, 1.5, 1.5],
    ['a double', { kind: 'float', bits: 64 }, 0.1, 0.1],
    ['NaN', { kind: 'float', bits: 64 }, Number.NaN, undefined],
    ['null', { kind: 'utf8' }, null, undefined],
    ['a text', { kind: 'utf8' }, 'Zürich "1"', 'Zürich "1"'],
    ['an empty text', { kind: 'utf8' }, '', ''],
    ['JSON', { kind: 'json' }, '{"a":[1]}', '{"a":[1]}'],
    ['a decimal', { kind: 'decimal', precision: 5, scale: 2, quoted: false }, '-12.25', -12.25],
    [
      'a long decimal',
      { kind: 'decimal', precision: 38, scale: 2, quoted: true },
      '123456789012345678.25',
      '123456789012345678.25',
    ],
    ['bytes', { kind: 'binary' }, Uint8Array.of(1, 2, 3), 'AQID'],
    ['a date', { kind: 'date' }, 19_000, '2022-01-08'],
    ['an instant', { kind: 'timestamp', unit: 'ms', utc: true }, 1_500n, '1970-01-01T00:00:01.500Z'],
  ])('is %s of its type', (_name, wire, value, expected) => {
    expect(one(wire, value)).toEqual(expected)
  })

  it('is in the tile once', () => {
    const values = Array.from({ length: 5_000 }, (_, n) => `a rather long text ${n % 3}`)
    const geometries = values.map((_, n) => point(n / 100, 0))
    const columns = [{ name: 'v', wire: { kind: 'utf8' }, values } as const]
    expect(encoded({ geometries, columns }).map(({ properties }) => properties['v'])).toEqual(values)
    expect(bytesOf({ geometries, columns }).length).toBeLessThan(5_000 * 20)
  })
})

describe('the key of a feature', () => {
  const key = (wire: WireType, value: Value, isProperty = false) => {
    const columns = [{ name: 'k', wire, values: [value] }]
    const { id, properties } = encoded({ geometries: [point(0, 0)], columns, key: 0, isProperty })[0]!
    return { id, properties }
  }

  it('is its id if it is a whole number from 0 on', () => {
    expect(key({ kind: 'int', bits: 32, signed: true }, 7)).toEqual({ id: 7, properties: {} })
    expect(key({ kind: 'int', bits: 64, signed: true }, 2n ** 52n)).toEqual({ id: 2 ** 52, properties: {} })
    expect(key({ kind: 'int', bits: 64, signed: true }, 0n, true)).toEqual({ id: 0, properties: { k: 0 } })
    expect(key({ kind: 'int', bits: 64, signed: true }, -1n, true)).toEqual({ id: undefined, properties: { k: -1 } })
  })

  it('is a property if it is a text', () => {
    expect(key({ kind: 'utf8' }, 'ab')).toEqual({ id: undefined, properties: { id: 'ab' } })
    expect(key({ kind: 'utf8' }, 'ab', true)).toEqual({ id: undefined, properties: { k: 'ab' } })
  })
})

describe('a geometry of a tile', () => {
  it('that is missing or cannot be read costs only itself', () => {
    const whole = point(10, 10)
    const geometries = [whole, null, whole.subarray(0, 12), Buffer.from('0103000000ffffffff', 'hex'), Uint8Array.of(), whole]
    const values = geometries.map((_, n) => n)
    const found = encoded({ geometries, columns: [{ name: 'n', wire: { kind: 'int', bits: 32, signed: true }, values }] })
    expect(found.map(({ properties }) => properties['n'])).toEqual([0, 5])
  })

  it('that is outside of the tile leaves no bytes', () => {
    expect(bytesOf({ geometries: [null] }).length).toBe(0)
  })

  it('of every type and dimension is drawn by its type, and damaged bytes end nothing', () => {
    const random = new Random(7)
    let drawn = 0
    for (let n = 0; n < 4_000; n++) {
      const type = TYPES[n % TYPES.length]!
      const dimensions = DIMENSIONS[n % DIMENSIONS.length]!
      const wkb = toWkb(randomTree(random, type, dimensions), dimensions, FLAVOURS[n % FLAVOURS.length]!)
      if (n % 2 === 1)
        for (let hits = 1 + (n % 5); hits > 0; hits--) wkb[Math.floor(random.next() * wkb.length)] = 256 * random.next()
      for (const feature of encoded({ geometries: [wkb, point(1, 1)] })) {
        expect([1, 2, 3]).toContain(feature.type)
        for (const line of feature.loadGeometry())
          for (const { x, y } of line) expect(Math.max(Math.abs(x - 2_048), Math.abs(y - 2_048))).toBeLessThanOrEqual(2_112)
        drawn++
      }
    }
    expect(drawn).toBeGreaterThan(5_000)
  })
})
