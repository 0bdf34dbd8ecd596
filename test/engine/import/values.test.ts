/** Stores hold what geopandas reads from the same files. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { SHARED } from '../../support/environment.ts'
import { geoduckImport, look, remove, temporaryFolder } from '../../support/import.ts'
import { python } from '../../support/python.ts'

let folder: string
let expected: readonly { readonly names: readonly string[]; readonly rows: readonly (string | null)[][] }[]
beforeAll(async () => {
  folder = await temporaryFolder()
  // One Python process for all files: it takes a second to import geopandas.
  expected = await python(PROGRAM, await Promise.all(FILES.map(fileOf)))
})
afterAll(() => remove(folder))

/** For each feature: the ISO WKB of its geometry, then its texts and integers by the names of their columns. */
const PROGRAM = `
import sys, json, geopandas, shapely, numbers
def table(path):
    frame = geopandas.read_parquet(path) if path.endswith('parquet') else geopandas.read_file(path)
    names = [c for c in frame.columns if c != frame.geometry.name and frame[c].map(lambda v: v is None or v != v or isinstance(v, str) or (isinstance(v, numbers.Integral) and not isinstance(v, bool))).all()]
    shapes = [None if g is None else shapely.to_wkb(g, hex=True, flavor='iso') for g in frame.geometry]
    rows = [[s] + [None if v is None or v != v else str(v) for v in (row[c] for c in names)] for s, (_, row) in zip(shapes, frame[names].iterrows())]
    return {'names': names, 'rows': rows}
print(json.dumps([table(path) for path in sys.argv[1:]]))
`

const FILES = [
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
]

async function fileOf(name: string): Promise<string> {
  return name.startsWith('data/') ? join(SHARED, name) : await fixture(name)
}

test.each(FILES)('an import of %s holds what geopandas reads', async (name) => {
  const file = await fileOf(name)
  const store = join(folder, `${name.replaceAll('/', '-')}.duckdb`)
  expect(await geoduckImport(file, '--into', store, '--layer', 'layer')).toMatchObject({ code: 0 })
  const { names, rows } = expected[FILES.indexOf(name)]!
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
