import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeatureField } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { SHARED } from '../../support/environment.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import {
  DIMENSIONS,
  FLAVOURS,
  ISO,
  randomTree,
  rightHanded,
  rounded,
  TYPES,
  toBBox,
  toGeoJson,
  toWkb,
} from '../../support/results/geometries.ts'
import { wkxEwkb, wkxGeoJson, wkxTwkb } from './oracle.ts'
import { readUnits, unitsOf } from './twkb.ts'

const GEOJSON: FeatureField = { key: 'it', field: 'geometry', as: 'GEOJSON', precision: 7 }
const WKT: FeatureField = { key: 'it', field: 'geometry', as: 'WKT', precision: 7 }
const WKB: FeatureField = { key: 'it', field: 'geometry', as: 'WKB', precision: 7 }
const EWKT: FeatureField = { key: 'it', field: 'geometry', as: 'EWKT', precision: 7 }
const EWKB: FeatureField = { key: 'it', field: 'geometry', as: 'EWKB', precision: 7 }
const TWKB = { key: 'it', field: 'geometry', as: 'TWKB' } as const
const BBOX: FeatureField = { key: 'it', field: 'bbox' }

function encode(geometries: readonly (Uint8Array | null)[], field: FeatureField, srid: number | null = null): unknown[] {
  const column: Column = { name: 'geom', wire: { kind: 'wkb' }, values: geometries }
  const layout = {
    columns: [column],
    geometries: [{ column: 0, crs: null, srid }],
    key: null,
    properties: [],
    geometryName: 'geom',
  }
  const bytes = createEncoder(layout, { kind: 'features', fields: [field] })(
    toBatch([column], 0, geometries.length),
    0,
    geometries.length,
  )
  return (JSON.parse(new TextDecoder().decode(bytes)) as { it: unknown }[]).map(({ it }) => it)
}

function encodeOne(geometry: Uint8Array | string, field: FeatureField): unknown {
  return encode([typeof geometry === 'string' ? Buffer.from(geometry, 'hex') : geometry], field)[0]
}

interface Reference {
  readonly wkt: string
  readonly wkb: string
  readonly geoJSON: unknown
}

describe.each(['testdata', 'testdataZ', 'testdataM', 'testdataZM'])('reference geometries of %s', (file) => {
  const references = Object.entries(
    JSON.parse(readFileSync(join(SHARED, 'wkb', `${file}.json`), 'utf8')) as Record<string, Reference>,
  )
  const flavours = ['wkb', 'ewkb', 'wkbXdr', 'ewkbXdr', 'ewkbNoSrid', 'ewkbXdrNoSrid'] as const

  it.each(references)('%s is read in both byte orders, ISO and extended', (_name, reference) => {
    for (const flavour of flavours) {
      const wkb = (reference as unknown as Record<string, string>)[flavour]!
      expect(encodeOne(wkb, GEOJSON), flavour).toEqual(reference.geoJSON)
      expect(encodeOne(wkb, WKB), flavour).toBe(reference.wkb.toUpperCase())
      expect(normalised(encodeOne(wkb, WKT) as string), flavour).toBe(normalised(reference.wkt))
    }
  })
})

/** The references write `MULTIPOINT(1 2,3 4)`, without the inner brackets and blanks of ISO's grammar. */
function normalised(wkt: string): string {
  const tight = wkt.replace(/ ?([(,]) ?/g, '$1')
  return tight.startsWith('MULTIPOINT') ? tight.replace(/\(\(|\)\)/g, (b) => b[0]!).replace(/\),\(/g, ',') : tight
}

describe('random geometries', () => {
  const random = new Random()
  const samples = TYPES.flatMap((type) =>
    DIMENSIONS.flatMap((dimensions) =>
      FLAVOURS.flatMap((flavour) =>
        random.list(12, () => {
          const tree = randomTree(random, type, dimensions, true)
          return { tree, dimensions, flavour, wkb: toWkb(tree, dimensions, flavour) }
        }),
      ),
    ),
  )
  const geometries = samples.map(({ wkb }) => wkb)

  it('are in GeoJSON equal to their input, and to what wkx reads', () => {
    const expected = samples.map(({ tree, dimensions }) => toGeoJson(rightHanded(tree), dimensions, 7))
    expect(encode(geometries, GEOJSON)).toEqual(expected)
    const byWkx = samples.map(({ tree, dimensions }) => wkxGeoJson(toWkb(rounded(rightHanded(tree), 7), dimensions, ISO)))
    expect(byWkx).toEqual(expected)
  })

  it('are as hexadecimal WKB in ISO little endian', () => {
    expect(encode(geometries, WKB)).toEqual(samples.map(({ tree, dimensions }) => hexOf(toWkb(tree, dimensions, ISO))))
  })

  it('have the box of all their positions, null when they have none', () => {
    expect(encode(geometries, BBOX)).toEqual(samples.map(({ tree }) => toBBox(tree)))
  })

  it('are as EWKB what GEOS writes, with the SRID of their CRS where it has one', async () => {
    const extended = (srid: number | null) => ({ littleEndian: true, extended: true, srid })
    const isFlat = ({ tree }: (typeof samples)[number]) => tree.type !== 'GeometryCollection'
    for (const srid of [null, 3857]) {
      const made = encode(geometries, EWKB, srid)
      expect(made).toEqual(samples.map(({ tree, dimensions }) => hexOf(toWkb(tree, dimensions, extended(srid)))))
    }
    const byWkx = samples.filter(isFlat).map(({ wkb }) => wkxEwkb(wkb, 3857))
    expect(
      encode(
        samples.filter(isFlat).map(({ wkb }) => wkb),
        EWKB,
        3857,
      ),
    ).toEqual(byWkx)
  })

  it('are as EWKT their WKT after the SRID of their CRS, where it has one', () => {
    const wkt = encode(geometries, WKT)
    expect(encode(geometries, EWKT)).toEqual(wkt)
    expect(encode(geometries, EWKT, 3857)).toEqual(wkt.map((text) => `SRID=3857;${text}`))
  })

  it.each([0, 1, 5, 7])('are in TWKB of %i digits equal to their input, with each number rounded', (precision) => {
    const made = encode(geometries, { ...TWKB, precision }) as (string | null)[]
    expect(made.map((text) => text && readUnits(Buffer.from(text, 'hex')))).toEqual(
      samples.map(({ tree, dimensions }) => unitsOf(tree, dimensions.length, precision)),
    )
    expect(made.filter((text) => text !== null).length).toBeGreaterThan(samples.length / 3)
  })

  it('that are small are as TWKB what wkx reads', () => {
    const small = random.list(200, () => {
      const points = random.list(2 + random.integer(20), () => [random.next() * 360 - 180, random.next() * 180 - 90])
      return { type: 'LineString', coordinates: points } as const
    })
    const made = encode(
      small.map((tree) => toWkb(tree, 'XY', ISO)),
      { ...TWKB, precision: 5 },
    ) as string[]
    for (const [n, text] of made.entries()) {
      for (const [i, [x, y]] of wkxTwkb(Buffer.from(text, 'hex')).entries()) {
        expect(Math.abs(x - small[n]!.coordinates[i]![0]!)).toBeLessThan(0.51e-5)
        expect(Math.abs(y - small[n]!.coordinates[i]![1]!)).toBeLessThan(0.51e-5)
      }
    }
  })

  it('are as WKT what GEOS reads as the same geometry', async () => {
    const pairs = encode(geometries, WKT).map((wkt, i) => [
      wkt,
      hexOf(toWkb(rounded(samples[i]!.tree, 7), samples[i]!.dimensions, ISO)),
    ])
    const different = await python<unknown[]>(
      `
import json, sys, shapely
pairs = json.load(sys.stdin)
iso = lambda g: shapely.to_wkb(g, hex=True, output_dimension=4, byte_order=1, flavor='iso')
print(json.dumps([[wkt, wkb] for wkt, wkb in pairs if iso(shapely.from_wkt(wkt)) != iso(shapely.from_wkb(wkb))]))
`,
      [],
      JSON.stringify(pairs),
    )
    expect(different).toEqual([])
  })
})

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

it('members may have another byte order than their geometry', () => {
  const members = FLAVOURS.slice(0, 2).map((flavour) =>
    toWkb(
      {
        type: 'LineString',
        coordinates: [
          [1, 2],
          [3, 4],
        ],
      },
      'XY',
      flavour,
    ),
  )
  const collection = Buffer.concat([Buffer.from('010700000003000000', 'hex'), members[0]!, members[1]!, members[0]!])
  const line = {
    type: 'LineString',
    coordinates: [
      [1, 2],
      [3, 4],
    ],
  }
  expect(encodeOne(collection, GEOJSON)).toEqual({ type: 'GeometryCollection', geometries: [line, line, line] })
})

describe('precision', () => {
  const random = new Random()
  const line = random.list(2_000, () => [random.next() * 360 - 180, random.next() < 0.5 ? random.double() : random.next() * 1e9])

  it.each(Array.from({ length: 16 }, (_, precision) => precision))(
    'of %i digits rounds as Math.round does and prints no zero at the end',
    (precision) => {
      const wkb = toWkb({ type: 'LineString', coordinates: line }, 'XY', ISO)
      const field: FeatureField = { ...GEOJSON, precision }
      expect(encodeOne(wkb, field)).toEqual(toGeoJson({ type: 'LineString', coordinates: line }, 'XY', precision))
      const text = encodeOne(wkb, { ...field, as: 'WKT' }) as string
      expect(text).not.toMatch(/\.\d*0[,) ]|-0[,) ]|\.[,) ]/)
      if (precision === 7) expect(text.match(/\.\d{8,}[,) ]/)).toBeNull()
    },
  )

  it('rounds halves up, and never prints a negative zero', () => {
    const point = (x: number, y: number) => toWkb({ type: 'Point', coordinates: [x, y] }, 'XY', ISO)
    const at = (precision: number, x: number, y: number) => encodeOne(point(x, y), { ...WKT, precision })
    expect(at(0, 0.5, -0.5)).toBe('POINT (1 0)')
    expect(at(0, 1.5, -1.5)).toBe('POINT (2 -1)')
    expect(at(1, -0.05, 0.05)).toBe('POINT (0 0.1)')
    expect(at(7, -0, -0.00000004)).toBe('POINT (0 0)')
    expect(at(7, 0.0000001, -0.0000001)).toBe('POINT (0.0000001 -0.0000001)')
    expect(at(7, 214.7483647, -214.7483648)).toBe('POINT (214.7483647 -214.7483648)')
    expect(at(12, -0.5e-12, 0.4e-12)).toBe('POINT (0 0)')
  })
})

describe('what JSON cannot hold', () => {
  const of = (type: 'LineString' | 'MultiPoint', coordinates: number[][], dimensions: 'XY' | 'XYZ' = 'XY') =>
    toWkb({ type, coordinates }, dimensions, ISO)

  it('makes the geometry null: a position that is not finite', () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(
        encode(
          [
            of('LineString', [
              [1, 2],
              [3, bad],
            ]),
            of('LineString', [
              [1, 2],
              [3, 4],
            ]),
          ],
          GEOJSON,
        ),
      ).toEqual([
        null,
        {
          type: 'LineString',
          coordinates: [
            [1, 2],
            [3, 4],
          ],
        },
      ])
    }
  })

  it('is left out: a height that is not finite, and an empty point in a MultiPoint', () => {
    expect(
      encodeOne(
        of(
          'LineString',
          [
            [1, 2, Number.NaN],
            [3, 4, 5],
          ],
          'XYZ',
        ),
        GEOJSON,
      ),
    ).toEqual({
      type: 'LineString',
      coordinates: [
        [1, 2],
        [3, 4, 5],
      ],
    })
    expect(
      encodeOne(
        of('MultiPoint', [
          [1, 2],
          [Number.NaN, Number.NaN],
          [3, 4],
        ]),
        GEOJSON,
      ),
    ).toEqual({
      type: 'MultiPoint',
      coordinates: [
        [1, 2],
        [3, 4],
      ],
    })
    expect(encodeOne(of('MultiPoint', [[Number.NaN, Number.NaN]]), GEOJSON)).toEqual({ type: 'MultiPoint', coordinates: [] })
  })

  it('is written in WKT, and gives no box', () => {
    expect(
      encodeOne(
        of('LineString', [
          [1, Number.NaN],
          [Infinity, -Infinity],
        ]),
        WKT,
      ),
    ).toBe('LINESTRING (1 NaN, Infinity -Infinity)')
    expect(
      encodeOne(
        of('MultiPoint', [
          [1, 2],
          [Number.NaN, Number.NaN],
        ]),
        WKT,
      ),
    ).toBe('MULTIPOINT ((1 2), EMPTY)')
    expect(
      encodeOne(
        of('LineString', [
          [1, 2],
          [Infinity, 4],
        ]),
        BBOX,
      ),
    ).toBeNull()
  })
})
