/** Small files on which other readers change or lose something without a word. Each is served unchanged, or a problem names it. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { inEngine } from '../../../support/engine.ts'
import { SHARED } from '../../../support/environment.ts'
import { layerOf, testCatalog } from '../support.ts'

const folder = await mkdtemp(join(tmpdir(), 'geoduck-cases-'))
afterAll(() => rm(folder, { recursive: true }))

const CASES = [
  'blank-date-is-1970',
  'date-before-1970',
  'geojson-crs',
  'geojson-ids',
  'geojson-members-dropped',
  'geojson-uint64',
  'gpkg-column-types',
  'gpkg-srs0',
  'ogc-fid-attribute',
  'shp-counts',
  'shp-encodings',
  'wal-clean',
]
for (const name of CASES) await cp(join(SHARED, 'cases/files', name), join(folder, name), { recursive: true })

const point = (x: number) => ({ type: 'Point', coordinates: [x, 1] })
const feature = (properties: object, more: object = {}) => ({ type: 'Feature', properties, geometry: point(1), ...more })
const own = join(folder, 'own')
await mkdir(own)
/** @param text the features as JSON, because JavaScript cannot hold every number */
async function geojson(name: string, text: string, more = ''): Promise<void> {
  await writeFile(join(own, `${name}.geojson`), `{"type": "FeatureCollection", ${more}"features": [${text}]}`)
}
const withValues = (...values: string[]) =>
  values.map((v) => `{"type": "Feature", "properties": {"v": ${v}}, "geometry": null}`).join(',')
await geojson('mixed-ids', [{ id: 7 }, { id: 'seven' }, {}, { id: 7 }].map((id) => JSON.stringify(feature({}, id))).join(','))
await geojson('some-ids', [{ id: 3 }, {}, { id: 4 }].map((id) => JSON.stringify(feature({}, id))).join(','))
await geojson('huge', withValues('18446744073709551616', '-17014118346046923173168730371588410'))
await geojson('beyond', withValues('1234567890123456789012345678901234567890'))
await geojson('wide-and-real', withValues('9007199254740993', '0.5'))
await geojson('whole-reals', withValues('1.0', '2e0'))
await geojson('endless', withValues('1e400', '1'))
await geojson('texts-and-numbers', withValues('"a"', '1', '1.50', 'true', '{"b": 12345678901234567890}'))
await geojson('no-days', withValues('"2020-02-30"', '"2020-02-01"'))
await geojson('offsets', withValues('"2020-02-01T10:00:00+02:00"', '"2020-02-01T10:00:00Z"'))
await geojson('zoned', withValues('"1066-10-14T10:00:00.123456Z"', 'null'))
await geojson('nanoseconds', withValues('"2020-02-01T10:00:00.123456789"'))
await geojson('control', withValues(String.raw`"a\u0000b"`, String.raw`"\ud83e\udd86"`))
await geojson('half-pair', withValues(String.raw`"\ud83e"`))
await geojson('names', JSON.stringify(feature({ '': 1, a: 2, A: 3, OGC_FID: 4, geometry: 5, __proto: 6 })))
await geojson('lists', withValues('[1, 9007199254740993]', '[]', 'null'))
await geojson('deep-lists', withValues('[[1]]', '[1]'))
await geojson('null-crs', JSON.stringify(feature({})), '"crs": null, ')
await geojson('broken-geometry', JSON.stringify({ ...feature({}), geometry: { type: 'Point', coordinates: ['x', 1] } }))
await geojson('four-numbers', JSON.stringify({ ...feature({}), geometry: { type: 'Point', coordinates: [1, 2, 3, 4] } }))
await writeFile(join(own, 'without-list.geojson'), `{"type": "FeatureCollection", "featvres": [${JSON.stringify(feature({}))}]}`)
await writeFile(
  join(own, 'brackets.csv'),
  'n;wkt\n1;POINT (1e-1 -2.5E+1)\n2;MULTIPOINT (EMPTY, 1 2)\n3;MULTIPOINT ((1 2)), ((3 4))\n4;POINT (1 2)(3 4)\n5;POINT ZM (1 2 3 4)\n6;GEOMETRYCOLLECTION (POINT (1 2), MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5))))\n7;GEOMETRYCOLLECTION (POINT (1 2)), (POINT (3 4))\n',
)
await writeFile(
  join(own, 'fourth.csv'),
  'n;geometry\n1;{"type": "Point", "bbox": [1, 2, 1, 2], "coordinates": [1, 2]}\n2;{"type": "Point", "coordinates": [1, 2, 3, 4]}\n',
)

const catalog = await testCatalog(...CASES.map((name) => join(folder, name)), own)
await catalog.prepared
await catalog.checked
afterAll(() => catalog.close())

const problemsOf = (source: string) =>
  catalog.problems().flatMap((problem) => (problem.source === source ? [problem.reason] : []))

/** All values of a column of the copy as text, in the order of the source. */
async function valuesOf(layer: string, column: string): Promise<(string | null)[]> {
  const { relation, columns } = layerOf(catalog, layer)
  const file = relation.kind === 'parquet' ? relation.files[0]! : ''
  const order = columns.some(({ name }) => name === 'OGC_FID') ? 'ORDER BY "OGC_FID"' : ''
  return await inEngine(':memory:', async (connection) => {
    const read = `SELECT CAST(${JSON.stringify(column)} AS VARCHAR) AS v FROM read_parquet('${file}') ${order}`
    return (await connection.runAndReadAll(read)).getRowObjectsJson().map(({ v }) => v as string | null)
  })
}
const typeOf = (layer: string, column: string) => layerOf(catalog, layer).columns.find(({ name }) => name === column)?.native

describe('dates', () => {
  test('before 1970 are the same day', async () => {
    const [days, texts] = [await valuesOf('old', 'd'), await valuesOf('old', 's')]
    expect(days.length).toBeGreaterThan(5)
    expect(typeOf('old', 'd')).toBe('DATE')
    expect(days).toEqual(texts.map((text) => text!.slice(1)))
  })

  test('that are blank in a Shapefile are null', async () => {
    expect(await valuesOf('numbers', 'dt')).toEqual(['2020-01-02', null, null, '1066-10-14'])
  })

  test.each([
    ['no-days', 'VARCHAR', ['2020-02-30', '2020-02-01']],
    ['offsets', 'VARCHAR', ['2020-02-01T10:00:00+02:00', '2020-02-01T10:00:00Z']],
    ['nanoseconds', 'VARCHAR', ['2020-02-01T10:00:00.123456789']],
    ['zoned', 'TIMESTAMP WITH TIME ZONE', ['1066-10-14 10:00:00.123456+00', null]],
  ])('of %s are %s', async (layer, type, values) => {
    expect([typeOf(layer, 'v'), await valuesOf(layer, 'v')]).toEqual([type, values])
  })
})

describe('numbers of GeoJSON', () => {
  test.each([
    ['s2cells', 's2_cell_id', 'UBIGINT', ['9824657365274853000', '9868811851946736000', '9826983181680402000']],
    ['huge', 'v', 'DECIMAL(38,0)', ['18446744073709551616', '-17014118346046923173168730371588410']],
    ['beyond', 'v', 'VARCHAR', ['1234567890123456789012345678901234567890']],
    ['wide-and-real', 'v', 'VARCHAR', ['9007199254740993', '0.5']],
    ['whole-reals', 'v', 'DOUBLE', ['1.0', '2.0']],
    ['endless', 'v', 'VARCHAR', ['1e400', '1']],
    ['texts-and-numbers', 'v', 'VARCHAR', ['a', '1', '1.5', 'true', '{"b":12345678901234567890}']],
    ['lists', 'v', 'BIGINT[]', ['[1, 9007199254740993]', '[]', null]],
    ['deep-lists', 'v', 'VARCHAR', ['[[1]]', '[1]']],
  ])('of %s are exact', async (layer, column, type, values) => {
    expect([typeOf(layer, column), await valuesOf(layer, column)]).toEqual([type, values])
  })
})

describe('texts', () => {
  test('with NUL and with characters beyond 16 bits are kept', async () => {
    expect(await valuesOf('control', 'v')).toEqual(['a\0b', '\u{1F986}'])
  })

  test('with half of a surrogate pair are a problem', () => {
    expect(problemsOf('half-pair.geojson')).toEqual([
      expect.stringMatching(/^1 of its texts is no UTF-8, or half of a surrogate pair/),
    ])
  })

  test.each([
    ['enc_big5_cpg', '屏東縣'],
    ['enc_cp1251_cpg', 'Москва'],
    ['enc_cp1252_cpg', 'Straße Müller €'],
    ['enc_cp1252_nocpg', 'Café Müller'],
    ['enc_cp932_cpg', '東京都'],
    ['enc_ldid03', 'Café Müller'],
    ['enc_utf8_cut', 'aaaa'],
  ])('of the Shapefile %s are decoded', async (layer, text) => {
    expect((await valuesOf(layer, 'name'))[0]).toBe(text)
  })

  test('without a named encoding, and texts that are cut, are problems', () => {
    expect(problemsOf('enc_cp1252_nocpg.shp')).toEqual([expect.stringContaining('read as Windows-1252')])
    expect(problemsOf('enc_utf8_cut.shp')).toEqual([expect.stringContaining('end within a character')])
    expect(problemsOf('enc_ldid03.shp')).toEqual([])
  })
})

describe('columns', () => {
  test('of every declared type of a GeoPackage are served', async () => {
    const names = layerOf(catalog, 'coltypes_t').columns.map(({ name }) => name)
    expect(names).toEqual(['fid', ...Array.from({ length: 20 }, (_, n) => `c${n}`)])
    expect([await valuesOf('json_t', 'j'), await valuesOf('json_t', 'l')]).toEqual([['{"a":1}'], ['[1,2]']])
  })

  test('that the engine cannot name get another name, and a problem has both', async () => {
    expect(layerOf(catalog, 'names').columns.map(({ name }) => name)).toEqual([
      'unnamed',
      'a',
      'A_2',
      'OGC_FID',
      'geometry',
      '__proto',
    ])
    expect(problemsOf('names.geojson')).toEqual([
      expect.stringContaining('its column "" is called unnamed'),
      expect.stringContaining('its column "A" is called A_2'),
    ])
  })
})

describe('features', () => {
  test('of a FeatureCollection that are none are a problem with both counts', () => {
    expect(problemsOf('notafeature.geojson')).toEqual([
      '3 of its 4 members are no features and are not served: 1 null or no object, 1 of the type "Point", 1 without a type (the first: null or no object)',
    ])
  })

  test('of a FeatureCollection without a list of features are a problem', () => {
    expect(problemsOf('without-list.geojson')).toEqual([
      '1 of its 1 members are no features and are not served: 1 of the type "FeatureCollection" without a list of features (of the type "FeatureCollection" without a list of features)',
    ])
  })

  test('of a CSV whose GeoJSON has positions of more than three numbers are a problem', () => {
    expect(problemsOf('fourth.csv')).toEqual([
      'the positions of 1 of its features have more than three numbers, of which the first three are served, on line 3',
    ])
    expect(layerOf(catalog, 'fourth').check).toMatchObject({ nullGeometries: 0 })
  })

  test('with WKT after whose end more follows are a problem, and have no half of a geometry', () => {
    expect(problemsOf('brackets.csv')).toEqual([
      expect.stringMatching(/^3 values of its column wkt cannot be read, the first on line 4: WKT: expected the end of the text/),
    ])
    expect(layerOf(catalog, 'brackets').check).toMatchObject({ nullGeometries: 3 })
  })

  test.each([
    ['shx_more_than_dbf', 22, /^its \.shp has 22 shapes and its \.dbf 8 rows/],
    ['shx_short', 6, /^its \.shx does not fit: it lists 4 of the 6 shapes/],
    ['noshx', 6, null],
  ])('of the Shapefile %s are all served', (layer, features, problem) => {
    expect(layerOf(catalog, layer).featureCount).toBe(features)
    expect(problemsOf(`${layer}.shp`)).toEqual(problem ? [expect.stringMatching(problem)] : [])
  })

  test.each([
    ['broken-geometry', /^the geometry of 1 of its features cannot be read and is null \(feature 0: a position is a list/],
    ['four-numbers', /^the positions of 1 of its features have more than three numbers/],
  ])('with geometry as in %s are a problem', (layer, problem) => {
    expect(layerOf(catalog, layer).featureCount).toBe(1)
    expect(problemsOf(`${layer}.geojson`)).toEqual([expect.stringMatching(problem)])
  })
})

describe('ids', () => {
  test.each([
    ['dupids', 'OGC_FID', ['5', '5', '6']],
    ['mixed-ids', 'id', ['7', 'seven', null, '7']],
    ['some-ids', 'OGC_FID', ['3', '4', null]],
  ])('of %s are kept', async (layer, column, values) => {
    expect((await valuesOf(layer, column)).toSorted()).toEqual(values.toSorted())
    expect(layerOf(catalog, layer).key).toEqual({ kind: 'ROW_NUMBER' })
  })

  test.each([
    ['fidname', 'OGC_FID', ['17', '18']],
    ['ogc_fid', 'ogc_fid', ['10', '20']],
    ['ogcfid', 'OGC_FID', ['11', '12']],
    ['ogcfid_lower', 'ogc_fid', ['11', '12']],
  ])('are not made up where %s has an attribute of that name', async (layer, column, values) => {
    expect((await valuesOf(layer, column)).toSorted()).toEqual(values)
    expect(layerOf(catalog, layer).columns.filter(({ name }) => name.toUpperCase() === 'OGC_FID')).toHaveLength(1)
  })
})

describe('a CRS', () => {
  test.each([
    ['u0', null],
    ['um1', null],
    ['missing', null],
    ['l93', 'EPSG:2154'],
    ['rdnap', 'EPSG:7415'],
    ['null-crs', null],
    ['crs_bad', null],
  ])('of %s is %s', (layer, code) => {
    expect(layerOf(catalog, layer).crs?.code ?? null).toBe(code)
  })

  test('that is not known is a problem, and one that is null is none', () => {
    expect(problemsOf('crs_bad.geojson')).toEqual([expect.stringMatching(/^its CRS EPSG:999999 is not known/)])
    expect(problemsOf('srs.gpkg')).toEqual([expect.stringMatching(/^table missing: its CRS srs_id 9999 is not known/)])
    expect(problemsOf('null-crs.geojson')).toEqual([])
  })
})

test('a GeoPackage in WAL mode is served, and nothing is made beside it', async () => {
  expect(layerOf(catalog, 'data')).toMatchObject({ state: 'READY', featureCount: 10 })
  expect((await readdir(join(folder, 'wal-clean'))).sort()).toEqual(['README', 'walmode_nowal.gpkg'])
})

test('a second start reports the same problems from the copies', async () => {
  const again = await testCatalog(...CASES.map((name) => join(folder, name)), own)
  await again.prepared
  await again.checked
  const lines = (of: typeof catalog) =>
    of
      .problems()
      .map(({ source, reason }) => `${source}: ${reason}`)
      .sort()
  expect(lines(again)).toEqual(lines(catalog))
  await again.close()
})
