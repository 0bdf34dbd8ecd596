import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimedLayer, provenLayer } from '../../../src/catalog/layer-states.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { Inspector } from '../../../src/engines/duckdb/host/inspector.ts'
import type { FeatureFilter, GeometryInput } from '../../../src/graphql/generated.ts'
import { GeoduckError } from '../../../src/model/errors.ts'
import type { BBox, Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const random = new Random()
const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
const isLong = process.env['GEODUCK_LONG'] === '1'
const FEATURES = isLong ? 4_000 : 300
const ARGUMENTS = isLong ? 120 : 14

/**
 * Makes files of geometry of all types with empty rings and members, and arguments of the same kind. Shapely gets them without the empty parts,
 * and answers for each filter and row: 1 true, 0 false. -1 means that it refuses the geometry, or that the geometry is invalid, for which versions of
 * GEOS differ.
 */
const MAKE = `
import json, math, random, struct, sys, pyarrow as pa, pyarrow.parquet as pq, shapely
from shapely.geometry import shape
folder, seed, count, arguments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
r = random.Random(seed)
CODE = {'Point': 1, 'LineString': 2, 'Polygon': 3, 'MultiPoint': 4, 'MultiLineString': 5, 'MultiPolygon': 6, 'GeometryCollection': 7}
MEMBER = {'MultiPoint': 'Point', 'MultiLineString': 'LineString', 'MultiPolygon': 'Polygon'}
def at(wild):
    xy = [r.randint(0, 12), r.randint(0, 12)]
    if wild and r.random() < .03: xy[r.randint(0, 1)] = r.choice([math.nan, math.inf, -math.inf, 1e9])
    return xy
def ring(x, y, w, h): return r.choice([[[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]], [[x, y], [x + w, y], [x, y + h], [x, y]]])
def polygon(wild, x=None):
    if r.random() < .12: return []
    if r.random() < .08: return [[] for _ in range(r.randint(1, 3))]
    x, y = r.randint(0, 9) if x is None else x, r.randint(0, 9)
    w, h = r.randint(1, 4), r.randint(1, 4)
    rings = [ring(x, y, w, h)]
    if r.random() < .4: rings.append(ring(x + w / 8, y + h / 8, w / 4, h / 4))
    for _ in range(r.choice([0, 0, 1, 2])): rings.insert(r.randint(1, len(rings)), [])
    if wild and r.random() < .03: rings.insert(0, [])
    if wild and r.random() < .05: rings[-1] = rings[-1][:r.choice([1, 3])]
    if wild and r.random() < .03 and rings[0]: rings[0][r.randint(0, len(rings[0]) - 1)] = at(True)
    return rings
def line(wild):
    if r.random() < .15: return []
    if wild and r.random() < .04: return [at(True)]
    return [at(wild) for _ in range(r.randint(2, 4))]
def coordinates(kind, wild, depth):
    if kind == 'Point': return [] if r.random() < .15 else at(wild)
    if kind == 'LineString': return line(wild)
    if kind == 'Polygon': return polygon(wild)
    if kind == 'MultiPolygon': return [polygon(wild, n * 5) for n in range(r.randint(0, 3))]
    if kind == 'GeometryCollection': return [make(r.choice(list(CODE)[:7 if depth < 3 else 6]), wild, depth + 1) for _ in range(r.randint(0, 3))]
    return [coordinates(MEMBER[kind], wild, depth) for _ in range(r.randint(0, 3))]
def make(kind, wild, depth=0): return kind, coordinates(kind, wild, depth)
def wkb(of, z=0, m=0):
    kind, c = of
    def position(p): return struct.pack(f'<{2 + z + m}d', *(p or [math.nan] * 2), *([5.5 if p else math.nan] * (z + m)))
    def line(l): return struct.pack('<I', len(l)) + b''.join(map(position, l))
    head = struct.pack('<BI', 1, CODE[kind] + 1000 * z + 2000 * m)
    if kind == 'Point': return head + position(c)
    if kind == 'LineString': return head + line(c)
    head += struct.pack('<I', len(c))
    if kind == 'Polygon': return head + b''.join(map(line, c))
    return head + b''.join(wkb(g if kind == 'GeometryCollection' else (MEMBER[kind], g), z, m) for g in c)
def geojson(of):
    kind, c = of
    return {'type': kind, 'geometries': [geojson(g) for g in c]} if kind == 'GeometryCollection' else {'type': kind, 'coordinates': c}
def wkt(of):
    kind, c = of
    def text(c):
        if not c: return 'EMPTY'
        if not isinstance(c[0], list): return f'{c[0]} {c[1]}'
        return '(' + ', '.join(map(text, c)) + ')'
    if kind == 'GeometryCollection': return 'GEOMETRYCOLLECTION ' + ('(' + ', '.join(map(wkt, c)) + ')' if c else 'EMPTY')
    return kind.upper() + ' ' + (f'({text(c)})' if kind == 'Point' and c else text(c))
class Refused(Exception): pass
def clean(of):
    kind, c = of
    if kind in ('Point', 'LineString'): return kind, c
    if kind == 'Polygon':
        if c and not c[0] and any(c): raise Refused
        return kind, [ring for ring in c if ring]
    if kind == 'GeometryCollection': return kind, [g for g in map(clean, c) if g[1]]
    return kind, [g for g in (clean((MEMBER[kind], g))[1] for g in c) if g]
def oracle(of):
    try:
        g = shapely.from_wkb(wkb(clean(of)))
        if not math.isfinite(sum(shapely.get_coordinates(g).ravel())) or not g.is_valid: return None
        shapely.prepare(g)
        return g
    except (Refused, shapely.errors.GEOSException): return None
kinds = list(CODE)
features = [make(r.choice(kinds), r.random() < .5) for _ in range(count)]
dimensions = [r.choice([(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)]) for _ in features]
def write(name, rows, encoding, values, z=()):
    meta = {'encoding': encoding, 'geometry_types': [], 'crs': None}
    table = pa.table({'n': pa.array(range(len(rows)), pa.int32()), 'geom': values})
    if encoding != 'plain': table = table.replace_schema_metadata({'geo': json.dumps({'version': '1.1.0', 'primary_column': 'geom', 'columns': {'geom': meta}})})
    pq.write_table(table, f'{folder}/{name}.parquet')
blobs = [wkb(of, *zm) for of, zm in zip(features, dimensions)]
write('geo', features, 'WKB', pa.array(blobs, pa.binary()))
write('plain', features, 'plain', pa.array(blobs, pa.binary()))
sets = {'mixed': features}
xy = pa.struct([('x', pa.float64()), ('y', pa.float64())])
for kind, depth in (('LineString', 1), ('Polygon', 2), ('MultiLineString', 2), ('MultiPolygon', 3)):
    rows = sets[kind.lower()] = [make(kind, r.random() < .5) for _ in range(count // 2)]
    # Not empty, though no x is a number.
    if depth == 1: rows.append((kind, [[-math.inf, 4], [-math.inf, 5]]))
    native = xy
    for _ in range(depth): native = pa.list_(native)
    def nested(c, depth): return {'x': float(c[0]), 'y': float(c[1])} if depth == 0 else [nested(x, depth - 1) for x in c]
    write(kind.lower(), rows, kind.lower(), pa.array([nested(c, depth) for _, c in rows], native))
shapes = {name: [oracle(of) for of in rows] for name, rows in sets.items()}
where = []
def holds(test, argument): return {name: [-1 if g is None or argument is None else int(test(g)) for g in gs] for name, gs in shapes.items()}
for n in range(arguments):
    of = make(kinds[n % 7], False)
    g = oracle(of)
    notation = r.choice([{'geojson': geojson(of)}, {'wkb': wkb(of).hex()}, {'wkt': wkt(of)}])
    for relation in ('intersects', 'within', 'contains', 'disjoint', 'touches', 'crosses', 'overlaps', 'equals'):
        # To shapely, an empty geometry equals another one; the contract says that nothing meets an empty argument.
        where.append({'where': {relation: notation}, 'holds': holds(lambda f: relation == 'disjoint' if g.is_empty else getattr(f, relation)(g), g)})
    distance = r.randint(0, 5)
    # With a coordinate of 1e9 the digits of a distance end above 1e-7. Then versions of GEOS differ if the distance is just the limit.
    def near(f): return -1 if abs(shapely.get_coordinates(f)).max(initial=0) > 1e6 and abs(f.distance(g) - distance) < 1e-6 else f.dwithin(g, distance)
    where.append({'where': {'dWithin': {'geometry': notation, 'distance': distance}}, 'holds': holds(near, g)})
for _ in range(3):
    x, y = r.randint(0, 9), r.randint(0, 9)
    where.append({'where': {'bbox': [x, y, x + 3, y + 2]}, 'holds': holds(lambda f: f.intersects(shapely.box(x, y, x + 3, y + 2)), True)})
def positions(of):
    kind, c = of
    if kind == 'GeometryCollection': return [p for g in c for p in positions(g)]
    if not c: return []
    return [c] if not isinstance(c[0], list) else [p for x in c for p in positions((kind, x))]
def sides(of, counts):
    axes = [[p[axis] for p in positions(of) if counts(p[axis])] for axis in (0, 1)]
    return [f(axis) for f in (min, max) for axis in axes] if all(axes) else None
def box(of):
    found = sides(of, lambda c: not math.isnan(c))
    return found if found and all(map(math.isfinite, found)) else None
# Of a native encoding, each coordinate counts that is finite; of WKB, each side of a geometry.
def extent(rows, native):
    found = [b for b in (sides(of, math.isfinite if native else lambda c: not math.isnan(c)) for of in rows) if b]
    return [f(b[n] for b in found if math.isfinite(b[n])) for n, f in enumerate((min, min, max, max))]
def empty(of): return not of[1] if of[0] in ('Point', 'LineString') else not any(of[1]) if of[0] == 'Polygon' else all(empty(g if of[0] == 'GeometryCollection' else (MEMBER[of[0]], g)) for g in of[1])
print(json.dumps({'cases': where, 'wkb': [b.hex() for b in blobs], 'extents': {n: extent(rows, n != 'mixed') for n, rows in sets.items()}, 'boxes': {n: [box(of) for of in rows] for n, rows in sets.items()}, 'empty': {n: sum(map(empty, rows)) for n, rows in sets.items()}}))
`

interface Made {
  readonly cases: readonly { readonly where: FeatureFilter; readonly holds: Readonly<Record<string, readonly number[]>> }[]
  /** The stored bytes of each mixed feature. */
  readonly wkb: readonly string[]
  readonly extents: Readonly<Record<string, BBox>>
  /** The box of each feature. NaN is ignored; null if a side is infinite. */
  readonly boxes: Readonly<Record<string, readonly (BBox | null)[]>>
  /** The number of empty geometries. */
  readonly empty: Readonly<Record<string, number>>
}

let engine: Engine
let made: Made
let inspector: Inspector

const FILES: Readonly<Record<string, string>> = {
  geo: 'mixed',
  plain: 'mixed',
  linestring: 'linestring',
  polygon: 'polygon',
  multilinestring: 'multilinestring',
  multipolygon: 'multipolygon',
}
const NAMES = Object.keys(FILES)
const path = (name: string) => join(folder, `${name}.parquet`)
const layers: Record<string, { claimed: Layer; proven: Layer }> = {}

beforeAll(async () => {
  made = await python<Made>(MAKE, [folder, String(random.integer(2 ** 31)), String(FEATURES), String(ARGUMENTS)])
  engine = await Engine.open(2)
  inspector = new Inspector(SPATIAL_EXTENSION, NAMES.map(path))
  for (const name of NAMES) layers[name] = name === 'plain' ? await plainWkb() : await described(name)
})

afterAll(async () => {
  await inspector.close()
  engine.close()
  rmSync(folder, { recursive: true })
})

async function described(name: string) {
  const [description] = (await inspector.describeFiles([path(name)])).layers
  const proof = await inspector.check({ description: description!, database: null }, 60_000)
  if (proof.outcome !== 'PROVEN') throw new Error(`${name}: ${JSON.stringify(proof)}`)
  const claimed = claimedLayer(name, 'f1', description!)
  return { claimed, proven: provenLayer(claimed, description!, proof) }
}

/** As the layer of the GeoParquet file, but the engine reads a BLOB. */
async function plainWkb() {
  const { extent, check, geometryTypes } = layers['geo']!.proven
  const of = (more: Partial<Layer>) => engine.parquet(path('plain'), { geometryEncoding: 'WKB', crs: null, ...more })
  return {
    claimed: await of({ state: 'CHECKING' }),
    proven: await of({ hasEmptyRings: true, extent, geometryTypes, ...(check && { check }) }),
  }
}

const lonLat = { code: 'OGC:CRS84', name: 'WGS 84', isLonLat: true }

async function matches(layer: Layer, where: FeatureFilter): Promise<Set<number>> {
  const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
  const [numbers] = await engine.numbers(plan, [plan.layout.properties[0]!])
  return new Set(numbers)
}

describe.each(NAMES)('geometry with empty rings and members in %s', (name) => {
  const set = FILES[name]!

  it.each(['proven', 'claimed'] as const)(
    'is filtered as shapely filters it without them, when it is %s',
    async (state) => {
      const layer = layers[name]![state]
      const wrong: string[] = []
      // A layer that is not checked compiles the same tests more slowly: some of them are enough.
      for (const { where, holds } of made.cases.filter((_, n) => state === 'proven' || n % 4 === 0)) {
        const found = await matches(layer, where)
        const others = await matches(layer, { not: where })
        for (const [n, expected] of holds[set]!.entries()) {
          const is = found.has(n) ? 1 : others.has(n) ? 0 : -1
          if (expected !== -1 && is !== expected)
            wrong.push(`${set} ${n}: ${is} instead of ${expected} for ${JSON.stringify(where)}`)
        }
      }
      expect(wrong.slice(0, 10)).toEqual([])
    },
    600_000,
  )

  it('is proven with the extent of its coordinates, and counted as empty if it has none', () => {
    const { extent, check } = layers[name]!.proven
    expect(extent).toEqual(made.extents[set])
    expect(check!.emptyGeometries).toBe(made.empty[set])
  })

  it('passes distances on the earth, another CRS, simplification, and every encoding', async () => {
    const layer = { ...layers[name]!.proven, crs: lonLat }
    for (const geometry of made.cases.flatMap(({ where }) => (where.dWithin ? [where.dWithin.geometry as GeometryInput] : []))) {
      await matches(layer, { dWithin: { geometry, distance: 200_000 } }).catch((error) => {
        if (!(error instanceof GeoduckError && error.code === 'LIMIT_EXCEEDED')) throw error
      })
    }
    const to = { code: 'EPSG:3857', name: '', isLonLat: false }
    for (const crs of [null, to]) {
      for (const simplify of [null, 0.5]) {
        const query = { ...queryOf(layer, { properties: ['n'] }), representations: [{ crs, simplify }] }
        const texts = (['GEOJSON', 'WKT', 'EWKT', 'WKB', 'EWKB', 'TWKB'] as const).map(
          (as) => ({ key: as, field: 'geometry', as, precision: 7 }) as const,
        )
        const [features] = await engine.encoded(query, [
          { kind: 'features', fields: [{ key: 'bbox', field: 'bbox' }, ...texts] },
          { kind: 'geojson', precision: 7, bbox: true },
          { kind: 'arrow' },
        ])
        const rows = features!.flatMap((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>[])
        const boxes = made.boxes[set]!
        expect(rows).toHaveLength(boxes.length)
        if (crs === null && simplify === null) {
          expect(rows.map(({ bbox }) => bbox)).toEqual(boxes)
          if (set === 'mixed')
            expect(
              rows
                .filter(({ WKB }, n) => WKB !== made.wkb[n]!.toUpperCase())
                .map(({ WKB }) => WKB)
                .slice(0, 3),
            ).toEqual([])
        }
        expect(JSON.stringify(rows.map(({ bbox }) => bbox))).not.toContain('e+308')
      }
    }
  }, 600_000)
})
