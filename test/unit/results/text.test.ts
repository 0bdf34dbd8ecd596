import { describe, expect, it } from 'vitest'
import type { BatchLayout, ColumnBatch, FeatureField, Output } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { concatenate, type Slice } from '../../../src/encode/slice.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import {
  DIMENSIONS,
  FLAVOURS,
  randomTree,
  rightHanded,
  TYPES,
  toBBox,
  toGeoJson,
  toWkb,
} from '../../support/results/geometries.ts'
import { sampleColumns } from '../../support/results/samples.ts'
import { plainProperties } from './plain.ts'

const ROWS = 5_500
const CHUNK = 2_048
const PRECISION = 7

interface Sample {
  readonly layout: BatchLayout
  readonly chunks: readonly ColumnBatch[]
  readonly features: readonly { id: string; geometry: unknown; bbox: unknown; properties: Record<string, unknown> }[]
}

/** Features of all geometry types, dimensions and flavours in turn, with nulls, in chunks as the engine gives them. */
function makeSample(random: Random, properties: readonly Column[], rows = ROWS): Sample {
  const geometries = random.list(rows, () => {
    const dimensions = random.pick(DIMENSIONS)
    const tree = random.chance(0.05) ? null : randomTree(random, random.pick(TYPES), dimensions)
    return { tree, dimensions, wkb: tree && toWkb(tree, dimensions, random.pick(FLAVOURS)) }
  })
  const columns: Column[] = [
    { name: 'key', wire: { kind: 'int', bits: 32, signed: true }, values: random.list(rows, () => random.integer(1e9) - 5e8) },
    { name: 'geom', wire: { kind: 'wkb' }, values: geometries.map(({ wkb }) => wkb) },
    ...properties,
  ]
  const layout: BatchLayout = {
    columns,
    key: 0,
    geometries: [{ column: 1, crs: null, srid: null }],
    properties: properties.map((_, i) => i + 2),
    geometryName: 'geom',
  }
  const chunks: ColumnBatch[] = []
  for (let from = 0; from < rows; from += CHUNK) chunks.push(toBatch(columns, from, Math.min(rows, from + CHUNK)))
  const features = geometries.map(({ tree, dimensions }, row) => ({
    id: String(columns[0]!.values[row]),
    geometry: tree && toGeoJson(rightHanded(tree), dimensions, PRECISION),
    bbox: tree && toBBox(tree),
    properties: plainProperties(properties, row),
  }))
  return { layout, chunks, features }
}

/** Cuts and joins the chunks to batches of `size` rows. */
function* batches(chunks: readonly ColumnBatch[], size: number): Generator<Slice> {
  let waiting: Slice[] = []
  let count = 0
  for (const batch of chunks) {
    for (let from = 0; from < batch.length; ) {
      const to = Math.min(batch.length, from + size - count)
      waiting.push({ batch, from, to })
      count += to - from
      from = to
      if (count < size) continue
      yield joined(waiting)
      waiting = []
      count = 0
    }
  }
  if (count > 0) yield joined(waiting)
}

function joined(slices: readonly Slice[]): Slice {
  const [only] = slices
  if (slices.length === 1 && only) return only
  const batch = concatenate(slices)
  return { batch, from: 0, to: batch.length }
}

function encodeAll({ layout, chunks }: Sample, output: Output, size: number): unknown[][] {
  const encode = createEncoder(layout, output)
  return Array.from(batches(chunks, size), ({ batch, from, to }) => {
    const parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(encode(batch, from, to)))
    if (output.kind === 'features') return parsed
    expect({ ...parsed, features: [] }).toEqual({ type: 'FeatureCollection', features: [] })
    return parsed.features
  })
}

/** Member order counts, and the message of a failure shows one row. */
function expectSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  expect(actual.length).toBe(expected.length)
  const different = expected.findIndex((value, i) => JSON.stringify(value) !== JSON.stringify(actual[i]))
  if (different !== -1) expect(actual[different], `row ${different}`).toEqual(expected[different])
  expect(different, 'members are in another order').toBe(-1)
}

describe('GeoJSON', () => {
  const random = new Random()
  const sample = makeSample(random, sampleColumns(random, ROWS))
  const expected = sample.features.map(({ id, geometry, properties }) => ({ type: 'Feature', id, geometry, properties }))

  it.each([7, 1_000, 1_024, 5_000])('is what plain objects give, in batches of %i rows', (size) => {
    const encoded = encodeAll(sample, { kind: 'geojson', precision: PRECISION }, size)
    expect(encoded.slice(0, -1).every((features) => features.length === size)).toBe(true)
    expectSame(encoded.flat(), expected)
  })

  it('is what plain objects give, in batches of 1 row', () => {
    const few = { ...sample, chunks: [concatenate([{ batch: sample.chunks[0]!, from: 3, to: 603 }])] }
    expectSame(encodeAll(few, { kind: 'geojson', precision: PRECISION }, 1).flat(), expected.slice(3, 603))
  })

  it('has a null geometry, and no id, where the layout has none', () => {
    const layout = { ...sample.layout, key: null, geometries: [] }
    const encoded = encodeAll({ ...sample, layout }, { kind: 'geojson', precision: 7 }, 1_000).flat()
    expectSame(
      encoded,
      expected.map(({ type, properties }) => ({ type, geometry: null, properties })),
    )
  })

  it('of no rows is an empty FeatureCollection', () => {
    const bytes = createEncoder(sample.layout, { kind: 'geojson', precision: 7 })(sample.chunks[0]!, 5, 5)
    expect(new TextDecoder().decode(bytes)).toBe('{"type":"FeatureCollection","features":[]}')
  })

  it('of features without properties has empty objects', () => {
    const layout = { ...sample.layout, properties: [] }
    const encoded = encodeAll({ ...sample, layout }, { kind: 'geojson', precision: PRECISION }, 1_000).flat()
    expectSame(
      encoded,
      expected.map((feature) => ({ ...feature, properties: {} })),
    )
  })
})

describe('the coordinates of a line', () => {
  const random = new Random()
  const MOST = 2 ** 31 - 1

  /** Steps of most sizes, over zero and over the last four digits, and from one end of 32 bits to the other. */
  function walk(): number[] {
    const step = random.pick([3, 900, 4_900, 60_000])
    const start = random.pick([0, 123_456_789, -730_000_000, MOST - 40_000])
    const steps = random.list(60, () => random.integer(2 * step + 1) - step)
    let at = start
    return steps.map((by) => (at = random.chance(0.05) ? -at : random.chance(0.05) ? Math.trunc(at / 1e4) * 1e4 : at + by))
  }

  function textOf(units: number, precision: number): string {
    const digits = String(Math.abs(units)).padStart(precision + 1, '0')
    const [whole, fraction] = [digits.slice(0, digits.length - precision), digits.slice(digits.length - precision)]
    const kept = fraction.replace(/0+$/, '')
    return `${units < 0 ? '-' : ''}${whole}${kept && '.'}${kept}`
  }

  it.each([0, 3, 4, 5, 6, 7, 8])('are in shortest form at a precision of %i, also next to each other', (precision) => {
    const scale = 10 ** precision
    const lines = random.list(400, () => {
      const [x, y] = [walk(), walk()]
      return x.map((units, i): [number, number] => [units, y[i]!])
    })
    // The nearest positions at both ends of 32 bits.
    const ends = [0, 1, 5, 9_000, 20_000, 60_000].map((by) => MOST - by)
    lines.push(
      ends.flatMap((east) =>
        ends.flatMap((west): [number, number][] => [
          [east, east],
          [east - 1, east - 1],
          [-west, -west],
          [1 - west, 1 - west],
        ]),
      ),
    )
    const wkbs = lines.map((line) =>
      toWkb({ type: 'LineString', coordinates: line.map(([x, y]) => [x / scale, y / scale]) }, 'XY', FLAVOURS[0]!),
    )
    const layout: BatchLayout = {
      columns: [{ name: 'geom', wire: { kind: 'wkb' } }],
      key: null,
      geometries: [{ column: 0, crs: null, srid: null }],
      properties: [],
      geometryName: 'geom',
    }
    const batch = toBatch([{ ...layout.columns[0]!, values: wkbs }], 0, wkbs.length)
    const encode = createEncoder(layout, { kind: 'geojson-lines', precision })
    const printed = new TextDecoder().decode(encode(batch, 0, wkbs.length)).split('\n')
    const expected = lines.map((line) =>
      line.map((position) => `[${position.map((units) => textOf(units, precision))}]`).join(','),
    )
    expect(printed.map((line) => /"coordinates":\[(.*)\]\},/.exec(line)?.[1])).toEqual(expected)
  })
})

describe('GeoJSON in lines', () => {
  const random = new Random()
  const sample = makeSample(random, sampleColumns(random, 2_000), 2_000)
  const text = (of: Sample, { batch, from, to }: Slice) =>
    new TextDecoder().decode(createEncoder(of.layout, { kind: 'geojson-lines', precision: PRECISION })(batch, from, to))

  it.each([1, 7, 1_000, 1_024, 5_000])('is the collection, a feature a line, in batches of %i rows', (size) => {
    const [expected] = encodeAll(sample, { kind: 'geojson', precision: PRECISION }, 5_000)
    const all = [...batches(sample.chunks, size)].flatMap((slice) => text(sample, slice).split('\n'))
    expectSame(
      all.map((line) => JSON.parse(line)),
      expected!,
    )
  })

  it('stays in its line where a property is JSON that was stored in several', () => {
    const stored: Column = {
      name: 'stored',
      wire: { kind: 'json' },
      values: ['{\n  "a": "\\n",\r\n  "b": [1,\n2]\n}', null, '3'],
    }
    const layout = { columns: [stored], key: null, geometries: [], properties: [0], geometryName: 'geom' }
    const lines = text({ layout, chunks: [], features: [] }, { batch: toBatch([stored], 0, 3), from: 0, to: 3 }).split('\n')
    expect(lines.map((line) => JSON.parse(line).properties.stored)).toEqual([{ a: '\n', b: [1, 2] }, null, 3])
  })

  it('of no rows is nothing', () => {
    expect(text(sample, { batch: sample.chunks[0]!, from: 5, to: 5 })).toBe('')
  })
})

describe('features', () => {
  const random = new Random()
  const properties = sampleColumns(random, ROWS).slice(0, 6)
  const sample = makeSample(random, properties)
  const list = (fields: readonly FeatureField[], size: number) => encodeAll(sample, { kind: 'features', fields }, size).flat()

  it.each([1, 7, 1_000, 1_024, 5_000])(
    'are the selected fields under their keys, in document order, in batches of %i rows',
    (size) => {
      const fields: FeatureField[] = [
        { key: 'where', field: 'geometry', as: 'GEOJSON', precision: PRECISION },
        { key: '__typename', field: '__typename', name: 'PlacesFeature' },
        { key: 'id', field: 'id', prefix: 'places:' },
        { key: 'row', field: 'id', prefix: 'places:3fa9c1-' },
        { key: 'key', field: 'key' },
        { key: 'same', field: 'key' },
        { key: 'layer', field: 'layer', name: 'places' },
        { key: 'box', field: 'bbox' },
        { key: 'all', field: 'properties', only: null },
        { key: 'some', field: 'properties', only: ['uint8', 'flag', 'uint8', 'no such column'] },
        { key: 'none', field: 'properties', only: [] },
      ]
      const expected = sample.features.map(({ id, geometry, bbox, properties: all }) => ({
        where: geometry,
        __typename: 'PlacesFeature',
        id: `places:${id}`,
        row: `places:3fa9c1-${id}`,
        key: id,
        same: id,
        layer: 'places',
        box: bbox,
        all,
        some: { flag: all['flag'], uint8: all['uint8'] },
        none: {},
      }))
      expectSame(list(fields, size), expected)
    },
  )

  it('without any row are an empty list, without any field empty objects', () => {
    const encode = createEncoder(sample.layout, { kind: 'features', fields: [{ key: 'id', field: 'key' }] })
    expect(new TextDecoder().decode(encode(sample.chunks[0]!, 0, 0))).toBe('[]')
    expect(list([], 7).every((feature) => JSON.stringify(feature) === '{}')).toBe(true)
  })

  it('throw when a field is selected that the layout has no column for', () => {
    const fields: FeatureField[] = [{ key: 'bbox', field: 'bbox' }]
    expect(() => createEncoder({ ...sample.layout, geometries: [] }, { kind: 'features', fields })).toThrow('no geometry 0')
  })
})

describe('a key', () => {
  const layout = (wire: Column['wire']): BatchLayout => ({
    columns: [{ name: 'id', wire }],
    key: 0,
    geometries: [],
    properties: [],
    geometryName: 'geom',
  })
  const ids = (column: Column): unknown => {
    const encode = createEncoder(layout(column.wire), { kind: 'features', fields: [{ key: 'id', field: 'key' }] })
    return JSON.parse(new TextDecoder().decode(encode(toBatch([column], 0, column.values.length), 0, column.values.length)))
  }

  it('is a string, of an integer of any width and of text', () => {
    expect(ids({ name: 'id', wire: { kind: 'int', bits: 8, signed: true }, values: [-7] })).toEqual([{ id: '-7' }])
    expect(ids({ name: 'id', wire: { kind: 'int', bits: 64, signed: true }, values: [-(2n ** 63n)] })).toEqual([
      { id: '-9223372036854775808' },
    ])
    expect(ids({ name: 'id', wire: { kind: 'int', bits: 64, signed: false }, values: [2n ** 64n - 1n] })).toEqual([
      { id: '18446744073709551615' },
    ])
    expect(ids({ name: 'id', wire: { kind: 'utf8' }, values: ['a"b'] })).toEqual([{ id: 'a"b' }])
  })

  it('that is null is an error that names the row', () => {
    expect(() => ids({ name: 'id', wire: { kind: 'utf8' }, values: ['a', null] })).toThrow('row 1 of the batch: the key is null')
  })
})
