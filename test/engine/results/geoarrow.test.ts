/** Native GeoArrow columns of every type, read by pyarrow, geopandas and apache-arrow. */
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import type { BatchLayout, GeoArrowShape } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import { FLAVOURS, ISO, randomTree, type Tree, toWkb } from '../../support/results/geometries.ts'

const ROWS = 5_300
const NAMES: Readonly<Record<GeoArrowShape['type'], Exclude<Tree['type'], 'GeometryCollection'>>> = {
  point: 'Point',
  linestring: 'LineString',
  polygon: 'Polygon',
  multipoint: 'MultiPoint',
  multilinestring: 'MultiLineString',
  multipolygon: 'MultiPolygon',
}
const SHAPES = (Object.keys(NAMES) as GeoArrowShape['type'][]).flatMap((type) =>
  (['XY', 'XYZ'] as const).map((coordinates): GeoArrowShape => ({ type, coordinates })),
)

const random = new Random()

/** A tenth is null, an eighth of every list is empty. Now and then a part is long enough to be copied as bytes. */
function trees({ type, coordinates }: GeoArrowShape, proper: boolean): (Tree | null)[] {
  const name = NAMES[type]
  const long = random.list(300, () => random.list(coordinates.length, () => random.next()))
  return random.list(ROWS, () => {
    if (random.chance(0.1)) return null
    if (name === 'LineString' && random.chance(0.01)) return { type: name, coordinates: long }
    return randomTree(random, name, coordinates, proper)
  })
}

function columnOf(geometries: readonly (Tree | null)[], { coordinates }: GeoArrowShape): Column[] {
  const values = geometries.map((tree) => tree && toWkb(tree, coordinates, random.pick(FLAVOURS)))
  return [{ name: 'geom', wire: { kind: 'wkb' }, values }]
}

function encoderOf(columns: readonly Column[], shape: GeoArrowShape) {
  const layout: BatchLayout = {
    columns,
    key: null,
    geometries: [{ column: 0, crs: 'EPSG:3857', srid: 3857 }],
    properties: [],
    geometryName: 'geom',
  }
  return createEncoder(layout, { kind: 'arrow', shape })
}

function streams(columns: readonly Column[], shape: GeoArrowShape, size: number, rows: number): string[] {
  const encode = encoderOf(columns, shape)
  const batch = toBatch(columns, 0, ROWS)
  const starts = Array.from({ length: Math.ceil(rows / size) }, (_, n) => n * size)
  return starts.map((from) => Buffer.from(encode(batch, from, Math.min(rows, from + size))).toString('base64'))
}

const READ = `
import base64, json, math, sys
import pyarrow as pa
def plain(v):
    if isinstance(v, list): return [plain(x) for x in v]
    return None if isinstance(v, float) and math.isnan(v) else v
def read(streams):
    rows = []
    for stream in streams:
        batch = pa.ipc.open_stream(base64.b64decode(stream)).read_next_batch()
        batch.validate(full=True)
        rows += plain(batch.column(0).to_pylist())
    metadata = batch.schema.field(0).metadata
    return [rows, metadata[b'ARROW:extension:name'].decode(), metadata[b'ARROW:extension:metadata'].decode()]
print(json.dumps([read(streams) for streams in json.load(sys.stdin)]))
`

describe.each(SHAPES)('$type of $coordinates', (shape) => {
  const geometries = trees(shape, false)
  const columns = columnOf(geometries, shape)
  // The small batches of some rows only: a stream is mostly schema then.
  const cuts = [
    [1, 100],
    [7, 700],
    [1_000, ROWS],
    [1_024, ROWS],
    [5_000, ROWS],
  ] as const

  it('read by pyarrow holds every position, in batches of 1, 7, 1,000, 1,024 and 5,000 rows', async () => {
    const input = JSON.stringify(cuts.map(([size, rows]) => streams(columns, shape, size, rows)))
    const answers = await python<[unknown[], string, string][]>(READ, [], input)
    const text = (value: unknown) => JSON.stringify(value, (_, inner) => (inner === 0 ? 0 : inner))
    for (const [n, [, rows]] of cuts.entries()) {
      const [actual, name, metadata] = answers[n]!
      expect([name, JSON.parse(metadata)]).toEqual([`geoarrow.${shape.type}`, { crs: 'EPSG:3857', crs_type: 'authority_code' }])
      const expected = geometries.slice(0, rows).map((tree) => tree && (tree as { coordinates: unknown }).coordinates)
      const different = expected.findIndex((value, row) => text(value) !== text(actual[row]))
      expect(different === -1 ? null : [different, actual[different], expected[different]]).toBeNull()
      expect(actual.length).toBe(rows)
    }
  })
})

/** One without rings among a MultiPolygon's is more than shapely's reader of GeoArrow takes: it ends the process. */
function hasNoEmptyPolygon(tree: Tree | null): boolean {
  return tree?.type !== 'MultiPolygon' || tree.coordinates.every((polygon) => polygon.length > 0)
}

describe('a native column', () => {
  it('is a GeoDataFrame to geopandas, whose geometries are those that shapely reads of the WKB', async () => {
    const runs = SHAPES.map((shape) => {
      const geometries = trees(shape, true).filter(hasNoEmptyPolygon).slice(0, 400)
      const values = geometries.map((tree) => tree && toWkb(tree, shape.coordinates, ISO))
      const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values }]
      const stream = encoderOf(columns, shape)(toBatch(columns, 0, 400), 0, 400)
      return [Buffer.from(stream).toString('base64'), values.map((wkb) => wkb && Buffer.from(wkb).toString('hex'))]
    })
    const program = `
import base64, json, sys
import geopandas, pyarrow as pa, shapely
def same(stream, wkb):
    frame = geopandas.GeoDataFrame.from_arrow(pa.ipc.open_stream(base64.b64decode(stream)).read_all())
    expected = [None if hex is None else shapely.from_wkb(hex) for hex in wkb]
    pairs = list(zip(frame.geometry, expected))
    equal = all((a is None) == (b is None) and (a is None or (a.is_empty and b.is_empty) or shapely.equals_identical(a, b)) for a, b in pairs)
    return [len(pairs), equal, frame.crs.to_string()]
print(json.dumps([same(*run) for run in json.load(sys.stdin)]))
`
    expect(await python(program, [], JSON.stringify(runs))).toEqual(SHAPES.map(() => [400, true, 'EPSG:3857']))
  })

  it('is lists of numbers to apache-arrow', () => {
    const shape: GeoArrowShape = { type: 'polygon', coordinates: 'XY' }
    const tree: Tree = { type: 'Polygon', coordinates: [[[0, 1], [2, 3], [4, 5], [0, 1]]] } // biome-ignore format: one ring
    const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values: [null, toWkb(tree, 'XY', ISO)] }]
    const table = tableFromIPC(encoderOf(columns, shape)(toBatch(columns, 0, 2), 0, 2))
    expect(JSON.parse(JSON.stringify(table.getChild('geom')!.toArray()))).toEqual([null, tree.coordinates])
    expect(String(table.schema.fields[0]!.type)).toBe('List<List<FixedSizeList[2]<Float64>>>')
  })

  it('takes a geometry of one member as its own', () => {
    const shape: GeoArrowShape = { type: 'multipoint', coordinates: 'XY' }
    const values = [toWkb({ type: 'Point', coordinates: [1, 2] }, 'XY', ISO)]
    const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values }]
    const table = tableFromIPC(encoderOf(columns, shape)(toBatch(columns, 0, 1), 0, 1))
    expect(JSON.parse(JSON.stringify(table.getChild('geom')!.toArray()))).toEqual([[[1, 2]]])
  })

  it.each([
    ['another type', toWkb({ type: 'Point', coordinates: [1, 2] }, 'XY', ISO), /not its column's/],
    ['other dimensions', toWkb({ type: 'LineString', coordinates: [[1, 2, 3]] }, 'XYZ', ISO), /other dimensions/],
    [
      'bytes behind it',
      Buffer.concat([toWkb({ type: 'LineString', coordinates: [] }, 'XY', ISO), Buffer.of(0)]),
      /continues after/,
    ],
    ['a count beyond its end', Buffer.from('0102000000ffffff0f', 'hex'), /ends before/],
  ])('refuses a geometry of %s', (_, wkb, message) => {
    const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values: [wkb] }]
    const encode = encoderOf(columns, { type: 'linestring', coordinates: 'XY' })
    expect(() => encode(toBatch(columns, 0, 1), 0, 1)).toThrow(message)
  })
})
