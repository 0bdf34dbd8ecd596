"""
Aggregates by pandas, shapely and pyproj, which share no code with the product.

`make FOLDER SEED` writes a GeoParquet file per kind of geometry. `check FOLDER` reads a JSON list of {layer, question, answer} from stdin and prints the
list of differences as text. A number may differ by 1e-12 of the sum of absolute values, which `math.fsum` adds without rounding.
"""
import datetime
import decimal
import json
import math
import random
import sys
import zoneinfo

import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pyproj
import shapely

KINDS = ["points", "lines", "polygons"]
ROWS = 600
UTC = datetime.timezone.utc
MERCATOR = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)
EDGE = 85.0511287798066
WORLD = 2 * math.pi * 6378137


def geometry(kind, dice):
    x, y = dice.uniform(-179, 179), dice.uniform(-80, 80)
    if dice.random() < 0.05:
        return None
    if kind == "points":
        # Also at the antimeridian and at the poles.
        return shapely.Point(dice.choice([x, x, x, x, -180, 180]), dice.choice([y, y, y, y, -90, 90]))
    across = dice.random() < 0.1
    size = dice.uniform(0.1, 1)
    if kind == "lines":
        if across:
            return shapely.MultiLineString([[(179, y), (180, y + size)], [(-180, y + size), (-179, y)]])
        return shapely.LineString([(x, y), (x + size, y - size), (x + size / 2, y + 2 * size)])
    if dice.random() < 0.05:
        return shapely.Polygon()
    if across:
        return shapely.MultiPolygon([shapely.box(179, y, 180, y + size), shapely.box(-180, y, -180 + size, y + size)])
    return shapely.Polygon([(x, y), (x + size, y), (x + size * dice.random(), y + size)])


def make(folder, seed):
    for kind in KINDS:
        dice = random.Random(f"{seed} {kind}")
        column = lambda value, share=0.1: [None if dice.random() < share else value() for _ in range(ROWS)]
        moment = lambda: datetime.datetime(2025, 10, 1, tzinfo=UTC) + datetime.timedelta(seconds=dice.randrange(200 * 86400))
        geometries = [geometry(kind, dice) for _ in range(ROWS)]
        table = pyarrow.table(
            {
                "id": pyarrow.array(range(ROWS), pyarrow.int32()),
                "class": pyarrow.array(column(lambda: dice.choice(["", "a", "A", "ä", "long " * 9, "it's"])), pyarrow.string()),
                "flag": pyarrow.array(column(lambda: dice.random() < 0.5), pyarrow.bool_()),
                "n": pyarrow.array(column(lambda: dice.randrange(-9, 9)), pyarrow.int16()),
                "x": pyarrow.array(column(lambda: dice.choice([1e-9, 1, 1e9]) * dice.uniform(-1, 1)), pyarrow.float64()),
                "odd": pyarrow.array(column(lambda: math.nan if dice.random() < 0.1 else dice.uniform(-5, 5)), pyarrow.float64(), from_pandas=False),
                "amount": pyarrow.array(column(lambda: decimal.Decimal(dice.randrange(-10**9, 10**9)).scaleb(-3)), pyarrow.decimal128(18, 3)),
                "big": pyarrow.array(column(lambda: dice.randrange(-(2**62), 2**62)), pyarrow.int64()),
                "at": pyarrow.array(column(moment), pyarrow.timestamp("us", "UTC")),
                "day": pyarrow.array(column(lambda: moment().date()), pyarrow.date32()),
                "geometry": pyarrow.array([None if g is None else shapely.to_wkb(g) for g in geometries], pyarrow.binary()),
            }
        )
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}}}
        pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), f"{folder}/{kind}.parquet")
    print("null")


def read(folder, kind):
    table = pyarrow.parquet.read_table(f"{folder}/{kind}.parquet")
    frame = pandas.DataFrame({name: pandas.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
    frame["geometry"] = [None if value is None else shapely.from_wkb(value) for value in frame["geometry"]]
    return frame


# Filters


def meets(where, row):
    if not where:
        return True
    if "and" in where:
        return all(meets(part, row) for part in where["and"])
    if "or" in where:
        return any(meets(part, row) for part in where["or"])
    if "bbox" in where:
        west, south, east, north = where["bbox"]
        boxes = [(west, south, east, north)] if west <= east else [(west, south, 180, north), (-180, south, east, north)]
        return row["geometry"] is not None and any(shapely.box(*box).intersects(row["geometry"]) for box in boxes)
    test = dict(where["property"])
    value = row[test.pop("name")]
    (operator, operand), = test.items()
    if operator == "isNull":
        return (value is None) == operand
    if value is None:
        return False
    if operator == "in":
        return value in operand
    if operator == "between":
        return operand[0] <= value <= operand[1]
    return {"eq": value == operand, "ne": value != operand, "gte": value >= operand, "lt": value < operand}[operator]


# Keys


def bucket(value, every, zone):
    if value is None:
        return None
    if every in ("PT15M", "PT1H"):
        seconds = 900 if every == "PT15M" else 3600
        return datetime.datetime.fromtimestamp(value.timestamp() // seconds * seconds, UTC)
    is_moment = isinstance(value, datetime.datetime)
    day = value.astimezone(zoneinfo.ZoneInfo(zone)).date() if is_moment else value
    start = {
        "P1D": day,
        "P1W": day - datetime.timedelta(days=day.weekday()),
        "P1M": day.replace(day=1),
        "P3M": day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1),
        "P1Y": day.replace(day=1, month=1),
    }[every]
    if not is_moment:
        return start
    return datetime.datetime(start.year, start.month, start.day, tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def time_of(text):
    if text is None:
        return None
    return datetime.date.fromisoformat(text) if "T" not in text else datetime.datetime.fromisoformat(text)


def cell(shape, grid):
    if shape is None or shape.is_empty:
        return None
    west, south, east, north = shape.bounds
    x, y = (west + east) / 2, (south + north) / 2
    kind, size = grid["kind"], grid.get("size")
    if kind == "SQUARE":
        return f"square/{size:.15g}/{math.floor(x / size)}/{math.floor(y / size)}"
    x, y = MERCATOR.transform(-180 if x == 180 else x, max(-EDGE, min(EDGE, y)))
    if kind == "TILE":
        tiles = 2 ** grid["zoom"]
        place = lambda share: max(0, min(tiles - 1, math.floor(share * tiles)))
        return f"tile/{grid['zoom']}/{place(0.5 + x / WORLD)}/{place(0.5 - y / WORLD)}"
    # The hexagon with the nearest centre, of all around.
    height = math.sqrt(3) * size
    columns = [math.floor(x / (1.5 * size)) + step for step in (-1, 0, 1, 2)]
    cells = [(q, math.floor(y / height - q / 2) + step) for q in columns for step in (-1, 0, 1, 2)]
    q, r = min(cells, key=lambda c: math.hypot(x - 1.5 * size * c[0], y - height * (c[1] + c[0] / 2)))
    return f"hexagon/{size:.15g}/{q}/{r}"


# Figures


class Differs(Exception):
    pass


def same(name, actual, expected, scale=None):
    if expected is None or actual is None or scale is None:
        if actual != expected:
            raise Differs(f"{name} is {actual!r}, not {expected!r}")
    elif not abs(float(actual) - float(expected)) <= 1e-12 * scale:
        raise Differs(f"{name} is {actual!r}, not {expected!r} within 1e-12 of {scale!r}")


def number(value):
    return None if value is None else decimal.Decimal(value)


def check_figures(column, actual, values):
    values = [value for value in values if value is not None]
    name = lambda figure: f"{column}.{figure}"
    same(name("count"), int(actual["count"]), len(values))
    is_nan = lambda value: isinstance(value, float) and math.isnan(value)
    finite = [value for value in values if not is_nan(value)]
    distinct = len(set(finite)) + (len(finite) < len(values))
    same(name("distinct"), int(actual["distinct"]), distinct)
    if column in ("class", "flag", "day"):
        shown = (lambda value: value.isoformat()) if column == "day" else (lambda value: value)
        order = (lambda value: value.encode()) if column == "class" else (lambda value: value)
        for figure, of in (("min", min), ("max", max)):
            same(name(figure), actual[figure], shown(of(values, key=order)) if values else None)
        return
    exact = column in ("n", "big", "amount")
    least = min(finite) if finite else None
    most = max(finite) if finite and len(finite) == len(values) else None
    for figure, expected in (("min", least), ("max", most)):
        if exact:
            same(name(figure), number(actual[figure]), number(expected))
        else:
            same(name(figure), actual[figure], expected)
    if not finite or len(finite) < len(values):
        for figure in ("sum", "avg"):
            same(name(figure), actual[figure], None)
        return
    scale = math.fsum(abs(value) for value in values)
    total = sum(values) if exact else math.fsum(values)
    if exact:
        same(name("sum"), number(actual["sum"]), number(total))
    else:
        same(name("sum"), actual["sum"], total, scale)
    mean = float(total / len(values)) if isinstance(total, decimal.Decimal) else total / len(values)
    same(name("avg"), actual["avg"], mean, scale / len(values))
    if "stddev" in actual:
        deviation = None
        if len(values) > 1:
            deviation = math.sqrt(math.fsum((float(value) - mean) ** 2 for value in values) / (len(values) - 1))
        same(name("stddev"), actual["stddev"], deviation, scale)
        shares = (0, 0.25, 0.5, 1)
        quantiles = numpy.quantile([float(value) for value in values], shares)
        for share, quantile, other in zip(shares, actual["quantiles"], quantiles):
            same(name(f"quantile {share}"), quantile, float(other), scale)


def check_geometry(actual, shapes):
    shapes = [shape for shape in shapes if shape is not None and not shape.is_empty]
    if not shapes:
        same("extent", actual["extent"], None)
        same("centroid", actual["centroid"], None)
        same("convexHull", actual["convexHull"], None)
        return
    same("extent", actual["extent"], [float(side) for side in shapely.total_bounds(shapes)])
    centroid = shapely.GeometryCollection(shapes).centroid
    for at, expected in zip(actual["centroid"]["coordinates"], (centroid.x, centroid.y)):
        same("centroid", at, expected, 180)
    hull = shapely.from_geojson(json.dumps(actual["convexHull"]))
    expected = shapely.GeometryCollection(shapes).convex_hull
    # An overlay of hulls that differ by one rounding may have the area of both.
    same("convexHull", shapely.hausdorff_distance(hull, expected), 0.0, 180)
    if "union" in actual:
        union = shapely.from_geojson(json.dumps(actual["union"]))
        expected = shapely.union_all(shapes)
        same("union", union.area, expected.area, 360 * 180)
        same("union", union.length, expected.length, 1e6)


def check(frame, question, answer):
    rows = frame[[meets(question["where"], row) for row in frame.to_dict("records")]]
    keys = pandas.DataFrame(index=rows.index)
    for name in question["groupBy"]:
        keys[name] = rows[name]
    for n, time in enumerate(question["time"]):
        keys[f"time {n}"] = [bucket(value, time["every"], time["timeZone"]) for value in rows[time["column"]]]
    if question["cell"]:
        keys["cell"] = [cell(shape, question["cell"]) for shape in rows["geometry"]]
    expected = {}
    for index, *key in keys.astype(object).where(keys.notna(), None).itertuples():
        expected.setdefault(tuple(key), []).append(index)
    if len(keys.columns) == 0:
        expected.setdefault((), [])
    if question["having"]:
        expected = {key: group for key, group in expected.items() if len(group) >= question["having"]}
    elif sum(int(group["count"]) for group in answer["rows"]) != int(answer["features"]):
        raise Differs(f"the counts do not add up to {answer['features']} features")
    same("features", int(answer["features"]), len(rows))
    same("totalCount", int(answer["totalCount"]), len(expected))
    same("the number of groups", len(answer["rows"]), len(expected))
    # Values by index: a lookup in a series costs a hundred times as much.
    columns = {name: frame[name].tolist() for name in [*question["columns"], "geometry"]}
    counts = [int(group["count"]) for group in answer["rows"]]
    if question["byCount"] and counts != sorted(counts, reverse=True):
        raise Differs(f"the groups are not in the order of their counts: {counts}")
    for group in answer["rows"]:
        key = [group["keys"][name] for name in question["groupBy"]]
        for at, name in enumerate(question["groupBy"]):
            if key[at] is not None:
                key[at] = {"day": time_of, "big": int, "amount": decimal.Decimal}.get(name, lambda value: value)(key[at])
        key += [time_of(group[f"time{n}"]) for n in range(len(question["time"]))]
        if question["cell"]:
            key.append(group["cell"] and group["cell"]["id"])
        if tuple(key) not in expected:
            raise Differs(f"no group has the key {key}")
        indexes = expected.pop(tuple(key))
        same(f"the count of {key}", int(group["count"]), len(indexes))
        for column in question["columns"]:
            check_figures(column, group[f"column_{column}"], [columns[column][index] for index in indexes])
        if question["geometry"]:
            check_geometry(group["geometry"], [columns["geometry"][index] for index in indexes])


def check_all(folder):
    frames = {kind: read(folder, kind) for kind in KINDS}
    differences = []
    for number, item in enumerate(json.load(sys.stdin)):
        try:
            check(frames[item["layer"]], item["question"], item["answer"])
        except Differs as differs:
            differences.append(f"question {number}: {differs}. {json.dumps(item['question'])} on {item['layer']}")
    print(json.dumps(differences))


make(*sys.argv[2:]) if sys.argv[1] == "make" else check_all(sys.argv[2])
