/** Arguments and coordinates in another CRS than the layer's, by pyproj and shapely. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCrs } from '../../../src/ask/crs.ts'
import { encodeCursor } from '../../../src/ask/cursor.ts'
import { Representations } from '../../../src/ask/selection.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { notHorizontal } from '../../../src/geometry/not-horizontal.ts'
import type { FeatureFilter, GeometryInput } from '../../../src/graphql/generated.ts'
import type { Crs, Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery } from '../../../src/model/query.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { python } from '../../support/python.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-crs-'))
const seed = Math.floor(Math.random() * 2 ** 31)

/**
 * Small squares over Europe in longitude and latitude and in ETRS89 / LAEA; what becomes of their corners elsewhere; and for arguments of
 * other CRSs, which squares meet them: the argument's edges cut a thousand times before pyproj transforms them. Squares whose border is
 * nearer than 50 m to the argument's are left open.
 */
const MAKE = `
import functools, json, random, sys, geopandas, numpy as np, shapely
from pyproj import Transformer
folder, r = sys.argv[1], random.Random(int(sys.argv[2]))
@functools.cache
def to(a, b): return Transformer.from_crs(a, b, always_xy=True).transform
def moved(g, a, b): return shapely.transform(g, lambda xy: np.column_stack(to(a, b)(xy[:, 0], xy[:, 1])))
squares = [shapely.box(x, y, x + .02, y + .02) for x, y in ((r.uniform(-9, 30), r.uniform(36, 69)) for _ in range(700))]
frame = geopandas.GeoDataFrame({'n': range(len(squares))}, geometry=squares, crs='OGC:CRS84').rename_geometry('geom')
frame.to_parquet(f'{folder}/lonlat.parquet', write_covering_bbox=True, row_group_size=100)
laea = frame.to_crs('EPSG:3035')
laea.to_parquet(f'{folder}/laea.parquet', write_covering_bbox=True, row_group_size=100)
coordinates = {crs: [list(moved(s, 'OGC:CRS84', crs).exterior.coords) for s in squares[:100]] for crs in ['EPSG:3857', 'EPSG:3035', 'EPSG:32632', 'EPSG:4258']}
back = [list(moved(s, 'EPSG:3035', 'OGC:CRS84').exterior.coords) for s in laea.geometry[:100]]
arguments = []
for crs, x, y, d in [('EPSG:3857', 1.2e6, 6.5e6, 1e6), ('EPSG:3035', 4.3e6, 3.2e6, 8e5), ('EPSG:32632', 5e5, 5.6e6, 6e5), ('EPSG:3995', 5e5, -4e6, 9e5), ('OGC:CRS84', 12, 52, 8), ('EPSG:4326', 12, 52, 8)]:
    w, s = x - r.uniform(.3, 1) * d, y - r.uniform(.3, 1) * d
    box = [w, s, w + r.uniform(.5, 1.5) * d, s + r.uniform(.5, 1.5) * d]
    arguments.append({'crs': crs, 'bbox': box})
    ring = [(x + d * np.cos(a) * r.uniform(.3, 1), y + d * np.sin(a) * r.uniform(.3, 1)) for a in np.linspace(0, 6, 7)]
    arguments.append({'crs': crs, 'wkt': shapely.Polygon(ring).wkt})
def meets(argument):
    g = shapely.box(*argument['bbox']) if 'bbox' in argument else shapely.from_wkt(argument['wkt'])
    out = {}
    for name, crs, geoms in [('lonlat', 'OGC:CRS84', frame.geometry), ('laea', 'EPSG:3035', laea.geometry)]:
        size = max(g.bounds[2] - g.bounds[0], g.bounds[3] - g.bounds[1])
        same = {argument['crs'], crs} <= {'OGC:CRS84', 'EPSG:4326'} or argument['crs'] == crs
        there = g if same else moved(shapely.segmentize(g, size / 1000), argument['crs'], crs)
        near = shapely.distance(there.boundary, geoms.values) < size / (g.length / there.length) / 5000 + (5e-4 if crs == 'OGC:CRS84' else 50)
        hit = shapely.intersects(there, geoms.values)
        out[name] = [None if n else bool(h) for n, h in zip(near, hit)]
    return out
print(json.dumps({'coordinates': coordinates, 'back': back, 'arguments': [{'input': a, 'meets': meets(a)} for a in arguments]}))
`

interface Oracle {
  readonly coordinates: Readonly<Record<string, readonly (readonly (readonly [number, number])[])[]>>
  readonly back: readonly (readonly (readonly [number, number])[])[]
  readonly arguments: readonly { readonly input: GeometryInput; readonly meets: Readonly<Record<string, (boolean | null)[]>> }[]
}

const LAEA: Crs = { code: 'EPSG:3035', name: 'ETRS89-extended / LAEA Europe', isLonLat: false }
const PRUNING = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
} as const

let engine: Engine
let oracle: Oracle
let layers: Readonly<Record<string, readonly Layer[]>>

beforeAll(async () => {
  console.log(`pyproj seed ${seed}`)
  oracle = await python<Oracle>(MAKE, [folder, String(seed)])
  engine = await Engine.open(1)
  const make = async (name: string, more: Partial<Layer>) => [
    await engine.parquet(join(folder, `${name}.parquet`), { ...more, pruning: { ...PRUNING, float32: false } }),
    await engine.parquet(join(folder, `${name}-floats.parquet`), { ...more, pruning: { ...PRUNING, float32: true } }),
    await engine.parquet(join(folder, `${name}.parquet`), { ...more, state: 'CHECKING' }),
  ]
  for (const name of ['lonlat', 'laea']) {
    const sides = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) => `${side}: bbox.${side}::FLOAT`).join(', ')
    await engine.sql(
      `COPY (SELECT * REPLACE ({${sides}} AS bbox) FROM '${join(folder, `${name}.parquet`)}') TO '${join(folder, `${name}-floats.parquet`)}'`,
    )
  }
  layers = { lonlat: await make('lonlat', {}), laea: await make('laea', { crs: LAEA }) }
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

async function numbersWhere(layer: Layer, where: FeatureFilter): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
  return (await engine.rows(plan)).map((row) => Number(row[plan.layout.properties[0]!]))
}

/** Geometry as the only one of its operation comes out. */
const representations = (layer: Layer) => new Representations(layer, { representations: new Set() })

function inCrs(code: string | null, simplify: number | null = null): Pick<FeatureQuery, 'representations'> {
  return { representations: [{ crs: code === null ? null : readCrs(code, 'crs'), simplify }] }
}

async function rings(layer: Layer, code: string): Promise<number[][][]> {
  const features = await engine.features({ ...queryOf(layer, { properties: ['n'], limit: 100 }), ...inCrs(code) })
  return features.map(({ geometry }) =>
    [...String(geometry).matchAll(/(-?[\d.e-]+) (-?[\d.e-]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  )
}

describe('arguments of another CRS', () => {
  it('meet the features that pyproj and shapely say', async () => {
    for (const { input, meets } of oracle.arguments) {
      for (const name of ['lonlat', 'laea']) {
        // One that has not been scanned is slower by a multiple.
        for (const layer of layers[name]!.slice(0, input.bbox ? 3 : 2)) {
          const found = new Set(await numbersWhere(layer, { intersects: input }))
          const wrong = meets[name]!.flatMap((hit, n) => (hit === null || hit === found.has(n) ? [] : [n]))
          expect(wrong, `${name} ${JSON.stringify(input)}`).toEqual([])
          expect(found.size).toBeGreaterThan(0)
        }
      }
    }
  })

  it('are distances away in units of the layer’s CRS', async () => {
    const geometry = { wkt: 'POINT(10 50)', crs: 'EPSG:4326' }
    const [layer] = layers['laea']!
    const found = await numbersWhere(layer!, { dWithin: { geometry, distance: 500_000 } })
    const rows = await engine.sql(
      `SELECT n FROM '${join(folder, 'laea.parquet')}' WHERE ST_Distance(ST_SetCRS(geom, ''), ST_Transform(ST_Point(10, 50), 'OGC:CRS84', 'EPSG:3035')) <= 500000`,
    )
    expect(found).toEqual(rows.map(([n]) => Number(n)))
    expect(found.length).toBeGreaterThan(20)
  })

  it.each<[string, GeometryInput, string]>([
    ['nowhere in the layer’s CRS', { wkt: 'POINT(1e30 1e30)', crs: 'EPSG:3035' }, 'has no place in the CRS of the layer'],
    ['across the antimeridian', { bbox: [1e5, 5e6, 9e5, 6e6], crs: 'EPSG:32601' }, 'crosses the antimeridian or a pole'],
    ['over a pole', { bbox: [-1e6, -1e6, 2e6, 2e6], crs: 'EPSG:3995' }, 'crosses the antimeridian or a pole'],
    ['of a CRS that nobody knows', { bbox: [1, 2, 3, 4], crs: 'EPSG:999999' }, 'Could not create projection'],
  ])('are refused %s', async (_, intersects, reason) => {
    for (const where of [{ intersects }, { not: { intersects } }])
      await expect(numbersWhere(layers['lonlat']![0]!, where)).rejects.toThrow(reason)
  })

  it('of the whole world are taken', async () => {
    const world = { bbox: [-20037508.342789244, -2e7, 20037508.342789244, 2e7], crs: 'EPSG:3857' }
    expect(await numbersWhere(layers['lonlat']![0]!, { within: world })).toHaveLength(700)
  })

  it.each<[FeatureFilter, Partial<Layer>, string]>([
    [
      { intersects: { bbox: [1, 2, 3, 4], crs: '3857' } },
      {},
      '`intersects.crs` takes AUTHORITY:CODE, e.g. "EPSG:3857", not "3857"',
    ],
    [{ intersects: { bbox: [1, 2, 3, 4], crs: 'EPSG:3857' } }, { crs: null }, 'has no CRS that its source names'],
    [
      { intersects: { bbox: [1, 2, 3, 4], crs: 'EPSG:3857' } },
      { crs: { code: null, name: 'of our own', isLonLat: false } },
      'has a CRS that PROJ does not know ("of our own"), so nothing can be transformed; leave it out, or give the layer its `crs`',
    ],
    [
      { intersects: { bbox: [1, 2, 3, 4], crs: 'EPSG:7415' } },
      {},
      '`intersects.crs`: EPSG:7415 is a compound CRS; take a horizontal one',
    ],
    [
      { intersects: { wkb: '0101000020E6100000000000000000F03F0000000000000040', crs: 'EPSG:3857' } },
      {},
      '`intersects.wkb` has the SRID 4326, which is not the CRS that `crs` names; leave one of them out.',
    ],
    [{ intersects: { wkt: 'SRID=4326;POINT(1 2)' } }, { crs: null }, 'has no CRS that its source names'],
    [{ intersects: { wkb: 'nonsense' } }, {}, 'hexadecimal or base64'],
    [
      { dWithin: { geometry: { wkt: 'POINT(1 2)', crs: 'EPSG:3857' }, distance: 1 } },
      {},
      'in longitude and latitude, not EPSG:3857',
    ],
    [
      { dWithin: { geometry: { wkt: 'POINT(1 2)' }, distance: -1 } },
      {},
      '`dWithin.distance` takes a finite number from 0 on, not -1',
    ],
    [{ dWithin: { geometry: { wkt: 'POINT(1 2)' }, distance: 5_000_001 } }, {}, 'at most 5,000,000 m from points'],
    [{ dWithin: { geometry: { wkt: 'LINESTRING(1 2, 3 4)' }, distance: 200_001 } }, {}, '200,000 m from lines and polygons'],
  ])('that cannot be are refused: %j', async (where, more, reason) => {
    const layer = { ...layers['lonlat']![0]!, ...more }
    expect(refusal(() => compileFeatures(queryOf(layer, { where })))).toMatch(/^BAD_INPUT/)
    expect(refusal(() => compileFeatures(queryOf(layer, { where })))).toContain(reason)
  })

  it('of more outline than 64 parts of 200 km are refused on longitude and latitude', () => {
    const where = { dWithin: { geometry: { bbox: [-80, -40, 80, 40] }, distance: 100_000 } }
    expect(refusal(() => compileFeatures(queryOf(layers['lonlat']![0]!, { where })))).toMatch(
      /^LIMIT_EXCEEDED: .*simplify or split it/,
    )
  })
})

describe('coordinates in another CRS', () => {
  it.each(['EPSG:3857', 'EPSG:3035', 'EPSG:32632', 'EPSG:4258'])('are those of pyproj in %s, x first', async (code) => {
    const tolerance = code === 'EPSG:4258' ? 1e-9 : 1e-3
    for (const layer of [layers['lonlat']![0]!, layers['lonlat']![2]!]) {
      const out = await rings(layer, code)
      for (const [n, ring] of oracle.coordinates[code]!.entries())
        for (const [i, position] of ring.entries())
          for (const axis of [0, 1]) expect(Math.abs(out[n]![i]![axis]! - position[axis]!)).toBeLessThan(tolerance)
    }
  })

  it('are longitude and latitude where the layer is in another', async () => {
    const out = await rings(layers['laea']![0]!, 'OGC:CRS84')
    for (const [n, ring] of oracle.back.entries())
      for (const [i, position] of ring.entries())
        for (const axis of [0, 1]) expect(Math.abs(out[n]![i]![axis]! - position[axis]!)).toBeLessThan(1e-8)
  })

  it('are named in the layout, and are the layer’s own where both are the same', () => {
    const [layer] = layers['lonlat']!
    const compiled = (code: string) => compileFeatures({ ...queryOf(layer!, { outputs: [{ kind: 'arrow' }] }), ...inCrs(code) })
    expect(compiled('epsg:3857').layout.geometries).toMatchObject([{ crs: 'EPSG:3857', srid: 3857 }])
    expect(compiled('EPSG:4326').layout.geometries).toMatchObject([{ crs: 'EPSG:4326', srid: 4326 }])
    expect(compiled('ESRI:54009').layout.geometries).toMatchObject([{ crs: 'ESRI:54009', srid: null }])
    expect(compiled('EPSG:4326').statement.sql).not.toContain('ST_Transform')
  })

  it('are null for a geometry that has no place there, at the poles as elsewhere', async () => {
    await engine.sql(`CREATE OR REPLACE TABLE far AS SELECT * FROM (VALUES (0, ST_Point(9, 50)), (1, ST_Point(1e4, 5)), (2, NULL),
      (3, ST_GeomFromText('LINESTRING(1 1, 1e5 1)')), (4, ST_GeomFromText('POINT EMPTY')), (5, ST_Point(0, 90))) AS t(n, geom)`)
    const far = await engine.table('far')
    const laea = await engine.features({ ...queryOf(far, { properties: ['n'] }), ...inCrs('EPSG:3035') })
    expect(laea.map(({ geometry }) => (geometry === null ? null : String(geometry).split(' (')[0]))).toEqual([
      'POINT',
      null,
      null,
      null,
      'POINT EMPTY',
      'POINT',
    ])
    const polar = await engine.features({ ...queryOf(far, { properties: ['n'] }), ...inCrs('EPSG:3995') })
    expect(polar[5]!.geometry).toMatch(/^POINT \(-?0(\.0*\d{1,3})? -?0(\.0*\d{1,3})?\)$|^POINT \(0 0\)$/)
  })

  it.each(['EPSG:999999', 'NOBODY:1'])('of %s are refused, whether there are features or not', async (code) => {
    for (const where of [null, { property: { name: 'n', eq: -1 } }]) {
      const plan = compileFeatures({ ...queryOf(layers['lonlat']![0]!, { where, outputs: [{ kind: 'arrow' }] }), ...inCrs(code) })
      await expect(engine.rows(plan)).rejects.toThrow('Could not create projection')
    }
  })

  it('are not part of the question that a cursor belongs to', () => {
    const query = queryOf(layers['lonlat']![0]!, { where: { bbox: [1, 2, 3, 4] } })
    const other = { ...query, ...inCrs('EPSG:3857', 5), properties: ['n'] }
    expect(encodeCursor('secret', other, { keys: ['7'] })).toBe(encodeCursor('secret', query, { keys: ['7'] }))
  })
})

describe('simplified geometry', () => {
  it('has fewer of the same vertices, is off by less than the tolerance, and stays valid', async () => {
    const wkts = await python<string[]>(
      `
import json, random, sys, shapely
r = random.Random(int(sys.argv[1]))
def make():
    c = shapely.Point(r.uniform(-50, 50), r.uniform(-50, 50)).buffer(r.uniform(1, 9))
    return r.choice([c, shapely.LineString(c.exterior), shapely.MultiPolygon([c.difference(c.centroid.buffer(.05))])])
print(json.dumps([make().wkt for _ in range(60)]))
`,
      [String(seed)],
    )
    await engine.sql('CREATE OR REPLACE TABLE shapes (n INTEGER, geom GEOMETRY)')
    for (const [n, wkt] of wkts.entries())
      await engine.sql('INSERT INTO shapes SELECT $1, ST_GeomFromText(CAST($2 AS VARCHAR))', [n, wkt])
    const shapes = await engine.table('shapes', { crs: null })
    const out = await engine.features({ ...queryOf(shapes, { properties: ['n'] }), ...inCrs(null, 0.2) })
    const wrong = await python<unknown[]>(
      `
import json, sys, shapely
pairs = [(shapely.from_wkt(a), shapely.from_wkt(b)) for a, b in json.load(sys.stdin)]
vertices = lambda g: set(map(tuple, shapely.get_coordinates(g).round(9)))
good = lambda a, b: b.is_valid and not b.is_empty and a.geom_type == b.geom_type and vertices(b) < vertices(a) and shapely.hausdorff_distance(a, b, densify=.05) <= .2001
print(json.dumps([[a.wkt, b.wkt] for a, b in pairs if not good(a, b)]))
`,
      [],
      JSON.stringify(out.map(({ geometry }, n) => [wkts[n], geometry])),
    )
    expect(wrong).toEqual([])
  })

  it('takes no tolerance below 0', () => {
    const asked = representations(layers['lonlat']![0]!)
    expect(refusal(() => asked.add({ simplify: -1 }))).toBe('BAD_INPUT: `simplify` takes a finite number from 0 on, not -1.')
  })
})

describe('a CRS that coordinates cannot be in', () => {
  it('of a layer whose CRS has neither code nor definition are refused: there is nothing to transform from', () => {
    const crs = { code: null, name: 'of our own', isLonLat: false }
    const asked = representations({ ...layers['lonlat']![0]!, crs })
    const refused = refusal(() => asked.add({ crs: 'EPSG:3857' }))
    expect(refused).toMatch(/^BAD_INPUT: `crs`: layer "things" has a CRS that PROJ does not know \("of our own"\)/)
  })

  it.each([
    ['EPSG:5773', 'EPSG:5773 is a vertical CRS'],
    ['epsg:7415', 'EPSG:7415 is a compound CRS'],
    ['EPSG:4978', 'EPSG:4978 is a geocentric CRS'],
  ])('are not taken to %s, which has no two horizontal axes', (code, reason) => {
    expect(refusal(() => readCrs(code, 'crs'))).toBe(`BAD_INPUT: \`crs\`: ${reason}; take a horizontal one, e.g. "EPSG:3857".`)
  })

  it('are taken to every CRS that the engine knows to be horizontal, and to no other', async () => {
    const known = await engine.sql("SELECT crs_name, projjson->>'type' FROM duckdb_coordinate_systems()")
    expect(known.length).toBeGreaterThan(7_000)
    const kinds: Readonly<Record<string, string>> = {
      VerticalCRS: 'a vertical CRS',
      CompoundCRS: 'a compound CRS',
      GeodeticCRS: 'a geocentric CRS',
    }
    const wrong = known.filter(([code, kind]) => notHorizontal(String(code)) !== (kinds[String(kind)] ?? null))
    expect(wrong).toEqual([])
  })
})
