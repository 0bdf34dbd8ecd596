/** The result of `geoduck import` for files and stores. */
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { geoduckImport, INDEXES, look, namesIn, squares, within } from '../../support/import.ts'
import { layerOf, testCatalog } from '../catalog/support.ts'
import { eachInNewFolder, folder, parquet, store } from './support.ts'

eachInNewFolder()
beforeAll(() => fixture('databases/store.duckdb'))

const COUNT = 'SELECT count(*), count(DISTINCT id) FROM squares'

/** Rows whose place on the curve is before the one of the row before them. */
const OUT_OF_ORDER = `SELECT count(*) FROM (
  SELECT place < lag(place) OVER (ORDER BY n) AS back FROM (
    SELECT rowid AS n, ST_Hilbert(ST_X(c), ST_Y(c), {'min_x': w, 'min_y': s, 'max_x': e, 'max_y': n}::BOX_2D) AS place
    FROM (SELECT rowid, ST_Centroid(geom) AS c FROM squares),
      (SELECT min(ST_XMin(geom)) AS w, min(ST_YMin(geom)) AS s, max(ST_XMax(geom)) AS e, max(ST_YMax(geom)) AS n FROM squares)
  )) WHERE back`

test('a new store has the rows in Hilbert order with a covering column, which the catalogue proves and prunes by', async () => {
  await squares(parquet, 20_000)
  const { code, stdout } = await geoduckImport(parquet, '--into', store, '--layer', 'squares')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^imported 20,000 features into squares of city\.duckdb/)
  expect(await look(store, COUNT)).toEqual([[20_000n, 20_000n]])
  // Centroids are not the middles of boxes to the last bit.
  expect(Number((await look(store, OUT_OF_ORDER))[0]?.[0])).toBeLessThan(20)
  const catalog = await testCatalog(store)
  await catalog.checked
  const layer = layerOf(catalog, 'squares')
  await catalog.close()
  expect(layer).toMatchObject({ featureCount: 20_000, pruning: { kind: 'COVERING_COLUMN', column: 'bbox', float32: true } })
  expect(layer.columns.map(({ name }) => name)).toEqual(['id', 'version', 'name'])
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'squares.parquet'])
})

/** The parts in which the engine stores each column but the whole numbers, and how they are compressed. */
const STORED = `SELECT column_name, count(DISTINCT column_path), string_agg(DISTINCT compression) FROM pragma_storage_info('squares')
  WHERE segment_type <> 'VALIDITY' AND column_name <> 'id' GROUP BY column_name ORDER BY column_name`

test('texts, fractions, and geometries of 100 bytes and of 13 KB are stored without compression, each geometry in one piece', async () => {
  await within(join(folder, 'sizes.duckdb'), [
    `CREATE TABLE squares AS SELECT i AS id, 'name ' || i AS name, i / 7 AS share,
      ST_Buffer(ST_Point(hash(i) % 350000 / 1000 - 175, hash(-i) % 170000 / 1000 - 85), 0.01, CASE WHEN i % 2 = 0 THEN 200 ELSE 1 END) AS geom FROM range(3000) r(i)`,
  ])
  expect(await geoduckImport(join(folder, 'sizes.duckdb'), '--into', store, '--layer', 'squares')).toMatchObject({ code: 0 })
  expect(await look(store, STORED)).toEqual([
    ['bbox', 4n, 'Uncompressed'],
    ['geom', 1n, 'Uncompressed'],
    ['name', 1n, 'Uncompressed'],
    ['share', 1n, 'Uncompressed'],
  ])
})

test('--compress stores the same rows in less room, geometries as lists of coordinates and texts in a dictionary', async () => {
  const rows = join(folder, 'rows.duckdb')
  const small = join(folder, 'small.duckdb')
  await within(rows, [
    `CREATE TABLE squares AS SELECT i AS id, 'a rather long text of category ' || i % 5 AS name, i / 8 AS share,
      ST_Buffer(ST_Point(hash(i) % 350000 / 1000 - 175, hash(-i) % 170000 / 1000 - 85), 0.5, 1) AS geom FROM range(30000) r(i)`,
  ])
  expect(await geoduckImport(rows, '--into', store, '--layer', 'squares')).toMatchObject({ code: 0 })
  expect(await geoduckImport(rows, '--into', small, '--layer', 'squares', '--compress')).toMatchObject({ code: 0 })
  const stored = new Map((await look(small, STORED)).map(([name, parts, how]) => [name, [Number(parts), how]]))
  expect(stored.get('geom')![0]).toBeGreaterThan(1)
  expect(stored.get('name')).toEqual([1, 'DICT_FSST'])
  const all = 'SELECT id, name, share, ST_AsHEXWKB(geom), bbox::VARCHAR FROM squares ORDER BY rowid'
  expect(await look(small, all)).toEqual(await look(store, all))
  const [large, less] = await Promise.all([store, small].map(async (file) => (await stat(file)).size))
  expect(less! / large!).toBeLessThan(2 / 3)
})

test('--append keeps the whole table in Hilbert order, and its spatial index', async () => {
  await squares(parquet, 5_000)
  expect(await geoduckImport(parquet, '--into', store, '--layer', 'squares', '--rtree')).toMatchObject({ code: 0 })
  await squares(parquet, 12_000, 2)
  expect(await geoduckImport(parquet, '--into', store, '--layer', 'squares', '--append')).toMatchObject({ code: 0 })
  expect(await look(store, 'SELECT version, count(*) FROM squares GROUP BY version ORDER BY version')).toEqual([
    [1, 5_000n],
    [2, 12_000n],
  ])
  expect(Number((await look(store, OUT_OF_ORDER))[0]?.[0])).toBeLessThan(20)
  expect(await look(store, INDEXES)).toEqual([['squares_geom_rtree']])
  expect(await look(store, BY_INDEX)).toEqual(await look(store, WITHOUT_INDEX))
})

const BOX = 'ST_MakeEnvelope(0, 0, 20, 20)'
const BY_INDEX = `SELECT count(*) FROM squares WHERE ST_Intersects(geom, ${BOX})`
const WITHOUT_INDEX = `SELECT count(*) FROM (SELECT geom FROM squares OFFSET 0) WHERE ST_Intersects(geom, ${BOX})`

test('a table that others refer to keeps its rows in place, and new rows follow them', async () => {
  await within(store, [
    "CREATE TABLE squares (id BIGINT PRIMARY KEY, version INTEGER, name VARCHAR DEFAULT 'none', geom GEOMETRY)",
    'INSERT INTO squares SELECT i + 1000000, 0, NULL, ST_Point(0, 0) FROM range(100) r(i)',
    'CREATE INDEX mine ON squares USING RTREE (geom)',
  ])
  await squares(parquet, 3_000)
  const { code, stdout } = await geoduckImport(parquet, '--into', store, '--layer', 'SQUARES', '--append')
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('its columns have defaults or comments') })
  expect(await look(store, COUNT)).toEqual([[3_100n, 3_100n]])
  expect(await look(store, 'SELECT count(*) FROM squares WHERE rowid < 100 AND version = 0')).toEqual([[100n]])
  expect(await look(store, "SELECT index_name FROM duckdb_indexes() WHERE index_name = 'mine'")).toEqual([['mine']])
})

test('--replace puts another table in place of the old one; other tables, views and indexes stay', async () => {
  await copyFile(await fixture('databases/store.duckdb'), store)
  const before = await look(
    store,
    'SELECT count(*) FROM points UNION ALL SELECT count(*) FROM indexed UNION ALL SELECT count(*) FROM other.points',
  )
  await squares(parquet, 2_000)
  expect(await geoduckImport(parquet, '--into', store, '--layer', 'sorted', '--replace', '--rtree')).toMatchObject({ code: 0 })
  expect(await look(store, 'SELECT count(*), count(DISTINCT version) FROM sorted')).toEqual([[2_000n, 1n]])
  const after = await look(
    store,
    'SELECT count(*) FROM points UNION ALL SELECT count(*) FROM indexed UNION ALL SELECT count(*) FROM other.points',
  )
  expect(after).toEqual(before)
  expect((await look(store, INDEXES)).flat()).toEqual(expect.arrayContaining(['an index', 'over_geom', 'sorted_geom_rtree']))
  expect(await look(store, 'SELECT count(*) FROM a_view')).toEqual([[3_000n]])
})

test('a table whose name is taken is left alone, and one that is not there is not added to', async () => {
  await copyFile(await fixture('databases/store.duckdb'), store)
  await squares(parquet, 100)
  const run = (...flags: string[]) => geoduckImport(parquet, '--into', store, ...flags)
  expect((await run('--layer', 'points')).stderr).toContain('add to it with --append, or put another in its place with --replace')
  expect((await run('--layer', 'none', '--append')).stderr).toContain('has no table none to add to: leave --append out')
  expect((await run('--layer', 'a_view')).stderr).toContain('a_view is a view of the store')
  expect((await run('--layer', 'no_geometry', '--append')).stderr).toContain('has no column of type GEOMETRY')
  expect((await run('--layer', 'points', '--append')).stderr).toContain(
    'squares.parquet has a column version, unlike the table points',
  )
  expect((await run('--layer', 'x', '--append', '--replace')).stderr).toContain('give one')
  expect((await run('--layer', 'a b')).stderr).toContain('letters, digits')
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'squares.parquet'])
})

test('files that do not fit together are refused with what differs', async () => {
  await squares(parquet, 100)
  const other = join(folder, 'other.csv')
  await writeFile(other, 'id,version,name,lon,lat\n1,1,a,7,46\n')
  const differs = await geoduckImport(parquet, other, '--into', store, '--layer', 'squares')
  expect(differs).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('other.csv has a column lon, unlike squares.parquet'),
  })
  const projected = await fixture('geoparquet/projected.parquet')
  const places = await fixture('geoparquet/points-1.1.parquet')
  const crs = await geoduckImport(places, projected, '--into', store, '--layer', 'points')
  expect(crs.code).toBe(1)
  expect(crs.stderr).toMatch(/projected\.parquet has (the CRS|a column|no column)/)
  expect(await namesIn(folder)).toEqual(['other.csv', 'squares.parquet'])
})

test('geometry that would end a process is refused with its rows, or excluded when that is requested', async () => {
  const killer = await fixture('databases/killer.duckdb')
  const refused = await geoduckImport(killer, '--into', store, '--layer', 'killer')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('a value of its column geom cannot be read safely (row 77, counted from 0)')
  const { code, stdout } = await geoduckImport(killer, '--into', store, '--layer', 'killer', '--skip-unsafe')
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('left out  1') })
  expect(await look(store, 'SELECT count(*), count(*) FILTER (id = 77) FROM killer')).toEqual([[999n, 0n]])
  const hostile = await fixture('hostile/empty-wkb-among-equals.parquet')
  expect(await geoduckImport(hostile, '--into', store, '--layer', 'wkb')).toMatchObject({ code: 1 })
  expect(await geoduckImport(hostile, '--into', store, '--layer', 'wkb', '--skip-unsafe')).toMatchObject({ code: 0 })
})

test('coordinates without end, empty and missing geometry are kept', async () => {
  await within(join(folder, 'odd.duckdb'), [
    `CREATE TABLE squares AS SELECT * FROM (VALUES (1, ST_Point('inf'::DOUBLE, 1)), (2, ST_GeomFromText('POINT EMPTY')), (3, NULL),
      (4, ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')), (5, ST_Point(1e300, -1e300)), (6, ST_Point(1, 2))) t(id, geom)`,
  ])
  expect(await geoduckImport(join(folder, 'odd.duckdb'), '--into', store, '--layer', 'squares', '--rtree')).toMatchObject({
    code: 0,
  })
  expect(await look(store, 'SELECT id, ST_AsText(geom) FROM squares ORDER BY id')).toEqual([
    [1, 'POINT (inf 1)'],
    [2, 'POINT EMPTY'],
    [3, null],
    [4, 'GEOMETRYCOLLECTION EMPTY'],
    [5, expect.stringMatching(/^POINT/)],
    [6, 'POINT (1 2)'],
  ])
})

test('a property that is called like the covering column is kept, and there is none', async () => {
  await within(join(folder, 'named.duckdb'), [
    "CREATE TABLE squares AS SELECT i AS id, 'text' AS BBox, ST_Point(i, i) AS geom FROM range(10) r(i)",
  ])
  const { stdout } = await geoduckImport(join(folder, 'named.duckdb'), '--into', store, '--layer', 'squares')
  expect(stdout).toContain('pruning   statistics')
  expect(await look(store, "SELECT count(*) FROM squares WHERE BBox = 'text'")).toEqual([[10n]])
})

test('what cannot be read is refused in words, without a stack', async () => {
  const text = join(folder, 'a.txt')
  await writeFile(text, 'nothing\n')
  const run = (...args: string[]) => geoduckImport(...args, '--layer', 'x')
  expect((await run(text, '--into', store)).stderr).toContain('its format is not known')
  expect((await run(join(folder, 'none.gpkg'), '--into', store)).stderr).toContain('There is no file')
  expect((await run(folder, '--into', store)).stderr).toContain('is not a file')
  await squares(parquet, 10)
  expect((await run(parquet, '--into', join(folder, 'none/city.duckdb'))).stderr).toContain('There is no folder')
  expect((await run(parquet, '--into', text)).stderr).not.toMatch(/ at |\n.*\n.*\n.*\n/)
  expect((await run(parquet)).stderr).toContain("required option '--into <store>' not specified")
  await rm(text)
  expect(await namesIn(folder)).toEqual(['squares.parquet'])
})

test('a file that is cut short is refused, where its reader would end without a word', async () => {
  const whole = await readFile(join(ROOT, '../shared/data/railroads.fgb'))
  const cut = join(folder, 'railroads.fgb')
  await writeFile(cut, whole.subarray(0, Math.floor(whole.length * 0.9)))
  const { code, stderr } = await geoduckImport(cut, '--into', store, '--layer', 'railroads')
  expect(code).toBe(1)
  expect(stderr).toMatch(/it is cut short, or corrupt: \d+ of its 1127 features can be read/)
  expect(await namesIn(folder)).toEqual(['railroads.fgb'])
})

test('--help shows examples', async () => {
  const { code, stdout } = await geoduckImport('--help')
  expect(code).toBe(0)
  expect(stdout).toContain('Examples:')
  expect(stdout).toContain('--skip-unsafe')
})
