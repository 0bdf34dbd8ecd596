/** Tables without geometry: what is one, what is none, and what is known of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openCatalog } from '../../../src/catalog/catalog.ts'
import { kindOf } from '../../../src/model/layer.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, problemOf, testCatalog } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-tables-'))

const MAKE = `
import json, sqlite3, sys, duckdb, geopandas, pandas as pd, pyarrow as pa, pyarrow.parquet as pq, pyogrio, shapely
folder = sys.argv[1]
def write(name, columns, metadata={}):
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata}), f'{folder}/{name}.parquet')
wkb = pa.array([shapely.Point(1, 2).wkb], pa.binary())
box = pa.array([{'xmin': 1.0, 'ymin': 2.0, 'xmax': 3.0, 'ymax': 4.0}])
geo = lambda column: {'geo': json.dumps({'version': '1.1.0', 'primary_column': column, 'columns': {column: {'encoding': 'WKB', 'geometry_types': []}}})}
write('plain', {'id': [3, 1, 2], 'name': ['a', None, 'c']})
write('words', {'geometry': ['round'], 'geom': ['square'], 'wkb': [7], 'bbox': box, 'xmin': [1.0], 'file_row_number': [5]})
write('bytes', {'id': [1], 'photo': wkb})
write('only_key', {'id': [1, 2]})
write('no_rows', {'id': pa.array([], pa.int64()), 'name': pa.array([], pa.string())})
write('nameless_geometry', {'id': [1], 'Geometry ': wkb})
write('absent_geometry', {'id': [1], 'geometry': ['POINT (1 2)']}, geo('shape'))
write('text_geometry', {'id': [1], 'geometry': ['POINT (1 2)']}, geo('geometry'))
point = pa.field('place', pa.struct([('x', pa.float64()), ('y', pa.float64())]), metadata={'ARROW:extension:name': 'geoarrow.point'})
pq.write_table(pa.table([pa.array([{'x': 1.0, 'y': 2.0}])], schema=pa.schema([point])), f'{folder}/geoarrow.parquet')

store = duckdb.connect(f'{folder}/store.duckdb')
store.execute("CREATE TABLE owners (code VARCHAR PRIMARY KEY, since DATE)")
store.execute("INSERT INTO owners VALUES ('a', '2020-01-01'), ('b', NULL)")
store.execute("CREATE TABLE nobody (a INTEGER)")
store.execute("CREATE VIEW old_owners AS FROM owners WHERE since < '2010-01-01'")
store.close()

frame = geopandas.GeoDataFrame({'a': [1]}, geometry=[shapely.Point(1, 2)], crs=4326)
frame.to_file(f'{folder}/mixed.gpkg', layer='spots', driver='GPKG')
pyogrio.write_dataframe(pd.DataFrame({'name': ['x', None], 'n': [1, 2]}), f'{folder}/mixed.gpkg', layer='notes', append=True)
pyogrio.write_dataframe(pd.DataFrame({'name': ['x']}), f'{folder}/lost.gpkg', layer='parcels', driver='GPKG')
database = sqlite3.connect(f'{folder}/lost.gpkg')
database.execute("UPDATE gpkg_contents SET data_type = 'features'")
database.commit()
pyogrio.write_dataframe(pd.DataFrame({'name': ['x']}), f'{folder}/attributes_only.gpkg', layer='log', driver='GPKG')
database = sqlite3.connect(f'{folder}/attributes_only.gpkg')
database.execute('DROP TABLE gpkg_geometry_columns')
database.execute("UPDATE gpkg_contents SET data_type = 'aspatial'")
database.commit()
print('null')
`

const CSV: Readonly<Record<string, string>> = {
  'people.csv': 'id,name,born\n1,Ann,1990-05-01\n2,"Bob; or\nso",\n',
  'semicolons.csv': 'name;note, long;n\nx;"a,b";1\ny;c,d;2\n',
  'years.csv': 'country,1990,1991\nCH,1,2\n',
  'one_column.csv': 'city\n"Paris, France"\nBern, Switzerland\n',
  'no_lines.csv': 'a,b\n',
  'shapes.csv': 'id,geometry,geography\n1,,Europe\n2,round,Asia\n3,Polygon,\n',
  'named_twice.csv': 'id,geometry,the_geom\n1,round,POINT (1 2)\n',
  'damaged.csv': 'id,wkt\n1,"POLYGON ((0 0, 1 1"\n',
  'no_values.csv': 'id,wkt\n1,\n',
  'letters.csv': 'x,y\na,b\n',
  'numbers.csv': '1,2.5\n3,4\n',
}

for (const [name, text] of Object.entries(CSV)) writeFileSync(join(folder, name), text)
await python(MAKE, [folder])
const catalog = await testCatalog(folder)
const claimed = new Map(catalog.layers().map((layer) => [layer.name, layer]))
await catalog.prepared
await catalog.checked
afterAll(async () => {
  await catalog.close()
  rmSync(folder, { recursive: true })
})

const TABLES: Readonly<Record<string, readonly [rows: number, columns: string]>> = {
  plain: [3, 'id BIGINT, name VARCHAR'],
  words: [
    1,
    'geometry VARCHAR, geom VARCHAR, wkb BIGINT, bbox STRUCT(xmin DOUBLE, ymin DOUBLE, xmax DOUBLE, ymax DOUBLE), xmin DOUBLE, file_row_number BIGINT',
  ],
  bytes: [1, 'id BIGINT, photo BLOB'],
  only_key: [2, 'id BIGINT'],
  no_rows: [0, 'id BIGINT, name VARCHAR'],
  owners: [2, 'code VARCHAR, since DATE'],
  nobody: [0, 'a INTEGER'],
  notes: [2, 'fid BIGINT, name VARCHAR, n BIGINT'],
  log: [1, 'fid BIGINT, name VARCHAR'],
  people: [2, 'id INTEGER, name VARCHAR, born DATE'],
  semicolons: [2, 'name VARCHAR, note, long VARCHAR, n INTEGER'],
  years: [1, 'country VARCHAR, 1990 INTEGER, 1991 INTEGER'],
  one_column: [2, 'city VARCHAR'],
  no_lines: [0, 'a VARCHAR, b VARCHAR'],
  shapes: [3, 'id INTEGER, geometry VARCHAR, geography VARCHAR'],
}

test.each(Object.entries(TABLES))(
  '%s is a table with these rows and columns, and nothing of a geometry',
  (name, [rows, columns]) => {
    const layer = layerOf(catalog, name)
    expect(layer.columns.map((column) => `${column.name} ${column.native}`).join(', ')).toBe(columns)
    expect(layer).toMatchObject({ state: 'READY', featureCount: rows, geometryColumn: null, geometryEncoding: null })
    expect(layer).toMatchObject({ geometryTypes: [], crs: null, extent: null, hasZ: null, pruning: { kind: 'NONE' } })
    expect(layer.check).toBeUndefined()
  },
)

test('every other layer has a geometry', () => {
  const others = catalog.layers().filter(({ name }) => !(name in TABLES))
  expect(others.map(({ name }) => name)).toEqual(['damaged', 'letters', 'named_twice', 'no_values', 'spots'])
  expect(others.map(kindOf)).toEqual(others.map(() => 'FEATURES'))
})

test('a key is proven as in a layer with geometry', () => {
  const keys = ['plain', 'only_key', 'no_rows', 'words', 'owners', 'people', 'notes'].map((name) => layerOf(catalog, name).key)
  const of = (column: string) => ({ kind: 'COLUMN', column })
  const rows = { kind: 'ROW_NUMBER' }
  expect(keys).toMatchObject([of('id'), of('id'), rows, rows, of('code'), of('id'), of('fid')])
  expect(claimed.get('owners')).toMatchObject({ state: 'CHECKING', geometryColumn: null, key: of('code') })
})

test('a table of attributes is known as a table before it is prepared', () => {
  expect(claimed.get('notes')).toMatchObject({ state: 'PREPARING', geometryColumn: null })
  expect(claimed.get('spots')).toMatchObject({ state: 'PREPARING', geometryColumn: 'geometry' })
})

test.each([
  [
    'nameless_geometry.parquet',
    /^it has no geometry column: its column Geometry {2}has the name and bytes of one, .*another name/,
  ],
  ['absent_geometry.parquet', /^it has no geometry column: its GeoParquet metadata names shape, which is none of its columns/],
  ['text_geometry.parquet', /^its scan failed: its geometry column holds no binary values/],
  ['geoarrow.parquet', /^it has no geometry column: it has columns of GeoArrow/],
  ['lost.gpkg', 'table parcels is listed in gpkg_contents, but gpkg_geometry_columns does not have it'],
  [
    'numbers.csv',
    /^its first line must have the names of its columns, and has only numbers or blanks: put a line with them before it$/,
  ],
  ['store.duckdb', 'view old_owners: only tables are served: make one of it, CREATE TABLE ... AS FROM old_owners'],
])('a geometry that cannot be read makes no table of %s: the problem names it', (file, problem) => {
  expect(problemOf(catalog, file)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
  expect(catalog.layer(file.replace(/\.\w+$/, ''))).toBeUndefined()
})

test('a column of words that is called like a geometry is a property of a table, and a problem names it', () => {
  const reasons = catalog.problems().flatMap(({ source, reason }) => (source === 'shapes.csv' ? [reason] : []))
  const why = 'has the name of a geometry, but none of its values begins like WKT, hexadecimal WKB or GeoJSON'
  expect(reasons).toEqual([
    `its column geometry ${why} (the first on line 3: "round"): it is a property`,
    `its column geography ${why} (the first on line 2: "Europe"): it is a property`,
  ])
  const { geometryColumn, columns } = layerOf(catalog, 'named_twice')
  expect([geometryColumn, ...columns.map(({ name }) => name)]).toEqual(['geom', 'id', 'geometry'])
})

test('a damaged geometry in a CSV stays one: its feature has no geometry, and a problem says why', () => {
  expect(layerOf(catalog, 'damaged')).toMatchObject({ geometryColumn: 'geometry', check: { nullGeometries: 1 } })
  expect(problemOf(catalog, 'damaged.csv')).toMatch(/^1 value of its column wkt cannot be read, on line 2: /)
})

test('options of a table hold as far as they do not concern a geometry', async () => {
  const options = { crs: 'EPSG:2154', onInvalid: 'drop', key: 'name', columns: { exclude: ['id'] } } as const
  const configured = await openCatalog({
    sources: [],
    layers: [
      { name: 'chosen', path: join(folder, 'store.duckdb'), table: 'owners' },
      { name: 'several', path: join(folder, 'store.duckdb') },
      { name: 'spatial', path: join(folder, 'mixed.gpkg') },
      { name: 'keyed', path: join(folder, 'people.csv'), ...options },
    ],
    spatialExtension: SPATIAL_EXTENSION,
    log: { info: () => {}, warn: () => {} },
  })
  await configured.prepared
  await configured.checked
  expect(configured.layers().map((layer) => [layer.name, kindOf(layer)])).toEqual([
    ['chosen', 'TABLE'],
    ['keyed', 'TABLE'],
    ['spatial', 'FEATURES'],
  ])
  const { key, columns, crs } = layerOf(configured, 'keyed')
  expect([key, columns.map(({ name }) => name), crs]).toEqual([{ kind: 'COLUMN', column: 'name' }, ['name', 'born'], null])
  expect(configured.problems().map(({ reason }) => reason)).toEqual(
    expect.arrayContaining([
      'layer several: it holds 2 tables: name one with `table`',
      'layer keyed: `crs` does not hold for a table without geometry: leave it out',
      'layer keyed: `onInvalid` does not hold for a table without geometry: leave it out',
    ]),
  )
  await configured.close()
})
