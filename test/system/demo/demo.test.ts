/** The demo's layers as set-up made them, read by geopandas. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { python } from '../../support/python.ts'

const DEMO = join(ROOT, '.geoduck/demo')
const read = `
import geopandas, json, shapely, sys
import pyarrow.parquet as parquet
def layer(name, folder=sys.argv[1]): return geopandas.read_parquet(f"{folder}/{name}.parquet")
`

test('the countries are valid areas of one type in longitude and latitude', async () => {
  const found = await python(
    `${read}
c = layer("countries")
print(json.dumps({
  "count": len(c), "crs": c.crs.to_string(), "types": list(c.geom_type.unique()), "valid": bool(c.is_valid.all()),
  "bounds": [round(x, 3) for x in c.total_bounds], "germany": float(c[c.name == "Germany"].area_km2.iloc[0]),
}))`,
    [DEMO],
  )
  const bounds = [-180, -89.999, 180, 83.6]
  expect(found).toMatchObject({ count: 241, crs: 'OGC:CRS84', types: ['MultiPolygon'], valid: true, bounds })
  // 357,590 km2 by the federal statistical office; the outline is at 1:50 million.
  expect((found as { germany: number }).germany / 357_590).toBeCloseTo(1, 2)
})

test('no country draws a stripe across the world: it has land on both sides of the antimeridian and none in between', async () => {
  const found = await python(
    `${read}
c = layer("countries")
at = lambda x, y: sorted(c[c.contains(shapely.Point(x, y))].name)
places = [[179.5, 68], [-175, 67], [0, 67], [-30, 67], [179.3, -16.6], [-179.9, -16.8], [0, -16.7], [-100, -16.7], [90, -85], [-179.9, -85], [179.9, -85]]
print(json.dumps([at(x, y) for x, y in places]))`,
    [DEMO],
  )
  const [russia, fiji, antarctica] = [['Russia'], ['Fiji'], ['Antarctica']]
  expect(found).toEqual([russia, russia, [], [], fiji, fiji, [], [], antarctica, antarctica, antarctica])
})

test('every one of the 200,000 observations lies in the country it names', async () => {
  const found = await python(
    `${read}
o, c = layer("observations"), layer("countries")
joined = geopandas.sjoin(o, c[["name", "geometry"]], predicate="within")
print(json.dumps({"count": len(o), "ids": int(o.id.nunique()), "inside": int((joined.country == joined.name).sum()), "types": list(o.geom_type.unique()), "crs": o.crs.to_string()}))`,
    [DEMO],
  )
  expect(found).toEqual({ count: 200_000, ids: 200_000, inside: 200_000, types: ['Point'], crs: 'OGC:CRS84' })
})

test.each(['countries', 'observations'])('%s declares a covering column that holds the bounds of each geometry', async (name) => {
  const found = await python(
    `${read}
import numpy
file = f"{sys.argv[1]}/{sys.argv[2]}.parquet"
geo = json.loads(parquet.read_metadata(file).metadata[b"geo"])
table = layer(sys.argv[2])
box = parquet.read_table(file, columns=["bbox"]).flatten().to_pandas().to_numpy()
print(json.dumps({
  "version": geo["version"], "covering": geo["columns"][geo["primary_column"]]["covering"]["bbox"],
  "true": bool(numpy.array_equal(box, table.bounds.to_numpy())),
}))`,
    [DEMO, name],
  )
  const covering = { xmin: ['bbox', 'xmin'], ymin: ['bbox', 'ymin'], xmax: ['bbox', 'xmax'], ymax: ['bbox', 'ymax'] }
  expect(found).toMatchObject({ version: '1.1.0', covering, true: true })
})

test('two builds make the same rows in the same order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-demo-'))
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/demo/build.ts'), folder])
    const same = await python(
      `${read}
print(json.dumps([parquet.read_table(f"{sys.argv[1]}/{n}.parquet").equals(parquet.read_table(f"{sys.argv[2]}/{n}.parquet")) for n in ["countries", "observations"]]))`,
      [DEMO, folder],
    )
    expect(same).toEqual([true, true])
  } finally {
    await rm(folder, { recursive: true })
  }
})
