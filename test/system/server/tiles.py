"""Judges of vector tiles: shapely clips what the tiles should show, and GDAL reads the tiles as files. Run as `tiles.py COMMAND FOLDER`."""
import json
import math
import os
import random
import sys

import geopandas
import numpy
import pyogrio
import shapely
from shapely.geometry import mapping

EXTENT, BUFFER = 4096, 64


def shapes(kind, seed):
    """Points, lines, or polygons with holes, from a few metres to several tiles wide; some reach beyond 180 degrees. `europe`: in another CRS."""
    if kind == 'europe':
        europe = shapely.box(-8, 37, 28, 67)
        return [one for one in shapes('polygons', seed) if europe.covers(one)] + [
            shapely.Point(9 + n % 9, 45 + n % 7).buffer(10 ** (n % 7 - 5)) for n in range(300)
        ]
    chance = random.Random(seed)
    made = []
    for n in range(400):
        lon, lat = chance.uniform(-179.9, 179.9), chance.uniform(-80, 80)
        if n % 4 == 0:
            # At the corners and edges of tiles of many zooms.
            lon, lat = chance.choice([0, 45, 90, -90, 180, -180, 22.5]) + chance.uniform(-0.02, 0.02), chance.uniform(-60, 60)
        size = 10 ** chance.uniform(-5, 1.2)
        if kind == 'points':
            made.append(shapely.Point(lon, lat) if n % 3 else shapely.MultiPoint([(lon, lat), (lon + size / 9, lat)]))
            continue
        steps = chance.randrange(5, 60)
        angles = sorted(chance.uniform(0, 2 * math.pi) for _ in range(steps))
        radii = [size * chance.uniform(0.6, 1) for _ in range(steps)]
        ring = [(lon + r * math.cos(a), max(-84, min(84, lat + r * math.sin(a)))) for a, r in zip(angles, radii)]
        if kind == 'lines':
            made.append(shapely.LineString(ring) if n % 3 else shapely.MultiLineString([ring, [(x, y + size) for x, y in ring]]))
            continue
        shell = shapely.Polygon(ring)
        if not shell.is_valid or shell.area == 0:
            shell = shapely.Point(lon, lat).buffer(size / 2)
        hole = shell.representative_point().buffer(size / 5)
        holed = shell.difference(hole) if n % 2 else shell
        made.append(holed if holed.is_valid and not holed.is_empty else shell)
    return made


def make(folder):
    for kind in ['points', 'lines', 'polygons']:
        features = [
            {'type': 'Feature', 'properties': {'n': n, 'odd': n % 2 == 1, 'half': n / 2, 'text': f'{kind} {n}'}, 'geometry': mapping(one)}
            for n, one in enumerate(shapes(kind, kind))
        ]
        with open(os.path.join(folder, f'{kind}.geojson'), 'w') as file:
            json.dump({'type': 'FeatureCollection', 'features': features}, file)
    placed = shapes('europe', 'europe')
    frame = geopandas.GeoDataFrame({'n': range(len(placed))}, geometry=placed, crs='OGC:CRS84').to_crs('EPSG:3035')
    frame.to_parquet(os.path.join(folder, 'europe.parquet'), write_covering_bbox=True)
    return True


def in_tile(geometry, z, x, y, turn):
    """The geometry in units of a tile, by the formula of Web Mercator."""
    world = EXTENT * 2**z

    def place(positions):
        lon, lat = positions[:, 0] + 360 * turn, numpy.radians(positions[:, 1])
        column = (lon / 360 + 0.5) * world - x * EXTENT
        row = (0.5 - numpy.arcsinh(numpy.tan(lat)) / (2 * math.pi)) * world - y * EXTENT
        return numpy.stack([column, row], 1)

    return shapely.transform(geometry, place)


def valid(one):
    return one if one.is_valid else shapely.make_valid(one)


def length_of(line):
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in zip(line, line[1:]))


def largest(one):
    return one.area > 0 or one.length > 0 or one.geom_type in ('Point', 'MultiPoint')


def judge(folder):
    """Compares features of tiles, as @mapbox/vector-tile reads them, with what shapely clips."""
    tiles = json.load(sys.stdin)
    originals = {kind: shapes(kind, kind) for kind in ['points', 'lines', 'polygons', 'europe']}
    faults, features, crossing = [], 0, 0
    for tile in tiles:
        z, x, y, kind = tile['z'], tile['x'], tile['y'], tile['layer']
        inner = shapely.box(0, 0, EXTENT, EXTENT)
        outer = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
        drawn = {}
        for feature in tile['features']:
            drawn.setdefault(feature['n'], []).append(feature)
        tolerance = 1.0 if z < 16 else 0
        for n, original in enumerate(originals[kind]):
            turned = [in_tile(original, z, x, y, turn) for turn in (-1, 0, 1)]
            placed = shapely.union_all([valid(one) for one in turned if one.intersects(outer)])
            name = f'{kind} {n} in {z}/{x}/{y}'
            within = placed.intersection(inner.buffer(-2))
            if largest(within) and not within.is_empty and n not in drawn:
                faults.append(f'{name} is missing')
            if n not in drawn:
                continue
            features += 1
            if not placed.intersects(outer.buffer(1.5)):
                faults.append(f'{name} is not there')
                continue
            positions = numpy.array([position for one in drawn[n] for line in one['geometry'] for position in line], float)
            away = shapely.distance(shapely.points(positions), placed.intersection(outer.buffer(1)))
            inside = (positions > 0).all(1) & (positions < EXTENT).all(1)
            # A smaller shape is a square or a line of one unit, whose corners are within a unit on each axis.
            is_dot = numpy.array([length_of(line) <= 4 for one in drawn[n] for line in one['geometry'] for _ in line])
            far = away[inside] - numpy.where(is_dot[inside], 2**0.5, 1)
            if inside.any() and far.max() > 1e-6:
                faults.append(f'{name}: a position is {away[inside].max():.2f} units away')
            shown = shapely.union_all([shown_of(one) for one in drawn[n]])
            if not within.is_empty:
                crossing += not inner.covers(placed)
                # A part that is thinner than a unit becomes a spike, which is left out.
                thick = placed.buffer(-1.5).intersection(within) if kind in ('polygons', 'europe') else within
                back = max([0, *shapely.distance(shapely.points(shapely.get_coordinates(thick)), shown)])
                if back > tolerance + 0.75:
                    faults.append(f'{name}: the tile is {back:.2f} units away from a position')
            for one in drawn[n]:
                faults += [f'{name}: {fault}' for fault in ring_faults(one)]
    return {'faults': faults[:20], 'features': features, 'crossing': crossing, 'tiles': len(tiles)}


def small(folder):
    """Features that are in few tiles of the largest zoom, and these tiles."""
    found = []
    for kind in ['points', 'lines', 'polygons']:
        for n, one in enumerate(shapes(kind, kind)):
            west, south, east, north = in_tile(one, 16, 0, 0, 0).bounds
            first, last = [[int(side // EXTENT) for side in corner] for corner in [(west, south), (east, north)]]
            columns, rows = range(first[0], last[0] + 1), range(first[1], last[1] + 1)
            is_there = 0 <= columns[0] and columns[-1] < 2**16 and 0 <= rows[0] and rows[-1] < 2**16
            if is_there and len(columns) * len(rows) <= 9:
                found.append({'layer': kind, 'n': n, 'tiles': [[x, y] for x in columns for y in rows]})
    return found


def union(folder):
    """Joins what tiles of the largest zoom show of a feature, each without its buffer."""
    faults, crossing = [], 0
    for feature in json.load(sys.stdin):
        kind, n, tiles = feature['layer'], feature['n'], feature['tiles']
        x0, y0 = tiles[0]['x'], tiles[0]['y']
        original = valid(in_tile(shapes(kind, kind)[n], 16, x0, y0, 0))
        parts = []
        for tile in tiles:
            shown = [valid(shown_of(one)) for one in tile['features']]
            clipped = shapely.union_all(shown).intersection(shapely.box(0, 0, EXTENT, EXTENT))
            parts.append(shapely.transform(clipped, lambda at, t=tile: at + [(t['x'] - x0) * EXTENT, (t['y'] - y0) * EXTENT]))
        whole = shapely.union_all(parts)
        crossing += len(tiles) > 1
        # A polygon smaller than a unit is a square of one.
        away = shapely.hausdorff_distance(whole, original) if not whole.is_empty else math.inf
        if away > 1.5:
            faults.append(f'{kind} {n}: {away:.2f} units')
        if kind == 'polygons' and original.area > 1e4 and whole.symmetric_difference(original).area > 2 * original.length:
            faults.append(f'{kind} {n}: its area differs')
    return {'faults': faults[:20], 'crossing': crossing}


def shown_of(feature):
    lines = feature['geometry']
    if feature['type'] == 1:
        return shapely.MultiPoint([line[0] for line in lines])
    if feature['type'] == 2:
        return shapely.MultiLineString(lines)
    # The shell comes before its holes, and has a positive area.
    whole = shapely.Polygon()
    for line in lines:
        ring = shapely.make_valid(shapely.Polygon(line))
        whole = whole.union(ring) if signed(line) > 0 else whole.difference(ring)
    return whole


def signed(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))


def ring_faults(feature):
    """What the specification and the issue exclude: rings without an area, a hole first, and spikes."""
    if feature['type'] != 3:
        return
    if signed(feature['geometry'][0]) <= 0:
        yield 'the first ring is no shell'
    for ring in feature['geometry']:
        if len(ring) < 4 or ring[0] != ring[-1] or signed(ring) == 0:
            yield 'a ring has no area'
        for a, b, c in zip(ring, ring[1:], [*ring[2:], ring[1]]):
            (dx, dy), (ex, ey) = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
            if dx * ey == dy * ex and dx * ex + dy * ey <= 0:
                yield f'a ring has a spike at {b}'


def gdal(folder):
    """What GDAL reads from tiles in files, whose path is their place."""
    read = []
    for place in json.load(sys.stdin):
        frame = pyogrio.read_dataframe(os.path.join(folder, place), fid_as_index=False)
        box = frame.to_crs('OGC:CRS84').total_bounds
        info = pyogrio.read_info(os.path.join(folder, place))
        read.append({'n': sorted(frame['n'].tolist()), 'texts': sorted(frame['text'].tolist()), 'bounds': list(box),
                     'layer': info['layer_name'], 'types': sorted(set(frame.geometry.geom_type)),
                     'dtypes': dict(zip(info['fields'].tolist(), info['dtypes'].tolist()))})
    return read


print(json.dumps({'make': make, 'judge': judge, 'gdal': gdal, 'small': small, 'union': union}[sys.argv[1]](sys.argv[2]), default=float))
