import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import type { BatchLayout, WireType } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch, type Value } from '../../support/results/columns.ts'
import { DIMENSIONS, FLAVOURS, randomTree, TYPES, toWkb } from '../../support/results/geometries.ts'
import { sampleColumns } from '../../support/results/samples.ts'

const ROWS = 5_300

const random = new Random()
const properties = sampleColumns(random, ROWS)
const columns: Column[] = [
  { name: 'row', wire: { kind: 'int', bits: 64, signed: true }, values: Array.from({ length: ROWS }, (_, row) => BigInt(row)) },
  {
    name: 'geom',
    wire: { kind: 'wkb' },
    values: random.list(ROWS, () => {
      const dimensions = random.pick(DIMENSIONS)
      return random.chance(0.1)
        ? null
        : toWkb(randomTree(random, random.pick(TYPES), dimensions, true), dimensions, random.pick(FLAVOURS))
    }),
  },
  ...properties,
]
const layout: BatchLayout = {
  columns,
  key: 0,
  geometries: [{ column: 1, crs: 'EPSG:3857', srid: 3857 }],
  properties: properties.map((_, i) => i + 2),
  geometryName: 'geom',
}
const whole = toBatch(columns, 0, ROWS)

/** Copies, since the encoder uses its buffer again. */
function* streams(size: number, rows: number): Generator<Uint8Array> {
  const encode = createEncoder(layout, { kind: 'arrow' })
  for (let from = 0; from < rows; from += size) yield encode(whole, from, Math.min(rows, from + size)).slice()
}

/** In the order of the stream's fields: id, properties, geometry. */
const expected: readonly Column[] = [columns[0]!, ...properties, columns[1]!]

/** A value as text that says all of it: what the program below makes of pyarrow's. */
function exactly(wire: WireType, value: Value): string | null {
  if (value === null) return null
  switch (wire.kind) {
    case 'binary':
    case 'wkb':
      return Buffer.from(value as Uint8Array).toString('hex')
    case 'decimal':
      return digits(value as string)
    case 'float':
      return Buffer.from(Float64Array.of(value as number).buffer).toString('hex')
    case 'bool':
      return value ? '1' : '0'
    default:
      return String(value)
  }
}

/** `-.50` and `-0.50` are one decimal, `-0.00` and `0.00` too. */
function digits(text: string): string {
  const plain = text.replace(/^(-?)\./, '$10.')
  return /[1-9]/.test(plain) ? plain : plain.replace('-', '')
}

const READ_BY_PYARROW = `
import base64, json, struct, sys
import pyarrow as pa
def text(t, v):
    if v is None: return None
    if pa.types.is_binary(t): return v.hex()
    if pa.types.is_floating(t): return struct.pack('<d', v).hex()
    if pa.types.is_boolean(t): return '1' if v else '0'
    if pa.types.is_decimal(t): return format(v, 'f')
    return str(v)
def plain(c):
    t = c.type
    if pa.types.is_timestamp(t): return c.cast(pa.int64())
    if pa.types.is_date(t): return c.cast(pa.int32())
    return c
def read(streams):
    columns, batches = None, []
    for stream in streams:
        reader = pa.ipc.open_stream(base64.b64decode(stream))
        batch = reader.read_next_batch()
        batch.validate(full=True)
        assert list(reader) == []
        read = [[text(plain(c).type, v) for v in plain(c).to_pylist()] for c in batch.columns]
        columns = read if columns is None else [a + b for a, b in zip(columns, read)]
        batches.append(batch.num_rows)
    schema = [[f.name, str(f.type), {k.decode(): v.decode() for k, v in (f.metadata or {}).items()}] for f in batch.schema]
    return {'schema': schema, 'columns': columns, 'batches': batches}
print(json.dumps([read(streams) for streams in json.load(sys.stdin)]))
`

interface Read {
  readonly schema: [name: string, type: string, metadata: Record<string, string>][]
  readonly columns: (string | null)[][]
  readonly batches: number[]
}

/** Reads several runs of streams; the batches of a run are concatenated. */
function pyarrow(runs: readonly (readonly Uint8Array[])[]): Promise<Read[]> {
  const input = runs.map((streams) => streams.map((stream) => Buffer.from(stream).toString('base64')))
  return python<Read[]>(READ_BY_PYARROW, [], JSON.stringify(input))
}

describe('Arrow', () => {
  // The small batches of some rows only: a stream is mostly schema then.
  const cuts = [
    [1, 100],
    [7, 700],
    [1_000, ROWS],
    [1_024, ROWS],
    [5_000, ROWS],
  ] as const

  it('read by pyarrow holds every value, in batches of 1, 7, 1,000, 1,024 and 5,000 rows', async () => {
    const answers = await pyarrow(cuts.map(([size, rows]) => [...streams(size, rows)]))
    for (const [i, [size, rows]] of cuts.entries()) {
      const { batches, columns: actual } = answers[i]!
      expect(batches).toEqual(Array.from({ length: Math.ceil(rows / size) }, (_, n) => Math.min(size, rows - n * size)))
      for (const [n, { name, wire, values }] of expected.entries()) {
        const wanted = values.slice(0, rows).map((value) => exactly(wire, value))
        const different = wanted.findIndex((value, row) => value !== actual[n]![row])
        expect(different === -1 ? null : [name, different, actual[n]![different], wanted[different]]).toBeNull()
      }
    }
  })

  it('has the types, names and extension metadata of its columns', async () => {
    const [{ schema }] = (await pyarrow([[...streams(10, 10)]])) as [Read]
    const types = Object.fromEntries(schema.map(([name, type]) => [name, type]))
    expect(schema[0]).toEqual(['id', 'int64', {}])
    expect(schema.slice(1, -1).map(([name]) => name)).toEqual(properties.map(({ name }) => name))
    expect(types).toMatchObject({
      flag: 'bool',
      int8: 'int8',
      uint8: 'uint8',
      int16: 'int16',
      uint16: 'uint16',
      int32: 'int32',
      uint32: 'uint32',
      int64: 'int64',
      uint64: 'uint64',
      float: 'float',
      double: 'double',
      json: 'extension<arrow.json>',
      binary: 'binary',
      decimal: 'decimal128(9, 2)',
      fraction: 'decimal128(4, 4)',
      wide: 'decimal128(38, 10)',
      whole: 'decimal128(18, 0)',
      date: 'date32[day]',
      seconds: 'timestamp[s]',
      milliseconds: 'timestamp[ms, tz=UTC]',
      microseconds: 'timestamp[us]',
      instant: 'timestamp[us, tz=UTC]',
      nanoseconds: 'timestamp[ns]',
    })
    const [name, type, metadata] = schema.at(-1)!
    expect([name, type, metadata['ARROW:extension:name']]).toEqual(['geom', 'binary', 'geoarrow.wkb'])
    expect(JSON.parse(metadata['ARROW:extension:metadata']!)).toEqual({ crs: 'EPSG:3857', crs_type: 'authority_code' })
  })

  it.each(['to_json', 'to_wkt'])('has the definition of a CRS without a code (%s)', async (form) => {
    const tmerc = "pyproj.CRS('+proj=tmerc +lat_0=47 +lon_0=7.1 +datum=WGS84 +units=m +type=crs')"
    const definition = await python<string>(`import json, pyproj; print(json.dumps(${tmerc}.${form}()))`)
    const geometries = layout.geometries.map((geometry) => ({ ...geometry, crs: definition }))
    const bytes = createEncoder({ ...layout, geometries }, { kind: 'arrow' })(whole, 0, 3)
    const READ = `
import base64, json, sys, geopandas, pyproj, pyarrow as pa
table = pa.ipc.open_stream(base64.b64decode(sys.stdin.read())).read_all().select(['id', 'geom'])
print(json.dumps(geopandas.GeoDataFrame.from_arrow(table).crs == ${tmerc}))
`
    expect(await python<boolean>(READ, [], Buffer.from(bytes).toString('base64'))).toBe(true)
  })

  it('is a GeoDataFrame to geopandas, with its CRS and every geometry', async () => {
    const line = Buffer.from(createEncoder(layout, { kind: 'arrow' })(whole, 0, 300)).toString('base64')
    const [crs, nulls, types] = await python<[string, number, string[]]>(
      `
import base64, json, sys
import geopandas, pyarrow as pa
table = pa.ipc.open_stream(base64.b64decode(sys.stdin.read())).read_all().select(['id', 'geom'])
frame = geopandas.GeoDataFrame.from_arrow(table)
print(json.dumps([frame.crs.to_string(), int(frame.geometry.isna().sum()), sorted(set(frame.geom_type.dropna()))]))
`,
      [],
      line,
    )
    expect(crs).toBe('EPSG:3857')
    expect(nulls).toBe(columns[1]!.values.slice(0, 300).filter((wkb) => wkb === null).length)
    expect(types).toEqual([...TYPES].sort())
  })

  it('read by apache-arrow holds every value, from a row that is in the middle of a bitmap byte', () => {
    const [from, to] = [1_003, 2_050]
    const table = tableFromIPC(createEncoder(layout, { kind: 'arrow' })(whole, from, to))
    expect(table.numRows).toBe(to - from)
    for (const { name, wire, values } of expected) {
      if (wire.kind === 'decimal' || wire.kind === 'timestamp' || wire.kind === 'date') continue
      const column = table.getChild(name === 'row' ? 'id' : name)!
      const actual = Array.from(column, (value) => exactly(wire, value))
      expect(actual, name).toEqual(values.slice(from, to).map((value) => exactly(wire, value)))
    }
  })

  it('of no rows is a stream with one empty batch', () => {
    const table = tableFromIPC(createEncoder(layout, { kind: 'arrow' })(whole, 9, 9))
    expect([table.numRows, table.numCols, table.batches.length]).toEqual([0, expected.length, 1])
  })

  it('as base64 in JSON is the same bytes, of any length', () => {
    const text = createEncoder(layout, { kind: 'arrow-base64' })
    const bytes = createEncoder(layout, { kind: 'arrow' })
    for (const to of [0, 1, 2, 3, 700, 5_000, 4]) {
      const stream = JSON.parse(Buffer.from(text(whole, 0, to)).toString())
      expect(Buffer.from(stream, 'base64').equals(bytes(whole, 0, to))).toBe(true)
    }
  })

  it('of 1 row is that row, and nothing of an earlier call remains', () => {
    const encode = createEncoder(layout, { kind: 'arrow' })
    const alone = createEncoder(layout, { kind: 'arrow' })(whole, 77, 78).slice()
    encode(whole, 0, 5_000)
    expect(Buffer.from(encode(whole, 77, 78)).equals(Buffer.from(alone))).toBe(true)
  })
})

describe("Arrow's columns", () => {
  const small: Column[] = [
    { name: 'id', wire: { kind: 'utf8' }, values: ['a'] },
    { name: '_id', wire: { kind: 'bool' }, values: [true] },
    { name: 'row', wire: { kind: 'int', bits: 64, signed: true }, values: [7n] },
    { name: 'geom', wire: { kind: 'wkb' }, values: [null] },
  ]
  const fields = (key: number | null, properties: number[], geometry: number | null, only: readonly string[] | null = null) => {
    const geometries = geometry === null ? [] : [{ column: geometry, crs: null, srid: null }]
    const encode = createEncoder({ columns: small, key, properties, geometries, geometryName: 'geom' }, { kind: 'arrow', only })
    return tableFromIPC(encode(toBatch(small, 0, 1), 0, 1)).schema.fields
  }
  const names = (...args: Parameters<typeof fields>) => fields(...args).map(({ name }) => name)

  it('do not repeat the key when it is the property `id`, and have it as `id` too when it is another one', () => {
    expect(names(0, [0, 1], 3)).toEqual(['id', '_id', 'geom'])
    expect(names(1, [1, 2], 3)).toEqual(['id', '_id', 'row', 'geom'])
  })

  it('have the key first, as `id`, when it is none, under a name that no property has', () => {
    expect(names(2, [], 3)).toEqual(['id', 'geom'])
    expect(names(2, [1], 3)).toEqual(['id', '_id', 'geom'])
    expect(names(2, [0, 1], 3)).toEqual(['__id', 'id', '_id', 'geom'])
  })

  it('leave out what was not selected', () => {
    expect(names(null, [1], null)).toEqual(['_id'])
    expect(names(2, [0, 1], 3, ['_id'])).toEqual(['id', '_id', 'geom'])
    expect(names(0, [0, 1], 3, [])).toEqual(['id', 'geom'])
  })

  it('have no CRS when it is unknown', () => {
    expect(fields(null, [], 3)[0]!.metadata.get('ARROW:extension:metadata')).toBe('{}')
  })
})
