import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readGeometry } from '../../../src/ask/read/read-geometry.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { GeometryBudget } from '../../../src/geometry/builder.ts'
import type { GeometryInput } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { SHARED } from '../../support/environment.ts'
import { hex, read, readBytes, refusal } from '../../support/plan/geometry.ts'
import { python } from '../../support/python.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'

interface Sample {
  readonly wkt: string
  readonly geoJSON: object
  readonly [binary: string]: unknown
}

const BINARY = ['wkb', 'ewkb', 'wkbXdr', 'ewkbXdr', 'ewkbNoSrid', 'ewkbXdrNoSrid']

function samples(file: string): [string, Sample][] {
  return Object.entries(JSON.parse(readFileSync(join(SHARED, 'wkb', file), 'utf8')) as Record<string, Sample>)
}

describe.each(['testdata.json', 'testdataZ.json', 'testdataM.json', 'testdataZM.json'])('every notation in %s', (file) => {
  const plain = new Map(samples('testdata.json'))
  it.each(samples(file))('%s is the same geometry in two dimensions', (name, sample) => {
    const expected = hex(read({ wkt: plain.get(name)!.wkt }))
    expect(hex(read({ wkt: sample.wkt }))).toBe(expected)
    // Where the positions have measures only, GeoJSON cannot say so: its third number is a height.
    expect(hex(read({ geojson: sample.geoJSON }))).toBe(expected)
    for (const kind of BINARY) expect(hex(readBytes(Buffer.from(sample[kind] as string, 'hex'))), kind).toBe(expected)
    const twkb = sample['twkb'] as string
    expect(hex(read({ twkb }))).toBe(expected)
    expect(hex(read({ twkb: Buffer.from(twkb, 'hex').toString('base64') }))).toBe(expected)
  })
})

/** Valid geometry of every type, nested collections too, in two and three dimensions, both byte orders, with and without SRID. */
const MAKE = `
import json, random, sys, shapely
from shapely.geometry import mapping
r = random.Random(int(sys.argv[1]))
def num(): return r.choice([r.uniform(-180, 180), r.randint(-90, 90), r.uniform(-1e-6, 1e-6), r.uniform(-1e12, 1e12), 0.0])
def polygon():
    x, y, w = num(), num(), abs(num()) + 1
    shell = shapely.Point(x, y).buffer(w, quad_segs=r.randint(1, 5))
    hole = shapely.Point(x, y).buffer(w / 3, quad_segs=r.randint(1, 3))
    return shell.difference(hole) if r.random() < .5 else shell
def line(): return shapely.LineString([(num(), num()) for _ in range(r.randint(2, 9))])
def point(): return shapely.Point(num(), num())
def any_of(depth):
    n = r.randint(1, 4)
    kind = r.randint(0, 6 if depth < 6 else 5)
    if kind == 0: return point()
    if kind == 1: return line()
    if kind == 2: return polygon()
    if kind == 3: return shapely.MultiPoint([point() for _ in range(n)])
    if kind == 4: return shapely.MultiLineString([line() for _ in range(n)])
    if kind == 5: return shapely.MultiPolygon([polygon() for _ in range(n)])
    return shapely.GeometryCollection([any_of(depth + 1) for _ in range(n)])
out = []
for _ in range(int(sys.argv[2])):
    g = any_of(0)
    full = shapely.force_3d(g, z=r.uniform(-9, 9)) if r.random() < .5 else g
    order, flavor = r.randint(0, 1), r.choice(['iso', 'extended'])
    srid = flavor == 'extended' and r.random() < .5
    if srid: full = shapely.set_srid(full, 4326)
    wkt = shapely.to_wkt(full, rounding_precision=-1)
    out.append({
        'canonical': shapely.to_wkb(g, hex=True, byte_order=1).lower(),
        'bounds': list(g.bounds),
        'wkb': shapely.to_wkb(full, hex=True, byte_order=order, flavor=flavor, include_srid=srid),
        'wkt': wkt,
        # The text may have lost a digit.
        'of_wkt': shapely.to_wkb(shapely.force_2d(shapely.from_wkt(wkt)), hex=True, byte_order=1).lower(),
        'geojson': mapping(full),
    })
print(json.dumps(out))
`

interface Made {
  readonly canonical: string
  readonly bounds: readonly number[]
  readonly wkb: string
  readonly wkt: string
  readonly of_wkt: string
  readonly geojson: object
}

it('1,000 valid geometries made by shapely are taken in every notation, and are what shapely says they are', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`shapely seed ${seed}`)
  for (const made of await python<Made[]>(MAKE, [String(seed), '1000'])) {
    const fromWkb = readBytes(Buffer.from(made.wkb, 'hex'))
    expect(hex(fromWkb)).toBe(made.canonical)
    expect(fromWkb.bbox).toEqual(made.bounds)
    expect(hex(read({ wkt: made.wkt }))).toBe(made.of_wkt)
    expect(hex(read({ geojson: made.geojson }))).toBe(made.canonical)
  }
})

describe('TWKB', () => {
  /** The geometry in the server's form. */
  function written(wkt: string, precision: number): string {
    const columns: Column[] = [{ name: 'geom', wire: { kind: 'wkb' }, values: [read({ wkt }).wkb] }]
    const layout = {
      columns,
      geometries: [{ column: 0, crs: null, srid: null }],
      key: null,
      properties: [],
      geometryName: 'geom',
    }
    const encode = createEncoder(layout, { kind: 'features', fields: [{ key: 'it', field: 'geometry', as: 'TWKB', precision }] })
    return (JSON.parse(Buffer.from(encode(toBatch(columns, 0, 1), 0, 1)).toString()) as [{ it: string }])[0].it
  }

  it.each([
    'POINT(-179.9999999 89.9999999)',
    'MULTIPOINT(179.1234567 -1.5,-179.1234567 1.5)',
    'POLYGON((-20037508.3427892 -20037508.3427892,20037508.3427892 -20037508.3427892,0.1 20037508.3427892,-20037508.3427892 -20037508.3427892))',
    'GEOMETRYCOLLECTION(LINESTRING(170 1,-170 2),GEOMETRYCOLLECTION(POINT(0.0000001 -0.0000001)))',
  ])('of seven digits is read back to the last of them: %.40s', (wkt) => {
    expect(hex(read({ twkb: written(wkt, 7) }))).toBe(hex(read({ wkt })))
  })

  it('of a ring of 25,000 vertices in metres is still closed, and each vertex is where it was', () => {
    const positions = Array.from({ length: 24_999 }, (_, n) => {
      const angle = (2 * Math.PI * n) / 24_999
      return `${(2e7 * Math.cos(angle)).toFixed(7)} ${(2e7 * Math.sin(angle)).toFixed(7)}`
    })
    const wkt = `POLYGON((${[...positions, positions[0]].join(',')}))`
    expect(hex(read({ twkb: written(wkt, 7) }))).toBe(hex(read({ wkt })))
  })
})

describe('an SRID', () => {
  const layer = (code: string) => ({ crs: { code, name: code, isLonLat: code === 'OGC:CRS84' } }) as Layer
  const crsOf = (input: GeometryInput, code = 'EPSG:3035') =>
    readGeometry(input, layer(code), 'within', new GeometryBudget(25_000)).crs?.code ?? null
  const ewkb = '0101000020110F0000000000000000F03F0000000000000040'

  it('names the CRS of EWKT and EWKB', () => {
    expect(crsOf({ wkt: 'SRID=3857;POINT(1 2)' })).toBe('EPSG:3857')
    expect(crsOf({ wkt: ' srid = 4326 ; POINT(1 2)' })).toBe('EPSG:4326')
    expect(crsOf({ wkb: ewkb })).toBe('EPSG:3857')
    expect(crsOf({ wkb: Buffer.from(ewkb, 'hex').toString('base64') })).toBe('EPSG:3857')
    expect(crsOf({ wkb: '0020000001000010E63FF00000000000004000000000000000' })).toBe('EPSG:4326')
  })

  it('of the layer itself, and 0, are the layer’s CRS', () => {
    expect(crsOf({ wkt: 'SRID=3035;POINT(1 2)' })).toBeNull()
    expect(crsOf({ wkt: 'SRID=4326;POINT(1 2)' }, 'OGC:CRS84')).toBeNull()
    expect(crsOf({ wkt: 'SRID=0;POINT(1 2)' })).toBeNull()
  })

  it('may be said twice, but not in two ways', () => {
    expect(crsOf({ wkt: 'SRID=3857;POINT(1 2)', crs: 'EPSG:3857' })).toBe('EPSG:3857')
    expect(crsOf({ wkt: 'SRID=4326;POINT(1 2)', crs: 'OGC:CRS84' })).toBe('EPSG:4326')
    expect(refusal(() => crsOf({ wkb: ewkb, crs: 'EPSG:4326' }))).toBe(
      'BAD_INPUT: `within.wkb` has the SRID 3857, which is not the CRS that `crs` names; leave one of them out.',
    )
  })

  it('decides what its coordinates may be', () => {
    expect(refusal(() => crsOf({ wkt: 'SRID=4326;POINT(500000 5000000)' }))).toContain('longitude 500000 is not within')
    expect(crsOf({ wkt: 'SRID=3857;POINT(500000 5000000)' }, 'OGC:CRS84')).toBe('EPSG:3857')
  })
})

describe('empty geometry', () => {
  it('in a WKB collection of three dimensions has two of them, as GEOS writes it', () => {
    const emptyPoint = `0101000000${'000000000000f87f'.repeat(2)}`
    const point = '01e9030000000000000000f03f00000000000000400000000000000840'
    expect(hex(readBytes(Buffer.from(`01ef03000002000000${emptyPoint}${point}`, 'hex')))).toBe(
      hex(read({ wkt: 'GEOMETRYCOLLECTION(POINT(1 2))' })),
    )
  })

  it.each([
    'POINT EMPTY',
    'LINESTRING EMPTY',
    'POLYGON EMPTY',
    'POLYGON(EMPTY)',
    'MULTIPOINT EMPTY',
    'MULTIPOLYGON(EMPTY, EMPTY)',
    'GEOMETRYCOLLECTION(POINT EMPTY, GEOMETRYCOLLECTION EMPTY)',
  ])('%s is taken as the empty set', (wkt) => {
    expect(read({ wkt })).toMatchObject({ wkb: new Uint8Array(0), bbox: null })
  })

  it.each([
    ['MULTIPOINT(1 2, EMPTY)', 'MULTIPOINT(1 2)'],
    ['MULTIPOLYGON(EMPTY, ((0 0,1 0,1 1,0 0), EMPTY))', 'MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'],
    ['GEOMETRYCOLLECTION(POINT EMPTY, LINESTRING(0 0,1 1), MULTIPOINT EMPTY)', 'GEOMETRYCOLLECTION(LINESTRING(0 0,1 1))'],
  ])('members of %s without positions are left out', (wkt, same) => {
    expect(hex(read({ wkt }))).toBe(hex(read({ wkt: same })))
  })

  it('comes in GeoJSON as lists of nothing', () => {
    expect(read({ geojson: { type: 'Point', coordinates: [] } }).bbox).toBeNull()
    expect(read({ geojson: { type: 'Polygon', coordinates: [[]] } }).bbox).toBeNull()
    expect(read({ geojson: { type: 'GeometryCollection', geometries: [] } }).bbox).toBeNull()
  })
})

describe('a bbox', () => {
  it.each([
    [[1, 2, 3, 4], 'POLYGON((1 2,3 2,3 4,1 4,1 2))'],
    [[1, 2, 1, 2], 'POINT(1 2)'],
    [[1, 2, 3, 2], 'LINESTRING(1 2,3 2)'],
    [[170, -1, -170, 1], 'MULTIPOLYGON(((170 -1,180 -1,180 1,170 1,170 -1)),((-180 -1,-170 -1,-170 1,-180 1,-180 -1)))'],
    [[180, 0, -170, 1], 'GEOMETRYCOLLECTION(LINESTRING(180 0,180 1),POLYGON((-180 0,-170 0,-170 1,-180 1,-180 0)))'],
  ])('%j is %s', (bbox, wkt) => {
    expect(hex(read({ bbox }, true))).toBe(hex(read({ wkt }, true)))
  })
})
