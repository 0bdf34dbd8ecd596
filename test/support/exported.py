"""Compares an exported file with its source, by pyarrow, GDAL (pyogrio) and shapely. It prints what differs, as JSON.

sys.argv: the source, the export. Rules of a format are what docs/exports.md lists as lossy.
"""
import base64
import datetime
import decimal
import json
import math
import sys
import warnings

import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

warnings.simplefilter("ignore")
source, export = sys.argv[1:3]
ending = next(e for e in ("parquet", "fgb", "gpkg", "shp.zip", "kml", "csv", "geojson") if export.endswith(f".{e}"))


def geo(table):
    return json.loads(table.schema.metadata[b"geo"])


stored = pq.read_table(source)
primary = geo(stored)["primary_column"]
names = [name for name in stored.column_names if name not in (primary, "bbox")]
crs = geo(stored)["columns"][primary].get("crs")
given_crs = pyproj.CRS.from_json_dict(crs) if crs else pyproj.CRS.from_epsg(4326)
if ending == "parquet":
    read = pq.read_table(export)
    found = geo(read)["columns"][geo(read)["primary_column"]]
    read_crs = pyproj.CRS.from_json_dict(found["crs"]) if "crs" in found else pyproj.CRS.from_epsg(4326)
    column = geo(read)["primary_column"]
    covering = read.column("bbox").to_pylist()
else:
    # GDAL's own way to read FlatGeobuf as Arrow gives wrong sizes of missing bytes.
    pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": True})
    meta, read = pyogrio.read_arrow(export)
    column = meta["geometry_name"] or "wkb_geometry"
    read_crs = meta["crs"] and pyproj.CRS.from_user_input(meta["crs"])
    covering = None
read_names = {name: name for name in read.column_names}
if ending == "shp.zip":
    read_names = {name: name[:10] for name in names}


def text_time(value):
    return value.isoformat() + ("" if value.tzinfo is None else "Z") if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def trimmed(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_ms(value):
    last = datetime.datetime(1969, 12, 31, 23, 59, 59)
    return last if last <= value < last + datetime.timedelta(seconds=1) else value.replace(microsecond=value.microsecond // 1000 * 1000)


def expected(name, value, kind):
    """The value that the file should have."""
    if value is None:
        return None
    is_text = ending in ("shp.zip", "kml", "csv")
    if ending == "parquet":
        return value
    if isinstance(value, bool):
        return value if ending in ("fgb", "gpkg", "geojson") else (("true" if value else "false") if ending == "csv" else int(value))
    if isinstance(value, datetime.datetime):
        if ending == "geojson" or is_text:
            return trimmed(text_time(value).removesuffix("Z"))
        return to_ms(value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value)
    if isinstance(value, datetime.date):
        return value.isoformat() if is_text or ending == "geojson" else datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode() if is_text or ending == "geojson" else value
    if isinstance(value, decimal.Decimal):
        return str(value) if kind.precision > 15 else float(value)
    if isinstance(value, int) and (name == "u64" or (ending == "kml" and name in ("i64", "u32", "id"))):
        return str(value)
    if value == "" and ending == "shp.zip":
        return None
    return value


def shown(value):
    """The value that the file has, in the same form."""
    if isinstance(value, datetime.datetime):
        return value if ending == "parquet" else value.replace(tzinfo=None)
    if isinstance(value, str) and ending in ("shp.zip", "kml"):
        if len(value) > 10 and value[4] == "-" and value[10] == "T":
            return trimmed(value.removesuffix("Z"))
    return value


def same(a, b):
    if isinstance(a, float) and isinstance(b, (float, int)):
        if math.isnan(a):
            return isinstance(b, float) and math.isnan(b)
        return a == b or (ending in ("shp.zip", "kml") and math.isclose(a, b, rel_tol=1e-14, abs_tol=1e-15))
    return type(a) is type(b) and a == b


differences = []
key = names[0]
order = {str(value): row for row, value in enumerate(read.column(read_names[key] if ending != "kml" else ("id2" if key == "id" else key)).to_pylist())}
rows = stored.column(key).to_pylist()
if len(order) != len(rows) or read.num_rows != len(rows):
    differences.append(["rows", len(rows), read.num_rows])
for name in names:
    kind = stored.schema.field(name).type
    values = read.column("id2" if ending == "kml" and name == "id" else read_names[name]).to_pylist()
    for row, value in enumerate(stored.column(name).to_pylist()):
        a, b = expected(name, value, kind), shown(values[order[str(rows[row])]])
        if not same(a, b):
            differences.append([name, str(rows[row]), repr(a), repr(b)])
wkb = read.column(column).to_pylist()
shapes = shapely.from_wkb(stored.column(primary).to_pylist())
found_shapes = shapely.from_wkb([wkb[order[str(value)]] for value in rows])
if ending == "kml" and not given_crs.equals(pyproj.CRS.from_epsg(4326), ignore_axis_order=True):
    move = pyproj.Transformer.from_crs(given_crs, 4326, always_xy=True).transform
    shapes = shapely.transform(shapes, lambda xy: __import__("numpy").column_stack(move(xy[:, 0], xy[:, 1])) if len(xy) else xy)
for row, (a, b) in enumerate(zip(shapes, found_shapes)):
    is_lost = a is not None and a.is_empty and ending in ("fgb", "kml", "shp.zip")
    if is_lost or a is None:
        equal = b is None or b.is_empty
    elif ending == "shp.zip" and b is not None:
        # A ring may begin at another point, and a single part is no collection.
        equal = shapely.equals(a, b) and a.has_z == b.has_z
    else:
        equal = b is not None and a.geom_type == b.geom_type and a.has_z == b.has_z and bool(shapely.equals_exact(a, b, 1e-8))
    if not equal:
        differences.append(["geometry", str(rows[row]), repr(a), repr(b)])
    if covering is not None and a is not None and not a.is_empty:
        box = covering[order[str(rows[row])]]
        if [box[side] for side in ("xmin", "ymin", "xmax", "ymax")] != list(a.bounds):
            differences.append(["bbox", str(rows[row]), list(a.bounds), box])
wanted = pyproj.CRS.from_epsg(4326) if ending == "kml" else given_crs
if read_crs is None or not (read_crs.equals(wanted, ignore_axis_order=True) or read_crs.to_epsg() == wanted.to_epsg()):
    differences.append(["crs", str(wanted), str(read_crs)])
print(json.dumps({"rows": read.num_rows, "differences": differences[:20], "order": [int(k) if k.isdigit() else k for k in order]}, default=str))
