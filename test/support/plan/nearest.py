"""
Features and probes all over the earth, with the true distances of the nearest features by pyproj and shapely: nearest.py SEED PROBES.
The distance between edges is the least of a grid of points on both, which is made finer around its least.
"""

import json, math, random, sys
import numpy as np, shapely
from pyproj import Geod

seed, count = int(sys.argv[1]), int(sys.argv[2])
geod, r = Geod(ellps="WGS84"), random.Random(seed)
WANTED = 10


def wrap(x):
    return (x + 180) % 360 - 180


def away(x, y, azimuth, d):
    lon, lat, _ = geod.fwd(x, y, azimuth, d)
    return wrap(lon), lat


PLACES = [
    lambda: (r.uniform(-180, 180), r.uniform(-85, 85)),
    lambda: (r.choice([-1, 1]) * r.uniform(179, 180), r.uniform(-80, 80)),
    lambda: (r.uniform(-180, 180), r.choice([-1, 1]) * r.uniform(87, 90)),
]
CENTRES = [r.choice(PLACES)() for _ in range(40)]


def near_centre():
    x, y = r.choice(CENTRES)
    return away(x, y, r.uniform(0, 360), 10 ** r.uniform(1, 5.7))


def ok(points):
    return all(abs(a[0] - b[0]) <= 90 for a, b in zip(points, points[1:]))


def shape(kind):
    while True:
        x, y = near_centre()
        size = 10 ** r.uniform(0.5, 5)
        if kind == "points":
            return shapely.Point(x, y)
        if kind == "lines":
            line = [away(x, y, r.uniform(0, 360), r.uniform(0.1, 1) * size) for _ in range(r.randint(2, 4))]
            if ok(line):
                return shapely.LineString(line)
        if kind == "polygons":
            ring = [away(x, y, a, r.uniform(0.3, 1) * size) for a in sorted(r.uniform(0, 360) for _ in range(5))]
            if ok(ring + ring[:1]) and shapely.Polygon(ring).is_valid:
                return shapely.Polygon(ring)


def edges(g):
    if g.geom_type == "Point":
        return [(g.x, g.y, g.x, g.y)]
    lines = [g.exterior, *g.interiors] if g.geom_type == "Polygon" else [g]
    return [(*a, *b) for line in lines for a, b in zip(line.coords, line.coords[1:])]


GRID = np.linspace(-1, 1, 7)


def at(pairs, first, t):
    return [pairs[:, [k]] + (pairs[:, [k + 2]] - pairs[:, [k]]) * t for k in (first, first + 1)]


def closest(pairs, u, v, width):
    """The closest places on the parts of the edges that are at most `width` from u and v, on a plane."""
    ends = [np.clip(m[:, None] + width * np.array([[-1, 1]]), 0, 1) for m in (u, v)]
    (px, py), (qx, qy) = at(pairs, 0, ends[0]), at(pairs, 4, ends[1])
    qx = qx + 360 * np.round((px[:, :1] - qx[:, :1]) / 360)
    flat = np.cos(np.radians((py.mean(axis=1) + qy.mean(axis=1)) / 2))[:, None]
    px, qx = px * flat, qx * flat
    dx, dy, ex, ey = px[:, 1] - px[:, 0], py[:, 1] - py[:, 0], qx[:, 1] - qx[:, 0], qy[:, 1] - qy[:, 0]
    rx, ry = px[:, 0] - qx[:, 0], py[:, 0] - qy[:, 0]
    a, e, b, c, f = dx * dx + dy * dy, ex * ex + ey * ey, dx * ex + dy * ey, dx * rx + dy * ry, ex * rx + ey * ry
    with np.errstate(all="ignore"):
        s = np.nan_to_num(np.clip((b * f - c * e) / (a * e - b * b), 0, 1))
        t = np.nan_to_num(np.clip((b * s + f) / e, 0, 1))
        s = np.nan_to_num(np.clip((b * t - c) / a, 0, 1))
        t = np.nan_to_num(np.clip((b * s + f) / e, 0, 1))
    return [ends[k][:, 0] + (ends[k][:, 1] - ends[k][:, 0]) * m for k, m in ((0, s), (1, t))]


def refined(pairs):
    """The least distance of each pair of edges, an array of eight columns."""
    u, v = np.full(len(pairs), 0.5), np.full(len(pairs), 0.5)
    best, width = np.full(len(pairs), np.inf), 0.5
    rows = np.arange(len(pairs))
    for _ in range(30):
        s, t = closest(pairs, u, v, width)
        a = np.column_stack([np.clip(u[:, None] + width * np.repeat(GRID, 7)[None], 0, 1), s])
        b = np.column_stack([np.clip(v[:, None] + width * np.tile(GRID, 7)[None], 0, 1), t])
        d = geod.inv(*at(pairs, 0, a), *at(pairs, 4, b))[2]
        k = np.argmin(d, axis=1)
        better = d[rows, k] < best
        u, v, best = np.where(better, a[rows, k], u), np.where(better, b[rows, k], v), np.minimum(best, d[rows, k])
        width /= 1.6
    return best


def to_edges(a, b):
    return [(*e, *f) for e in edges(a) for f in edges(b)]


def on_earth(probe, features, starts, reach):
    """The distances of the nearest features, and of everything that is not much farther."""
    here = np.array([c for c in probe.coords] if probe.geom_type != "Polygon" else list(probe.exterior.coords))
    mine = max((geod.inv(*e)[2] for e in edges(probe)), default=0)
    d = np.min([geod.inv(np.full(len(starts), x), np.full(len(starts), y), starts[:, 0], starts[:, 1])[2] for x, y in here], axis=0)
    # A feature is not nearer than its first vertex less the size of both.
    least = d - reach - mine
    bound = np.sort(d + 1e-9)[WANTED] * 1.05 + 1
    near = [n for n in np.flatnonzero(least <= bound)]
    result = []
    pairs, owners = [], []
    for n in near:
        if probe.intersects(features[n]):
            result.append((int(n), 0.0))
            continue
        mine_pairs = to_edges(probe, features[n])
        pairs += mine_pairs
        owners += [n] * len(mine_pairs)
    if pairs:
        d = refined(np.array(pairs))
        by_owner = {}
        for n, distance in zip(owners, d):
            by_owner[n] = min(distance, by_owner.get(n, np.inf))
        result += [(int(n), float(distance)) for n, distance in by_owner.items()]
    return sorted(result, key=lambda one: (one[1], one[0]))


features = {kind: [shape(kind) for _ in range(n)] for kind, n in (("points", 3000), ("lines", 800), ("polygons", 800))}
# Equal geometries are equally far.
for kind in features:
    features[kind] += features[kind][:100]
starts = {kind: np.array([shapely.get_coordinates(g)[0] for g in features[kind]]) for kind in features}
reach = {
    kind: np.array([max(geod.inv(*c[0], *p)[2] for p in c) for c in map(shapely.get_coordinates, features[kind])]) for kind in features
}
probes = []
for n in range(count):
    kind = ("points", "lines", "polygons")[n % 3]
    earth = n % 2 == 0
    form = r.choice(["points", "points", "lines", "polygons"])
    probe = shape(form) if r.random() < 0.6 else shapely.Point(*r.choice(PLACES + [lambda: (r.choice([-180, 180, 0]), r.choice([-90, 0, 90]))])())
    if earth:
        truth = on_earth(probe, features[kind], starts[kind], reach[kind])
    else:
        d = shapely.distance(probe, features[kind])
        order = np.lexsort((np.arange(len(d)), d))[: 3 * WANTED]
        truth = [(int(k), float(d[k])) for k in order]
    probes.append({"kind": kind, "earth": earth, "wkb": shapely.to_wkb(probe, hex=True), "truth": truth})
print(json.dumps({"features": {k: [shapely.to_wkb(g, hex=True) for g in v] for k, v in features.items()}, "probes": probes}))
