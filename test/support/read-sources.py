"""
What others read of files: pyogrio or pyarrow, and Python's sqlite3, json and csv. `sys.argv[1]` is a folder, stdin a JSON list of its files.
Prints {file: [{"by": reader, "layers": [{"rows": [{"values", "geometry"}]}]} or {"by": reader, "error": text}]}. A file that ends the process, or that takes
20 seconds, has the error of that.
"""
import base64
import csv
import decimal
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import warnings

import numpy
import pyarrow
import pyarrow.parquet
import pyogrio

warnings.filterwarnings("ignore")
FOLDER = sys.argv[1]
SECONDS = 20


def tag(kind, text, *literals):
    return {"k": kind, "v": str(text), "lit": list(literals)}


def tagged(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return tag("bool", "true" if value else "false", str(int(value)))
    if isinstance(value, int):
        return tag("int", value)
    if isinstance(value, float):
        return tag("num", repr(value))
    if isinstance(value, decimal.Decimal):
        return tag("dec", format(value, "f"))
    if isinstance(value, bytes):
        return tag("bytes", base64.b64encode(value).decode(), value.hex(), value.hex().upper())
    if isinstance(value, (list, dict)):
        return tag("json", json.dumps(value))
    return tag("text", value)


def layer(columns, geometries):
    """`columns` are {name: tagged values}, `geometries` are WKB (ISO)."""
    rows = [{"values": {name: values[row] for name, values in columns.items()}, "geometry": wkb and wkb.hex()} for row, wkb in enumerate(geometries)]
    return {"rows": rows}


TYPES = ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"]


def wkb_of(shape):
    """WKB of GeoJSON, which shapely refuses to write of a ring that is not closed."""
    if shape is None:
        return None
    number = TYPES.index(shape["type"]) + 1
    parts = shape["geometries"] if number == 7 else shape["coordinates"]
    first = parts
    while number != 7 and first and isinstance(first[0], list):
        first = first[0]
    size = 3 if number != 7 and len(first) > 2 else 2
    line = lambda points: struct.pack("<I", len(points)) + b"".join(map(point, points))
    point = lambda place: struct.pack(f"<{size}d", *place[:size])
    sequence = lambda parts, write: struct.pack("<I", len(parts)) + b"".join(map(write, parts))
    child = lambda name: lambda part: wkb_of({"type": name, "coordinates": part})
    bodies = [point, line, lambda rings: sequence(rings, line), lambda all: sequence(all, child("Point")), lambda all: sequence(all, child("LineString")), lambda all: sequence(all, child("Polygon")), lambda all: sequence(all, wkb_of)]
    return struct.pack("<BI", 1, number + (1000 if size == 3 else 0)) + bodies[number - 1](parts)


def shape_of(wkt):
    """GeoJSON of well-known text of one type."""
    name, text = re.fullmatch(r"\s*([A-Za-z]+)\s*(\(.*\))\s*", wkt).groups()
    number = r"[-+]?[\d.]+(?:[eE][-+]?\d+)?"
    numbers = re.sub(rf"({number})\s+({number})", r"[\1, \2]", text)
    coordinates = json.loads(numbers.replace("(", "[").replace(")", "]"))
    return {"type": next(known for known in TYPES if known.upper() == name.upper()), "coordinates": coordinates}


def moment(kind, text):
    """GDAL also reads, and writes, dates with slashes."""
    return tag(kind, text, text.replace("-", "/"))


def arrow_values(column):
    kind = column.type
    if pyarrow.types.is_date32(kind) or pyarrow.types.is_timestamp(kind):
        whole = pyarrow.int32() if pyarrow.types.is_date32(kind) else pyarrow.int64()
        name, unit, zone = ("date", "D", "") if pyarrow.types.is_date32(kind) else ("moment", kind.unit, "Z" if kind.tz else "")
        return [None if value is None else moment(name, f"{numpy.datetime64(value, unit)}{zone}") for value in column.cast(whole).to_pylist()]
    return [tagged(value) for value in column.to_pylist()]


def arrow_layer(table, geometry):
    columns = {name: arrow_values(table[name]) for name in table.column_names if name != geometry}
    return layer(columns, table[geometry].to_pylist())


def by_pyogrio(path):
    try:
        return ogr_layers(path)
    except pyogrio.errors.CRSError:
        # Its values can be read without its CRS.
        with tempfile.TemporaryDirectory() as folder:
            stem = path[: -len(".shp")]
            for end in (".shp", ".shx", ".dbf", ".cpg"):
                if os.path.exists(stem + end):
                    shutil.copy(stem + end, folder)
            return ogr_layers(os.path.join(folder, os.path.basename(path)))


def ogr_layers(path):
    layers = []
    for name, _ in pyogrio.list_layers(path):
        try:
            meta, table = pyogrio.read_arrow(path, layer=name)
            geometry = meta["geometry_name"] or "wkb_geometry"
            if geometry in table.column_names:
                layers.append(arrow_layer(table, geometry))
        except SystemError:
            # A FlatGeobuf with a feature without a geometry: only the slower way reads its geometry.
            layers.append(layer({}, pyogrio.raw.read(path, columns=[])[2]))
    return layers


def by_pyarrow(path):
    return [arrow_layer(pyarrow.parquet.ParquetFile(path).read(), "geometry")]


def by_sqlite(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    quoted = lambda name: '"' + name.replace('"', '""') + '"'
    layers = []
    tables = "SELECT g.table_name, column_name FROM gpkg_geometry_columns g JOIN gpkg_contents c ON c.table_name = g.table_name WHERE data_type = 'features'"
    for table, geometry in database.execute(tables).fetchall():
        declared = {name: kind.upper() for _, name, kind, *_ in database.execute(f"PRAGMA table_info({quoted(table)})")}
        names = [name for name in declared if name != geometry]
        found = database.execute(f"SELECT {', '.join(map(quoted, [*names, geometry]))} FROM {quoted(table)}").fetchall()
        read = lambda name, value: tagged(bool(value) if declared[name] == "BOOLEAN" and value in (0, 1) else value)
        columns = {name: [read(name, row[n]) for row in found] for n, name in enumerate(names)}
        layers.append(layer(columns, [geopackage_wkb(row[-1]) for row in found]))
    return layers


def geopackage_wkb(blob):
    if blob is None:
        return None
    assert blob[:2] == b"GP", "no GeoPackage geometry"
    return blob[8 + {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[blob[3] >> 1 & 7] :]


def text_of(content):
    try:
        return content.decode().strip(" ")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace").strip(" ")


def by_dbf(path):
    """Numbers and dates as the text that they are; geometry and order as pyogrio reads them."""
    (shapes,) = by_pyogrio(path)
    with open(path[:-3] + "dbf", "rb") as file:
        content = file.read()
    count, header, width = struct.unpack("<IHH", content[4:12])
    fields = [content[at : at + 32] for at in range(32, header - 1, 32)]
    records = [content[header + n * width :][:width] for n in range(count)]
    assert all(len(record) == width for record in records), "cut short"
    records = [record for record in records if record[:1] != b"*"]
    assert len(records) == len(shapes["rows"]), "counts differ"
    at = 1
    for field in fields:
        name, kind, size = field[:11].split(b"\0")[0].decode(), field[11:12], field[16]
        for record, row in zip(records, shapes["rows"]):
            # Some fill up with zeros in place of blanks.
            text = record[at : at + size].split(b"\0")[0]
            known, text, filled = row["values"].get(name), text_of(text), text_of(record[at : at + size].replace(b"\0", b" "))
            # pyogrio reads false where a logical value is not known.
            known = None if kind == b"L" and text in ("", "?") else known
            filled = "" if kind == b"L" and filled == "?" else filled
            # A NUL between letters is part of a text.
            kept = text_of(record[at : at + size].rstrip(b"\0 "))
            literals = [text, f"{text[:4]}-{text[4:6]}-{text[6:]}", filled, kept]
            row["values"][name] = {**known, "lit": literals} if known else tag("any", text or filled, *literals) if filled else None
        at += size
    return [shapes]


FGB_FORMATS = "b B ? h H i I q Q f d".split()


def by_columns(path):
    """The properties of a FlatGeobuf, texts as they are; geometry and order as pyogrio reads them."""
    (shapes,) = by_pyogrio(path)
    with open(path, "rb") as file:
        content = file.read()
    unpack = lambda kind, at: struct.unpack_from(f"<{kind}", content, at)[0]

    def field(table, slot):
        """The place of a field of a table, or None."""
        vtable = table - unpack("i", table)
        offset = unpack("H", vtable + 4 + 2 * slot) if 4 + 2 * slot < unpack("H", vtable) else 0
        return table + offset if offset else None

    follow = lambda at: at + unpack("I", at)
    vector = lambda at: (follow(at) + 4, unpack("I", follow(at)))
    header = follow(12)
    start, count = vector(field(header, 7))
    columns = []
    for n in range(count):
        column = follow(start + 4 * n)
        name, size = vector(field(column, 0))
        columns.append((content[name : name + size].decode(), unpack("B", field(column, 1)) if field(column, 1) else 0))
    features = unpack("Q", field(header, 8)) if field(header, 8) else 0
    node = unpack("H", field(header, 9)) if field(header, 9) else 16
    at = 12 + unpack("I", 8)
    if node and features:
        level = total = features
        while level != 1:
            level = -(-level // node)
            total += level
        at += 40 * total
    assert len(shapes["rows"]) == features, "counts differ"
    for row in shapes["rows"]:
        held = field(follow(at + 4), 1)
        properties, size = vector(held) if held else (0, 0)
        place, found = properties, {}
        while place < properties + size:
            name, kind = columns[unpack("H", place)]
            place += 2
            if kind < len(FGB_FORMATS):
                found[name] = tagged(unpack(FGB_FORMATS[kind], place))
                place += struct.calcsize(FGB_FORMATS[kind])
            else:
                length = unpack("I", place)
                value = content[place + 4 : place + 4 + length]
                place += 4 + length
                assert place <= properties + size, "cut short"
                found[name] = tagged(value if kind == 14 else value.decode())
        row["values"] = {name: found.get(name) for name, _ in columns}
        at += 4 + unpack("I", at)
    return [shapes]


def by_json(path):
    with open(path, encoding="utf-8-sig") as file:
        text = file.read()
    # Control characters in texts are not allowed, but they are not ambiguous.
    load = lambda text: json.loads(text, parse_constant=lambda name: 1 / 0, strict=False)
    documents = [load(line.strip("\x1e")) for line in text.splitlines() if line.strip("\x1e \t")] if path.endswith("l") else [load(text)]
    features = [feature for document in documents for feature in (document["features"] if document.get("type") == "FeatureCollection" else [document])]
    assert all(feature["type"] == "Feature" for feature in features), "a member is no feature"
    properties = [feature.get("properties") or {} for feature in features]
    names = list(dict.fromkeys(name for values in properties for name in values))
    columns = {name: [json_value(values.get(name)) for values in properties] for name in names}
    shapes = [feature.get("geometry") for feature in features]
    return [layer(columns, [wkb_of(shape) for shape in shapes])]


def json_value(value):
    known = tagged(value)
    if known:
        known["lit"] = [json.dumps(value), json.dumps(value, ensure_ascii=False)]
    return known


def by_csv(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        text = file.read()
    delimiter = max(",;", key=text.splitlines()[0].count)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = [row for row in rows if row]
    assert all(len(row) == len(header) for row in rows), "rows of different lengths"
    # DictReader would keep the last of two columns with one name.
    assert len(set(header)) == len(header), "two columns have one name"
    # Blanks around a name are no part of it for a reader that looks for coordinates.
    lower = [name.strip().lower() for name in header]
    if "wkt" in lower:
        place = lower.index("wkt")
        shapes = [shape_of(row[place]) if row[place] else None for row in rows]
    elif "lon" not in lower or "lat" not in lower:
        shapes = [None] * len(rows)
    else:
        places = [lower.index("lon"), lower.index("lat")]
        shapes = [None if "" in [row[n] for n in places] else {"type": "Point", "coordinates": [float(row[n]) for n in places]} for row in rows]
    columns = {name: [tag("any", row[n]) if row[n] else None for row in rows] for n, name in enumerate(header) if lower[n] != "wkt"}
    return [layer(columns, [wkb_of(shape) for shape in shapes])]


READERS = {".gpkg": [by_pyogrio, by_sqlite], ".shp": [by_pyogrio, by_dbf], ".fgb": [by_pyogrio, by_columns], ".geojson": [by_pyogrio, by_json], ".geojsonl": [by_pyogrio, by_json], ".csv": [by_csv], ".parquet": [by_pyarrow]}


def read(name):
    readings = []
    for reader in READERS[os.path.splitext(name)[1]]:
        try:
            readings.append({"by": reader.__name__, "layers": reader(os.path.join(FOLDER, name))})
        except Exception as error:
            readings.append({"by": reader.__name__, "error": f"{type(error).__name__}: {error}"[:300]})
    return readings


def main():
    """One child reads all files in turn. If it ends, the next one continues after the file that ended it."""
    names, answers = json.load(sys.stdin), {}
    while len(answers) < len(names):
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receiver)
            # GDAL and Python write what they find there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with os.fdopen(sender, "w") as out:
                for name in names[len(answers) :]:
                    signal.alarm(SECONDS)
                    out.write(json.dumps([name, read(name)]) + "\n")
                    out.flush()
            os._exit(0)
        os.close(sender)
        with os.fdopen(receiver) as lines:
            for line in lines:
                if line.endswith("\n"):
                    name, readings = json.loads(line)
                    answers[name] = readings
        os.waitpid(child, 0)
        if len(answers) < len(names):
            answers[names[len(answers)]] = [{"by": "python", "error": "it ends the process"}]
    print(json.dumps(answers))


main()
