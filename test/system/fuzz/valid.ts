/** Geometry that shapely says is one: all types, Z, M and both, both byte orders, ISO and EWKB, with and without SRID, empties among them. */
import { python } from '../../support/python.ts'

const MAKE = `
import json, re, sys, numpy as np, shapely
r = np.random.default_rng(int(sys.argv[1]))
count = int(sys.argv[2])
def coords(n, dims): return r.choice([1.0, 1e-6, 1e9]) * r.uniform(-180, 180, (n, dims))
def ring(dims):
    n = r.integers(3, 9)
    angle = np.sort(r.uniform(0, 2 * np.pi, n))
    c = np.zeros((n + 1, dims))
    c[:n, 0], c[:n, 1] = np.cos(angle), np.sin(angle)
    c[:n] += r.uniform(-100, 100, dims)
    c[n] = c[0]
    return c
def simple(kind, dims):
    if kind == 0: return shapely.points(coords(1, dims)[0])
    if kind == 1: return shapely.linestrings(coords(int(r.integers(2, 9)), dims))
    return shapely.polygons(ring(dims))
def tree(depth, dims, empties):
    kind = int(r.integers(0, 7 if depth < 5 else 6))
    n = int(r.integers(0 if empties else 1, 4))
    # With an empty member, which has no height, shapely takes no measures.
    if kind < 3: return simple(kind, dims) if not empties or r.random() > .05 else [shapely.Point, shapely.LineString, shapely.Polygon][kind]()
    if kind < 6: return [shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon][kind - 3]([simple(kind - 3, dims) for _ in range(n)])
    return shapely.GeometryCollection([tree(depth + 1, dims, empties) for _ in range(n)])
# shapely makes no measures, but reads them: a height is taken for one, or is doubled.
NUMBER = r'(-?[0-9][0-9.e+-]*)'
TRIPLE = re.compile(f'{NUMBER} {NUMBER} {NUMBER}')
def measured(g, dimensions):
    wkt = shapely.to_wkt(g, rounding_precision=-1)
    if dimensions == 'M': return shapely.from_wkt(wkt.replace(' Z ', ' M '))
    return shapely.from_wkt(TRIPLE.sub(r'\\1 \\2 \\3 \\3', wkt.replace(' Z ', ' ZM ')))
out = []
for _ in range(count):
    dimensions = str(r.choice(['XY', 'Z', 'M', 'ZM']))
    g = tree(0, 2 if dimensions == 'XY' else 3, dimensions in ('XY', 'Z'))
    if dimensions in ('M', 'ZM'): g = measured(g, dimensions)
    order, flavor = int(r.integers(0, 2)), str(r.choice(['iso', 'extended']))
    srid = flavor == 'extended' and r.random() < .5
    if srid: g = shapely.set_srid(g, 4326)
    out.append(shapely.to_wkb(g, hex=True, output_dimension=4, byte_order=order, flavor=flavor, include_srid=bool(srid)))
print(json.dumps(out))
`

/** In hexadecimal. */
export function validWkb(seed: number, count: number): Promise<string[]> {
  return python<string[]>(MAKE, [String(seed), String(count)])
}
