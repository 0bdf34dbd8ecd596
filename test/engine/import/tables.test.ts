/** Imports of tables without geometry. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { geoduckImport, look, remove, squares, temporaryFolder, using, within } from '../../support/import.ts'

let folder: string
let store: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await temporaryFolder()
  store = at('city.duckdb')
  await writeFile(at('people.csv'), 'id,name\n3,Ann\n1,\n2,"Bob, the second"\n')
  await using((connection) =>
    connection.run(
      `COPY (SELECT i::INTEGER AS id, 'p' || i AS name FROM range(10, 3010) r(i) ORDER BY hash(i)) TO '${at('more.parquet')}'`,
    ),
  )
  await within(at('other.duckdb'), [
    "CREATE TABLE people AS SELECT 7 AS id, 'Eve' AS name",
    'CREATE TABLE places AS SELECT 1 AS id, ST_Point(1, 2) AS geom',
    "CREATE TABLE streets AS SELECT 'x' AS name",
  ])
  await squares(at('squares.parquet'), 10)
})
afterAll(() => remove(folder))

const run = (file: string, layer: string, ...flags: readonly string[]) =>
  geoduckImport(at(file), '--into', store, '--layer', layer, ...flags)

test('tables from a CSV, Parquet and a database become one table, in the order of their rows', async () => {
  const { code, stdout } = await run('people.csv', 'people')
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^imported 3 rows into people of city.duckdb .*\n {2}rows {6}3, without geometry/),
  ])
  expect(stdout).not.toMatch(/Hilbert|pruning|CRS/)
  expect((await run('more.parquet', 'people', '--append')).code).toBe(0)
  expect((await run('other.duckdb', 'people', '--append')).code).toBe(0)
  const expected = await using(async (connection) =>
    (await connection.runAndReadAll(`SELECT id, name FROM '${at('more.parquet')}'`)).getRowsJS(),
  )
  expect(await look(store, 'SELECT * FROM people ORDER BY rowid')).toEqual([
    ...[
      [3, 'Ann'],
      [1, null],
      [2, 'Bob, the second'],
    ],
    ...expected,
    [7, 'Eve'],
  ])
})

test('a database with one table with geometry gives that one, although it has other tables', async () => {
  expect((await run('other.duckdb', 'spots')).code).toBe(0)
  expect(await look(store, 'SELECT id, ST_AsText(geom) FROM spots')).toEqual([[1, 'POINT (1 2)']])
})

test.each([
  [
    'features cannot be added to a table',
    'squares.parquet',
    ['people', '--append'],
    'table people has no column of type GEOMETRY, unlike squares.parquet',
  ],
  [
    'rows without geometry cannot be added to features',
    'people.csv',
    ['spots', '--append'],
    'people.csv has no column of type GEOMETRY, unlike the table spots',
  ],
  [
    'a table has no spatial index',
    'people.csv',
    ['indexed', '--rtree'],
    'people.csv has no geometry to index: leave --rtree out',
  ],
])('%s', async (_, file, [layer, flag], message) => {
  const { code, stderr } = await run(file, layer!, flag!)
  expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
})
