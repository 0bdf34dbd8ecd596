/** Stores hold what geopandas reads from the same files. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { SHARED } from '../../support/environment.ts'
import { geoduckImport, look, remove, temporaryFolder } from '../../support/import.ts'
import { python } from '../../support/python.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => remove(folder))

/** Of each feature the ISO WKB of its geometry, then its text and whole numbers by the names of their columns. */
const PROGRAM = `
import sys, json, geopandas, shapely, numbers
frame = geopandas.read_parquet(sys.argv[1]) if sys.argv[1].endswith('parquet') else geopandas.read_file(sys.argv[1])
names = [c for c in frame.columns if c != frame.geometry.name and frame[c].map(lambda v: v is None or v != v or isinstance(v, str) or (isinstance(v, numbers.Integral) and not isinstance(v, bool))).all()]
shapes = [None if g is None else shapely.to_wkb(g, hex=True, flavor='iso') for g in frame.geometry]
rows = [[s] + [None if v is None or v != v else str(v) for v in (row[c] for c in names)] for s, (_, row) in zip(shapes, frame[names].iterrows())]
print(json.dumps({'names': names, 'rows': rows}))
`

test.each([
  'data/airports.shp',
  'data/countries.geojson',
  'data/lakes.gpkg',
  'data/railroads.fgb',
  'data/places.parquet',
  'geoparquet/mixed.parquet',
  'geoparquet/z.parquet',
  'geoparquet/native-point-z.parquet',
  'geoparquet/native-multipolygon.parquet',
  'geoparquet/native-multipoint.parquet',
  'geoparquet/native-linestring.parquet',
  'geoparquet/projected.parquet',
])('%s', async (name) => {
  const file = name.startsWith('data/') ? join(SHARED, name) : await fixture(name)
  const store = join(folder, `${name.replaceAll('/', '-')}.duckdb`)
  expect(await geoduckImport(file, '--into', store, '--layer', 'layer')).toMatchObject({ code: 0 })
  const { names, rows } = await python<{ names: string[]; rows: (string | null)[][] }>(PROGRAM, [file])
  const [described] = await look(
    store,
    "SELECT column_name FROM duckdb_columns() WHERE table_name = 'layer' AND starts_with(data_type, 'GEOMETRY')",
  )
  const columns = names.map((column) => `"${column}"::VARCHAR`).join(', ')
  const found = await look(store, `SELECT ST_AsHEXWKB("${described?.[0]}")${columns && `, ${columns}`} FROM layer`)
  const sorted = (list: readonly unknown[]) => list.map((row) => JSON.stringify(row)).sort()
  expect(found.length).toBeGreaterThan(0)
  expect(sorted(found)).toEqual(sorted(rows))
})
