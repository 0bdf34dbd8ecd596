/** Broken and hostile files of other formats: each is a problem, the other files are served, and the server continues. */
import { readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { fixture } from '../../../fixtures/index.ts'
import { layerOf, problemOf, testCatalog } from '../support.ts'

const folder = await fixture('hostile-formats')
const catalog = await testCatalog(folder)
await catalog.prepared
await catalog.checked
afterAll(() => catalog.close())

test.each(['whole_whole', 'whole_fgb', 'whole_geojson', 'whole_shp'])('%s: whole files among them are served', (name) => {
  expect(layerOf(catalog, name)).toMatchObject({ state: 'READY', featureCount: 2000, geometryTypes: ['Point'] })
})

test.each(readdirSync(folder).filter((file) => /^(cut|flipped)-.*\.(gpkg|fgb|shp|geojson)$/.test(file)))(
  '%s is a problem, or a layer of no more features than it has',
  (file) => {
    const layer =
      catalog.layer(file.replace(/\.\w+$/, '')) ?? catalog.layers().find(({ name }) => name.includes(file.split('.')[0]!))
    if (layer) expect(layer.featureCount).toBeLessThanOrEqual(2000)
    else expect(problemOf(catalog, file)).toMatch(/\w/)
  },
)

test('a file that is cut short is not served as if it were whole', () => {
  for (const kind of ['gpkg', 'fgb', 'geojson', 'shp']) {
    expect([kind, problemOf(catalog, `cut-${kind}.${kind}`)]).not.toContain(undefined)
  }
})

test.each(['geojson', 'shp', 'gpkg', 'fgb', 'csv'])(
  'a VRT that is called vrt.%s is refused, and what it names is not read',
  (kind) => {
    expect(problemOf(catalog, `vrt.${kind}`)).toMatch(/^it is a VRT/)
  },
)

test('a GeoJSON that is also a VRT is read as GeoJSON, or not at all', () => {
  expect(catalog.layer('two-faced')?.featureCount ?? 0).toBe(0)
})

test.each(['bomb.zip', 'bomb.geojson'])('%s: an archive is not unpacked', (file) => {
  expect(problemOf(catalog, file)).toBe('it is an archive, and is not unpacked: serve what is in it')
})

test('columns may be called like what the engine and the product call their own', () => {
  const { columns, featureCount, check } = layerOf(catalog, 'names')
  expect(featureCount).toBe(1)
  expect(check).toMatchObject({ nullGeometries: 0 })
  expect(columns.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['id', 'geometry', 'bbox', 'eof', 'file_row_number', 'rowid', 'a"b']),
  )
})

test.each([
  ['cases.geojson', /^its column "name" is called name_2/],
  ['curve.gpkg', /table curve: it holds curves/],
  ['words.csv', /1 value of its column lon is no number, on line 3 \("east"\)/],
  ['deep.geojson', /\w/],
])('%s is a problem that says why', (file, reason) => {
  expect(problemOf(catalog, file)).toMatch(reason)
})

test('one table that cannot be read is not the fault of the others', () => {
  expect(layerOf(catalog, 'straight')).toMatchObject({ state: 'READY', featureCount: 3 })
})

test('no problem and no line of the log contains a path, SQL or the target of a VRT', () => {
  const told = [...catalog.problems().flatMap(({ source, reason }) => [source, reason]), ...catalog.lines].join('\n')
  expect(told).not.toMatch(/\/(work|home|tmp|root)\/|SELECT|ST_Read|read_csv|must-not-read/)
})
