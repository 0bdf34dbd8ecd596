/** Distances on the ellipsoid, by pyproj's geodesics between points of edges that are straight in longitude and latitude. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { python } from '../../support/python.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const CASES = 30

/**
 * Pairs of an argument and a feature somewhere on earth, from 10 m to 1,000 km apart, with their true distance: for each pair of edges the
 * nearest of points along one, each with the nearest point of the other. Then nearer
 * points around it are tried.
 */
const MAKE = `
import json, math, random, sys, numpy as np, shapely
from pyproj import Geod
geod, r = Geod(ellps='WGS84'), random.Random(int(sys.argv[1]))
def wrap(x): return (x + 180) % 360 - 180
def away(x, y, azimuth, d):
    lon, lat, _ = geod.fwd(x, y, azimuth, d)
    return wrap(lon), lat
def ok(points): return all(abs(a[0] - b[0]) <= 180 for a, b in zip(points, points[1:]))
def shape(kind, x, y, size):
    for _ in range(1000):
        around = [away(x, y, r.uniform(0, 360), r.uniform(0.1, 1) * size) for _ in range(4)]
        if kind == 'point': return shapely.Point(x, y)
        if kind == 'points': return shapely.MultiPoint(around)
        if kind == 'line' and ok(around): return shapely.LineString(around)
        if kind == 'lines' and ok(around): return shapely.GeometryCollection([shapely.LineString(around[:3]), shapely.Point(around[3])])
        if kind == 'wide': # one edge along a parallel, or nearly
            lon, turn = max(-180, x - 20 * r.random()), r.uniform(-.2, .2)
            return shapely.LineString([(lon, max(-90, min(90, y - turn))), (min(180, lon + 40), max(-90, min(90, y + turn)))])
        ring = [away(x, y, a, r.uniform(0.3, 1) * size) for a in sorted(r.uniform(0, 360) for _ in range(5))]
        if kind == 'polygon' and ok(ring + ring[:1]):
            p = shapely.Polygon(ring)
            if p.is_valid: return p
        if kind == 'box':
            lon, lat = sorted((max(-180, x - r.random() * 30), min(180, x + r.random() * 30))), sorted((y, max(-90, min(90, y + r.uniform(-10, 10)))))
            return shapely.box(lon[0], lat[0], lon[1], lat[1])
    return shapely.Point(x, y)
def edges(g):
    if g.geom_type == 'Point': return [(g.x, g.y, g.x, g.y)]
    if g.geom_type in ('LineString', 'LinearRing'):
        c = list(g.coords)
        return [(*a[:2], *b[:2]) for a, b in zip(c, c[1:])]
    if g.geom_type == 'Polygon': return [e for ring in [g.exterior, *g.interiors] for e in edges(ring)]
    return [e for part in g.geoms for e in edges(part)]
def along(edge, u): return edge[0] + (edge[2] - edge[0]) * u, np.clip(edge[1] + (edge[3] - edge[1]) * u, -90, 90)
def to_edge(e, f, v): # from points of f to all of e
    w, u = .5, np.full(len(v), .5)
    for _ in range(16):
        grid = np.clip(u[:, None] + np.linspace(-w, w, 9), 0, 1)
        (x1, y1), (x2, y2) = along(e, grid), along(f, np.repeat(v, 9).reshape(grid.shape))
        d = geod.inv(x1, y1, x2, y2)[2]
        k = np.nanargmin(d, axis=1)
        u, best = grid[np.arange(len(v)), k], d[np.arange(len(v)), k]
        w /= 3
    return best
def between(e, f, rounds, n):
    w, v = .5, .5
    for _ in range(rounds):
        grid = np.clip(v + np.linspace(-w, w, n), 0, 1)
        d = to_edge(e, f, grid)
        v, best = grid[np.argmin(d)], float(np.min(d))
        w /= (n - 1) / 3
    return best
def distance(a, b):
    if a.intersects(b): return 0.0
    pairs = sorted((between(e, f, 1, 5), e, f) for e in edges(a) for f in edges(b))
    return min(between(e, f, 16, 11) for _, e, f in pairs[:8])
PLACES = [lambda: (r.uniform(-180, 180), r.uniform(-85, 85)), lambda: (r.choice([-1, 1]) * r.uniform(179.5, 180), r.uniform(-80, 80)),
  lambda: (r.choice([180, -180]), r.uniform(-70, 70)), lambda: (r.uniform(-180, 180), r.choice([-1, 1]) * r.uniform(88, 90)),
  lambda: (r.uniform(-180, 180), r.choice([-90, 90]))]
KINDS = ['point', 'points', 'line', 'lines', 'polygon']
out = []
while len(out) < int(sys.argv[2]):
    x, y = r.choice(PLACES)()
    from_point = r.random() < .5
    apart = 10 ** r.uniform(1, 6 if from_point else 5)
    a = shape('point' if from_point else r.choice(KINDS + ['box']), x, y, min(apart * 10 ** r.uniform(-2, 2), 1e6))
    fx, fy = away(x, y, r.uniform(0, 360), apart)
    f = shape(r.choice(KINDS + ['wide', 'box', 'point']), fx, fy, apart * 10 ** r.uniform(-2, 1))
    d = distance(a, f)
    if d > (4.9e6 if a.geom_type in ('Point', 'MultiPoint') else 1.9e5) or 0 < d < 2: continue
    if a.geom_type != 'Point' and a.geom_type != 'MultiPoint' and max(geod.inv(e[0], e[1], e[2], e[3])[2] for e in edges(a)) > 3e6: continue
    # Edges that are cut into more than 100,000 pieces are refused.
    if sum(abs(e[2] - e[0]) + abs(e[3] - e[1]) for e in edges(a)) / math.degrees(math.sqrt(8 * max(2e-4 * d, 1e-3) / 6.3996e6)) > 99000: continue
    out.append({'a': a.wkt, 'f': shapely.to_wkb(f, hex=True), 'd': d})
print(json.dumps(out))
`

interface Pair {
  readonly a: string
  readonly f: string
  readonly d: number
}

let engine: Engine
beforeAll(async () => {
  engine = await Engine.open(1)
})
afterAll(() => engine.close())

async function holds(where: FeatureFilter): Promise<boolean> {
  const plan = compileFeatures(queryOf(await engine.table('pairs'), { where }))
  return (await engine.rows(plan)).length === 1
}

describe('features within metres of an argument', () => {
  it('are found to 0.1 % of the true distance, across the antimeridian and around the poles', async () => {
    console.log(`pyproj seed ${seed}`)
    const pairs = await python<Pair[]>(MAKE, [String(seed), String(CASES)])
    await engine.sql('CREATE OR REPLACE TABLE pairs (n INTEGER, geom GEOMETRY)')
    for (const [n, { f }] of pairs.entries()) await engine.sql('INSERT INTO pairs SELECT $1, ST_GeomFromWKB(unhex($2))', [n, f])
    for (const [n, { a, d }] of pairs.entries()) {
      const within = (distance: number): FeatureFilter => ({
        property: { name: 'n', eq: n },
        dWithin: { geometry: { wkt: a }, distance },
      })
      const what = `${n}: ${a} ${d} ${pairs[n]!.f}`
      expect(await holds(within(d === 0 ? 0 : d * 1.001)), `${what} is within`).toBe(true)
      if (d > 0) {
        expect(await holds(within(d * 0.999)), `${what} is not within less`).toBe(false)
        expect(
          await holds({ property: { name: 'n', eq: n }, not: { dWithin: { geometry: { wkt: a }, distance: d * 0.999 } } }),
        ).toBe(true)
      }
    }
  })
})
