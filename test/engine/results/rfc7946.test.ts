/** The rules of RFC 7946 for a FeatureCollection besides coordinates, by shapely. */
import { describe, expect, it } from 'vitest'
import { createEncoder } from '../../../src/encode/encode.ts'
import { python } from '../../support/python.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import { ISO, toWkb } from '../../support/results/geometries.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

/** Geometries of every type with rings either way round, and for each what shapely makes of it. */
const MAKE = `
import json, random, sys, shapely
from shapely.geometry.polygon import orient
from shapely.geometry import mapping
r = random.Random(int(sys.argv[1]))
def turn(ring): return ring if r.random() < .5 else ring.reverse()
def polygon():
    c = shapely.Point(r.uniform(-179, 179), r.uniform(-89, 89)).buffer(r.choice([1e-5, .01, 1]), 2)
    holes = [turn(shapely.LinearRing(c.centroid.buffer(c.length / 40, 2).exterior.coords))] if r.random() < .5 else []
    p = shapely.Polygon(turn(shapely.LinearRing(c.exterior.coords)), holes)
    return shapely.force_3d(p, r.uniform(0, 9)) if r.random() < .2 else p
def make():
    k = r.random()
    if k < .5: return polygon()
    if k < .8: return shapely.MultiPolygon([shapely.force_2d(polygon()) for _ in range(r.randint(1, 3))])
    if k < .9: return shapely.GeometryCollection([shapely.force_2d(polygon()), shapely.Point(r.uniform(-179, 179), 5)])
    return shapely.LineString([(r.uniform(-179, 179), r.uniform(-89, 89)) for _ in range(3)])
def right(g):
    if g.geom_type == 'Polygon': return orient(g, 1.0)
    return type(g)([right(p) for p in g.geoms]) if hasattr(g, 'geoms') else g
def box(g):
    z = shapely.get_coordinates(g, include_z=True)[:, 2]
    w, s, e, n = g.bounds
    return [w, s, float(z.min()), e, n, float(z.max())] if g.has_z else [w, s, e, n]
out = []
for _ in range(300):
    g = make()
    out.append({'wkb': shapely.to_wkb(g, hex=True, flavor='iso', output_dimension=3 if g.has_z else 2), 'box': box(g), 'right': shapely.to_wkb(right(g), hex=True)})
print(json.dumps(out))
`

/** The pairs that differ in geometry or in the direction of a ring. A ring may start at any position. */
const COMPARE = `
import json, sys, shapely
from shapely.geometry import shape
def rings(g):
    if g.geom_type == 'Polygon': return [(i, r.is_ccw) for i, r in enumerate([g.exterior, *g.interiors])]
    return [x for p in g.geoms for x in rings(p)] if hasattr(g, 'geoms') else []
def same(a, b): return a.geom_type == b.geom_type and rings(a) == rings(b) and shapely.get_num_coordinates(a) == shapely.get_num_coordinates(b) and shapely.hausdorff_distance(shapely.force_2d(a), shapely.force_2d(b)) < 1e-12
print(json.dumps([i for i, (a, b) in enumerate(json.load(sys.stdin)) if not same(shape(a), shapely.from_wkb(b))]))
`

interface Sample {
  readonly wkb: string
  readonly box: number[]
  readonly right: string
}

interface Collection {
  readonly bbox?: number[]
  readonly features: readonly { readonly geometry: unknown; readonly bbox?: number[] }[]
}

function collection(geometries: readonly (Uint8Array | null)[], precision: number, bbox = false): Collection {
  const column: Column = { name: 'geom', wire: { kind: 'wkb' }, values: geometries }
  const layout = {
    columns: [column],
    geometries: [{ column: 0, crs: null, srid: null }],
    key: null,
    properties: [],
    geometryName: 'geom',
  }
  const encode = createEncoder(layout, { kind: 'geojson', precision, bbox })
  const batch = toBatch([column], 0, geometries.length)
  // An encoder is used for batch after batch: nothing is left of the one before.
  encode(batch, 0, Math.min(1, geometries.length))
  return JSON.parse(new TextDecoder().decode(encode(batch, 0, geometries.length))) as Collection
}

describe('a FeatureCollection', async () => {
  console.log(`shapely seed ${seed}`)
  const samples = await python<Sample[]>(MAKE, [String(seed)])
  const geometries = samples.map(({ wkb }) => Buffer.from(wkb, 'hex'))

  it('has outer rings counter-clockwise and inner ones clockwise, as shapely orients them', async () => {
    const { features } = collection(geometries, 15)
    const pairs = features.map(({ geometry }, n) => [geometry, samples[n]!.right])
    expect(await python<number[]>(COMPARE, [], JSON.stringify(pairs))).toEqual([])
  })

  it('has the boxes of shapely when they are requested: with heights, if every geometry has some', () => {
    const { bbox, features } = collection(geometries, 15, true)
    for (const [n, { box }] of samples.entries())
      for (const [side, value] of box.entries()) expect(features[n]!.bbox![side]).toBeCloseTo(value, 12)
    const flat = samples.map(({ box }) => (box.length === 6 ? [box[0]!, box[1]!, box[3]!, box[4]!] : box))
    const side = (pick: (...values: number[]) => number, n: number) => pick(...flat.map((box) => box[n]!))
    const all = [side(Math.min, 0), side(Math.min, 1), side(Math.max, 2), side(Math.max, 3)]
    expect(bbox).toHaveLength(4)
    for (const [n, value] of all.entries()) expect(bbox![n]).toBeCloseTo(value, 12)
    const high = geometries.filter((_, n) => samples[n]!.box.length === 6)
    expect(collection(high, 7, true).bbox).toHaveLength(6)
  })

  it('has boxes that hold every coordinate, however they are rounded', () => {
    for (const { geometry, bbox } of collection(geometries, 2, true).features) {
      const positions = [...JSON.stringify(geometry).matchAll(/\[(-?[\d.]+),(-?[\d.]+)(?:,(-?[\d.]+))?\]/g)]
      const half = bbox!.length / 2
      for (const [, ...ordinates] of positions)
        for (let axis = 0; axis < half; axis++) {
          expect(Number(ordinates[axis])).toBeGreaterThanOrEqual(bbox![axis]!)
          expect(Number(ordinates[axis])).toBeLessThanOrEqual(bbox![half + axis]!)
        }
    }
  })

  it('has no box where there is no geometry, and none of nothing', () => {
    const empty = toWkb({ type: 'Polygon', coordinates: [] }, 'XY', ISO)
    const point = toWkb({ type: 'Point', coordinates: [1.25, -2] }, 'XY', ISO)
    expect(collection([null, point, empty], 1, true)).toEqual({
      type: 'FeatureCollection',
      features: [
        { type: 'Feature', geometry: null, properties: {} },
        { type: 'Feature', geometry: { type: 'Point', coordinates: [1.3, -2] }, bbox: [1.3, -2, 1.3, -2], properties: {} },
        { type: 'Feature', geometry: { type: 'Polygon', coordinates: [] }, properties: {} },
      ],
      bbox: [1.3, -2, 1.3, -2],
    })
    expect(collection([null], 1, true)).not.toHaveProperty('bbox')
    expect(collection([], 1, true)).toEqual({ type: 'FeatureCollection', features: [] })
  })
})
