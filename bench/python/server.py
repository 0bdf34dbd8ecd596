"""The fair Python server: server.py EXTENSION DATA. One shared instance that loaded the extension once, a cursor per request in a thread,
GeoJSON over HTTP. ST_AsGeoJSON with orjson's fragments was faster than shapely and than text joined in Python. Prints its address."""
import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import orjson
from aiohttp import web

extension, data = sys.argv[1:3]
COLUMNS = {
    "buildings": ["id", "name", "class", "height", "levels", "built_year"],
    "points": ["id", "name", "category", "value", "ts"],
}
BOX = """bbox.xmin <= $3 AND bbox.xmax >= $1 AND bbox.ymin <= $4 AND bbox.ymax >= $2
    AND ST_Intersects(geom, ST_MakeEnvelope($1::DOUBLE, $2::DOUBLE, $3::DOUBLE, $4::DOUBLE))"""
WHERE = {
    "box": BOX,
    "count": BOX,
    "key": "id = $1::BIGINT",
    "text": "name = $1",
    "page": "class = $1 AND height >= $2::DOUBLE ORDER BY name LIMIT 100",
}
shared = duckdb.connect(":memory:", config={"memory_limit": "4GB"})
shared.execute("SET enable_progress_bar = false")
shared.execute(f"LOAD '{extension}'")
shared.execute("SET parquet_metadata_cache = true")
threads = ThreadPoolExecutor(8)


def answer(layer: str, kind: str, values: list) -> bytes:
    names = COLUMNS[layer]
    selected = "count(*)" if kind == "count" else f"{', '.join(names)}, ST_AsGeoJSON(geom)"
    cursor = shared.cursor()
    try:
        rows = cursor.execute(f"SELECT {selected} FROM read_parquet('{data}/{layer}.parquet') WHERE {WHERE[kind]}", values).fetchall()
    finally:
        cursor.close()
    if kind == "count":
        return orjson.dumps({"count": rows[0][0]})
    features = [{"type": "Feature", "geometry": orjson.Fragment(row[-1]), "properties": dict(zip(names, row))} for row in rows]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


async def handle(request: web.Request) -> web.Response:
    values = request.query.getall("v")
    if len(values) == 4:
        values = [float(value) for value in values]
    task = asyncio.get_running_loop().run_in_executor(threads, answer, request.match_info["layer"], request.match_info["kind"], values)
    return web.Response(body=await task, content_type="application/geo+json")


async def main() -> None:
    app = web.Application()
    app.router.add_get("/{layer}/{kind}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ready http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
