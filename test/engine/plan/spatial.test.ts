import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { GeometryEncoding, Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { python } from '../../support/python.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
const seed = Math.floor(Math.random() * 2 ** 31)
const COVERING = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
} as const
const NATIVE = ['point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'] as const

/**
 * Features of every type around the world, one in ten without geometry; files of them; filters; and by shapely, for each filter, for which
 * rows it is true and for which neither true nor false. Many features touch the filters' borders: coordinates are whole numbers.
 */
const MAKE = `
import base64, json, random, sys, geopandas, pyarrow as pa, pyarrow.parquet as pq, shapely
from shapely.geometry import mapping
folder, r = sys.argv[1], random.Random(int(sys.argv[2]))
def at(): return r.randint(-180, 180), r.randint(-90, 90)
def near(x, y, d): return max(-180, min(180, x + r.randint(-d, d))), max(-90, min(90, y + r.randint(-d, d)))
def point(): return shapely.Point(at())
def line():
    x, y = at()
    return shapely.LineString([(x, y), near(x, y, 9), (max(-180, x - 3), y)])
def box(d=9):
    x, y = r.randint(-180, 170), r.randint(-90, 80)
    return shapely.box(x, y, min(180, x + r.randint(1, d)), min(90, y + r.randint(1, d)))
def polygon():
    b = box()
    return b.difference(shapely.box(b.bounds[0] + .25, b.bounds[1] + .25, b.bounds[0] + .5, b.bounds[1] + .5))
def multi(kind, make): return kind([make() for _ in range(r.randint(1, 3))])
make = {'point': point, 'linestring': line, 'polygon': polygon, 'multipoint': lambda: multi(shapely.MultiPoint, point),
  'multilinestring': lambda: multi(shapely.MultiLineString, line), 'multipolygon': lambda: shapely.MultiPolygon([polygon()])}
def rows(kinds, n): return [None if r.random() < .1 else make[r.choice(kinds)]() for _ in range(n)]
sets = {'mixed': rows(list(make), 600), **{kind: rows([kind], 150) for kind in make}}
for name, geoms in sets.items():
    frame = geopandas.GeoDataFrame({'n': range(len(geoms))}, geometry=geoms, crs='OGC:CRS84').rename_geometry('geom')
    if name == 'mixed': frame.to_parquet(f'{folder}/mixed.parquet', row_group_size=50)
    else:
        frame.to_parquet(f'{folder}/{name}.parquet', geometry_encoding='geoarrow')
        frame.geometry = shapely.force_3d(frame.geometry.values, z=5)
        frame.to_parquet(f'{folder}/{name}-z.parquet', geometry_encoding='geoarrow')
pq.write_table(pa.table({'n': range(600), 'geom': pa.array([shapely.to_wkb(g) if g else None for g in sets['mixed']], pa.binary())}), f'{folder}/wkb.parquet')
def split(w, s, e, n): return shapely.box(w, s, e, n) if w <= e else shapely.union_all([shapely.box(w, s, 180, n), shapely.box(-180, s, e, n)])
filters = []
for _ in range(6):
    (w, s), (e, n) = at(), at()
    # shapely takes a box without height or width for empty; the next three filters have such boxes as points and lines.
    while w == e or s == n: e, n = at()
    filters.append(('bbox', [w, min(s, n), e, max(s, n)], split(w, min(s, n), e, max(s, n))))
x, y = at()
filters.append(('bbox', [x, y, x, y], shapely.Point(x, y)))
filters.append(('bbox', [x, -90, x, 90], shapely.LineString([(x, -90), (x, 90)])))
filters.append(('bbox', [180, -90, -170, 90], shapely.union_all([shapely.LineString([(180, -90), (180, 90)]), shapely.box(-180, -90, -170, 90)])))
filters.append(('bbox', [-180, -90, 180, 90], shapely.box(-180, -90, 180, 90)))
# Boxes beyond 180 degrees, as maps give them: a feature is in such a box if it is in one of the boxes that turns of 360 degrees make of it.
def turned(w, s, e, n):
    boxes = [shapely.box(w + 360 * k, s, e + 360 * k, n).intersection(shapely.box(-180, -90, 180, 90)) for k in range(-6, 7)]
    return shapely.union_all([b for b in boxes if not b.is_empty])
for w, e in [(170, 190), (-190, -170), (350, 370), (180, 200), (-200, -180), (530, 540), (-540, -530), (-270, 270), (-181, 179), (-1270, -900)]:
    s = r.randint(-120, 0)
    filters.append(('bbox', [w, s, e, s + 110], turned(w, s, e, s + 110)))
for _ in range(6):
    w, s = r.randint(-1500, 1500), r.randint(-89, 0)
    e = w + r.randint(1, 300)
    if -180 <= w and e <= 180: w, e = w + 360, e + 360
    for kind in ('intersects', 'within', 'disjoint'): filters.append((kind, {'bbox': [w, s, e, s + 60]}, turned(w, s, e, s + 60)))
for _ in range(4):
    g = r.choice([point, line, lambda: box(120), lambda: shapely.MultiPolygon([box(60)]), lambda: shapely.Point(at()).buffer(25).intersection(shapely.box(-180, -90, 180, 90))])()
    notation = r.choice([{'geojson': mapping(g)}, {'wkt': g.wkt}, {'wkb': g.wkb_hex}, {'wkb': base64.b64encode(g.wkb).decode(), 'crs': 'EPSG:4326'}])
    for kind in ('intersects', 'within', 'contains', 'disjoint', 'touches', 'crosses', 'overlaps', 'equals'): filters.append((kind, notation, g))
def holds(kind, geom, g):
    if geom is None: return None
    return bool(geom.intersects(g) if kind == 'bbox' else getattr(geom, kind)(g))
out = [{'where': {kind: value}, 'holds': {name: [holds(kind, geom, g) for geom in geoms] for name, geoms in sets.items()}} for kind, value, g in filters]
print(json.dumps(out))
`

interface Case {
  readonly where: FeatureFilter
  /** By set, by row. */
  readonly holds: Readonly<Record<string, readonly (boolean | null)[]>>
}

let engine: Engine
let cases: readonly Case[]

const file = (name: string) => join(folder, `${name}.parquet`)
const tableOf = (name: string, more: Partial<Layer>) => (on: Engine) =>
  on.layer({ kind: 'table', database: 'store', schema: 'main', table: name }, more)

const LAYERS: Readonly<Record<string, readonly [set: string, layer: (on: Engine) => Promise<Layer>]>> = {
  'GeoParquet without a covering column': ['mixed', (on) => on.parquet(file('mixed'))],
  'GeoParquet that has not been checked': ['mixed', (on) => on.parquet(file('mixed'), { state: 'CHECKING' })],
  'GeoParquet with a covering column of floats': [
    'mixed',
    (on) => on.parquet(file('floats'), { pruning: { ...COVERING, float32: true } }),
  ],
  'GeoParquet with a covering column of doubles': [
    'mixed',
    (on) => on.parquet(file('doubles'), { pruning: { ...COVERING, float32: false } }),
  ],
  'plain WKB': ['mixed', (on) => on.parquet(file('wkb'), { geometryEncoding: 'WKB' })],
  'plain WKB that has not been checked': [
    'mixed',
    (on) => on.parquet(file('wkb'), { geometryEncoding: 'WKB', state: 'CHECKING' }),
  ],
  'a table': ['mixed', tableOf('plain', { pruning: { kind: 'ROW_GROUP_STATISTICS' } })],
  'a table with an RTREE': ['mixed', tableOf('indexed', { pruning: { kind: 'RTREE' } })],
  'a table of another CRS': ['mixed', tableOf('crs', {})],
  ...Object.fromEntries(
    NATIVE.flatMap((geometryEncoding: GeometryEncoding) => [
      [
        `native ${geometryEncoding}`,
        [geometryEncoding, (on: Engine) => on.parquet(file(geometryEncoding), { geometryEncoding })],
      ],
      [
        `native ${geometryEncoding} with Z`,
        [geometryEncoding, (on: Engine) => on.parquet(file(`${geometryEncoding}-z`), { geometryEncoding, hasZ: true })],
      ],
    ]),
  ),
}

beforeAll(async () => {
  console.log(`shapely seed ${seed}`)
  cases = await python<Case[]>(MAKE, [folder, String(seed)])
  engine = await Engine.open(2)
  const box = (type: string) =>
    ['XMin', 'YMin', 'XMax', 'YMax'].map((side) => `${side.toLowerCase()}: ST_${side}(geom)::${type}`).join(', ')
  for (const [name, type] of [
    ['floats', 'FLOAT'],
    ['doubles', 'DOUBLE'],
  ] as const) {
    await engine.sql(
      `COPY (SELECT *, {${box(type)}} AS bbox FROM read_parquet('${file('mixed')}')) TO '${file(name)}' (FORMAT parquet, ROW_GROUP_SIZE 50)`,
    )
  }
  await engine.sql(`ATTACH '${join(folder, 'store.duckdb')}' AS store`)
  await engine.sql(`CREATE TABLE store.plain AS SELECT n, ST_SetCRS(geom, '') AS geom FROM read_parquet('${file('mixed')}')`)
  await engine.sql('CREATE TABLE store.indexed AS FROM store.plain')
  await engine.sql('CREATE INDEX rtree ON store.indexed USING RTREE (geom)')
  await engine.sql(`CREATE TABLE store.crs AS SELECT n, ST_SetCRS(geom, 'EPSG:4326') AS geom FROM store.plain`)
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

describe.each(Object.keys(LAYERS))('spatial filters on %s', (name) => {
  it('hold where shapely says so, their negation where it says no: never without geometry', async () => {
    const [set, make] = LAYERS[name]!
    const layer = await make(engine)
    for (const { where, holds } of cases) {
      const expected = (wanted: boolean) => holds[set]!.flatMap((answer, n) => (answer === wanted ? [n] : []))
      expect(await numbersWhere(layer, where), JSON.stringify(where)).toEqual(expected(true))
      expect(await numbersWhere(layer, { not: where }), `not ${JSON.stringify(where)}`).toEqual(expected(false))
      expect(await numbersWhere(layer, { or: [where, { property: { name: 'n', lt: 50 } }] })).toEqual(
        holds[set]!.flatMap((answer, n) => (answer === true || n < 50 ? [n] : [])),
      )
    }
  })

  it('come out as geometry that shapely would write', async () => {
    const [, make] = LAYERS[name]!
    const layer = await make(engine)
    const features = await engine.features(queryOf(layer, { properties: ['n'] }))
    const missing = features.filter(({ geometry }) => geometry === null).length
    expect(missing).toBeGreaterThan(0)
    expect(missing).toBeLessThan(features.length / 4)
    const type = name.startsWith('native')
      ? new RegExp(`^${name.split(' ')[1]}${name.endsWith('Z') ? ' Z' : ''} ?\\(`, 'i')
      : /^[A-Z]+ ?\(/
    for (const { geometry } of features) if (geometry !== null) expect(geometry).toMatch(type)
  })
})

it('two filters that both hold are both asked', async () => {
  const layer = await LAYERS['GeoParquet with a covering column of floats']![1](engine)
  for (let n = 0; n + 1 < cases.length; n++) {
    const [first, second] = [cases[n]!, cases[n + 1]!]
    const expected = (both: boolean) =>
      first.holds['mixed']!.flatMap((answer, row) => {
        const other = second.holds['mixed']![row]
        return (both ? answer && other : answer || other) ? [row] : []
      })
    expect(await numbersWhere(layer, { and: [first.where, second.where] })).toEqual(expected(true))
    expect(await numbersWhere(layer, { or: [first.where, second.where] })).toEqual(expected(false))
  }
})

it('nothing meets the empty set, and everything is disjoint from it', async () => {
  const layer = await LAYERS['a table']![1](engine)
  const present = cases[0]!.holds['mixed']!.flatMap((answer, n) => (answer === null ? [] : [n]))
  const empty = { wkt: 'MULTIPOLYGON EMPTY' }
  for (const member of ['intersects', 'within', 'contains', 'touches', 'crosses', 'overlaps', 'equals']) {
    expect(await numbersWhere(layer, { [member]: empty })).toEqual([])
    expect(await numbersWhere(layer, { not: { [member]: empty } })).toEqual(present)
  }
  expect(await numbersWhere(layer, { dWithin: { geometry: empty, distance: 1e5 } })).toEqual([])
  expect(await numbersWhere(layer, { disjoint: empty })).toEqual(present)
})

async function numbersWhere(layer: Layer, where: FeatureFilter): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
  return (await engine.rows(plan)).map((row) => Number(row[plan.layout.properties[0]!]))
}
