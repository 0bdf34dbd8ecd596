/** Copies of files of other formats, held against what GDAL itself reads in them, by pyogrio. */
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fixture } from '../../../fixtures/index.ts'
import { SHARED } from '../../../support/environment.ts'
import { python } from '../../../support/python.ts'
import { layerOf, testCatalog } from '../support.ts'

const folder = await fixture('formats')
const catalog = await testCatalog(folder, join(SHARED, 'data'))
const first = catalog.layers().map(({ name, state }) => [name, state])
await catalog.prepared
await catalog.checked
afterAll(() => catalog.close())

interface Comparison {
  readonly source: number
  readonly copy: number
  /** Columns whose values differ, with the first two that do. */
  readonly differences: readonly string[]
  readonly columns: readonly string[]
  readonly sameGeometry: boolean
  readonly sameCrs: boolean
  readonly bounds: readonly number[]
  readonly metadata: { readonly version: string; readonly types: readonly string[]; readonly bbox: readonly number[] | null }
}

/** Reads a source and its copy, each by libraries that share no code with the product, and compares them feature by feature. */
const COMPARE = `
import sys, json, math, datetime, warnings
warnings.filterwarnings('ignore')
import pyogrio, geopandas, pandas, numpy, shapely, pyarrow.parquet
file, table, copy, key = sys.argv[1:5]
source = pyogrio.read_dataframe(file, layer=table or None, fid_as_index=True)
copied = geopandas.read_parquet(copy)
copied = copied.set_index(key, drop=False).sort_index()
if key in source.columns: source = source.set_index(key, drop=False).sort_index()
def plain(value):
    if isinstance(value, (list, numpy.ndarray)): return [plain(v) for v in value]
    if value is None or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)): return None
    if isinstance(value, (pandas.Timestamp, datetime.datetime)):
        stamp = pandas.Timestamp(value)
        return (stamp.tz_convert('UTC').tz_localize(None) if stamp.tzinfo else stamp).isoformat()
    if isinstance(value, datetime.date): return value.isoformat() + 'T00:00:00'
    if isinstance(value, str) and value[:1] in '{[':
        try: return json.loads(value)
        except ValueError: return value
    return value.item() if isinstance(value, numpy.generic) else value
geometry = source.geometry.name
attributes = [name for name in source.columns if name != geometry]
differences = []
for name in attributes:
    a, b = [plain(v) for v in source[name].tolist()], [plain(v) for v in copied[name].tolist()]
    # GDAL's newer GeoJSON reader makes doubles of integers that fill 64 bits; the engine's keeps them.
    a = [float(y) == x and y or x if isinstance(x, float) and isinstance(y, int) else x for x, y in zip(a, b)]
    if a != b: differences.append(name + ': ' + str([pair for pair in zip(a, b) if pair[0] != pair[1]][:2]))
wkb = lambda series: [None if g is None else shapely.to_wkb(g, hex=True, output_dimension=3) for g in series]
geo = json.loads(pyarrow.parquet.ParquetFile(copy).metadata.metadata[b'geo'])
column = geo['columns'][geo['primary_column']]
print(json.dumps({
  'source': len(source), 'copy': len(copied), 'differences': differences,
  'columns': [name for name in copied.columns if name not in attributes and name != copied.geometry.name],
  'sameGeometry': wkb(source.geometry) == wkb(copied.geometry),
  'sameCrs': source.crs == copied.crs or (source.crs is not None and copied.crs is not None and source.crs.to_epsg() == 4326 and str(copied.crs) == 'OGC:CRS84'),
  'bounds': [None if math.isnan(v) else v for v in source.total_bounds],
  'metadata': {'version': geo['version'], 'types': column['geometry_types'], 'bbox': column.get('bbox')},
}))`

async function compared(file: string, name: string, table = ''): Promise<Comparison> {
  const { relation, columns } = layerOf(catalog, name)
  const copy = relation.kind === 'parquet' ? relation.files[0]! : ''
  // GDAL takes a property `id` for the number of the feature: there another property identifies features.
  const has = (name: string) => columns.some((column) => column.name === name)
  const fid = table ? 'fid' : has('OGC_FID') ? 'OGC_FID' : has('whole') ? 'whole' : 'id'
  return await python<Comparison>(COMPARE, [file, table, copy, fid])
}

const real = (name: string) => join(SHARED, 'data', name)

test.each([
  ['lakes', real('lakes.gpkg'), 'lakes', 1354],
  ['airports', real('airports.shp'), '', 891],
  ['railroads', real('railroads.fgb'), '', 1127],
  ['countries', real('countries.geojson'), '', 241],
  ['mixed_mixed', join(folder, 'mixed.gpkg'), 'mixed', 6],
  ['an_odd_table', join(folder, 'mixed.gpkg'), 'an "odd" table; --', 6],
  ['without_crs', join(folder, 'mixed.gpkg'), 'without_crs', 6],
  ['own_crs', join(folder, 'mixed.gpkg'), 'own_crs', 6],
  ['mixed_geojson', join(folder, 'mixed.geojson'), '', 6],
  ['mixed_geojsonl', join(folder, 'mixed.geojsonl'), '', 6],
  ['projected', join(folder, 'projected.geojson'), '', 6],
  ['lifted_fgb', join(folder, 'lifted.fgb'), '', 6],
  ['flat', join(folder, 'flat.fgb'), '', 5],
  ['lifted_shp', join(folder, 'lifted.shp'), '', 6],
  ['latin', join(folder, 'latin.shp'), '', 3],
  ['numbers', join(folder, 'numbers.geojson'), '', 3],
  ['texts', join(folder, 'texts.geojson'), '', 3],
  ['loose', join(folder, 'loose.geojson'), '', 2],
  ['wide', join(folder, 'wide.geojson'), '', 1],
  ['only-geometry', join(folder, 'only-geometry.geojson'), '', 3],
  ['sequence', join(folder, 'sequence.geojsons'), '', 5],
])('%s: every feature once, with the values, geometry, CRS and extent that GDAL reads', async (name, file, table, count) => {
  const found = await compared(file, name, table)
  expect(found).toMatchObject({ source: count, copy: count, differences: [], sameGeometry: true, sameCrs: true })
  const layer = layerOf(catalog, name)
  expect(layer).toMatchObject({ state: 'READY', featureCount: count })
  expect(layer.extent).toEqual(found.bounds)
  expect(found.metadata).toMatchObject({ version: '1.1.0', bbox: found.bounds })
})

test('before they are prepared, layers are there by name, PREPARING', () => {
  expect(first).toContainEqual(['lakes', 'PREPARING'])
  expect(first).toContainEqual(['places', 'CHECKING'])
})

test('the metadata and the layer have the actual types', async () => {
  const { metadata } = await compared(join(folder, 'mixed.gpkg'), 'mixed_mixed', 'mixed')
  expect(metadata.types).toEqual(['GeometryCollection', 'LineString', 'MultiPolygon', 'Point Z', 'Polygon'])
  expect(layerOf(catalog, 'mixed_mixed')).toMatchObject({
    geometryTypes: ['Point', 'LineString', 'Polygon', 'MultiPolygon', 'GeometryCollection'],
    hasZ: true,
    key: { kind: 'COLUMN', column: 'fid' },
    check: { nullGeometries: 1, withZ: 1, withM: 0, invalid: 1, firstInvalid: [{ id: '3' }] },
  })
})

test.each([
  ['lakes', 'EPSG:4326'],
  ['countries', 'OGC:CRS84'],
  ['projected', 'EPSG:25832'],
  ['sequence', 'OGC:CRS84'],
  ['without_crs', undefined],
  ['sites', 'OGC:CRS84'],
  ['metres', undefined],
])('the CRS of %s is %s', (name, code) => {
  expect(layerOf(catalog, name).crs?.code).toBe(code)
})

test('a column called bbox stays a property, and the covering column gets another name', () => {
  const { columns, pruning } = layerOf(catalog, 'mixed_mixed')
  expect(columns.map(({ name }) => name)).toContain('bbox')
  expect(pruning).toMatchObject({ kind: 'COVERING_COLUMN', column: 'covering' })
})

test('the id of a GeoJSON feature is its id, be it a number or a text', () => {
  expect(layerOf(catalog, 'numbers').key).toEqual({ kind: 'COLUMN', column: 'OGC_FID' })
  expect(layerOf(catalog, 'texts').key).toEqual({ kind: 'COLUMN', column: 'id' })
})

test('a file of no feature is a layer of none', () => {
  expect(layerOf(catalog, 'no-rows')).toMatchObject({ state: 'READY', featureCount: 0, extent: null, geometryTypes: [] })
})

test('CSV: longitude and latitude, or WKT; the dialect is found; a name that differs by case gets a number', () => {
  const sites = layerOf(catalog, 'sites')
  expect(sites).toMatchObject({ featureCount: 3, extent: [-70, -33.5, 2.5, 50], check: { nullGeometries: 1 } })
  expect(sites.columns.map(({ name }) => name)).toEqual(['id', 'Longitude', 'LATITUDE', 'name', 'Name_1'])
  expect(layerOf(catalog, 'shapes')).toMatchObject({ featureCount: 3, geometryTypes: ['Point', 'Polygon'], hasZ: true })
  expect(layerOf(catalog, 'metres')).toMatchObject({ featureCount: 2, extent: [1, 2, 500_000, 5_500_000] })
})

test('nothing is a problem: tables without features are none', () => {
  expect(catalog.problems()).toEqual([])
})
