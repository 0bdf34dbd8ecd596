/** `geoduck import` with a key and sorted copies. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { geoduckImport, look, squares, using, within } from '../../support/import.ts'
import { layerOf, testCatalog } from '../catalog/support.ts'
import { eachInNewFolder, parquet, store } from './support.ts'

eachInNewFolder()

const run = (...flags: readonly string[]) => geoduckImport(parquet, '--into', store, '--layer', 'squares', ...flags)

async function served() {
  const catalog = await testCatalog(store)
  await catalog.checked
  const names = catalog.layers().map(({ name }) => name)
  const { key, sortedCopies = [], featureCount } = layerOf(catalog, 'squares')
  await catalog.close()
  return { names, key, copies: sortedCopies.map(({ column }) => column), featureCount }
}

test('a key and sorted copies are proven by the catalogue, are no layers, and are made again by --append and --replace', async () => {
  await squares(parquet, 3_000)
  const { code, stdout } = await run('--key', 'ID', '--index', 'name', 'version')
  expect([code, stdout]).toEqual([0, expect.stringContaining('  key       id\n  copies    sorted by name, by version\n')])
  const expected = { names: ['squares'], key: { kind: 'COLUMN', column: 'id', isPrimary: true }, copies: ['version', 'name'] }
  expect(await served()).toEqual({ ...expected, featureCount: 3_000 })
  await using((connection) =>
    connection.run(`COPY (SELECT * REPLACE (id + 5000 AS id, 2 AS version) FROM '${parquet}') TO '${parquet}2' (FORMAT parquet)`),
  )
  const more = await geoduckImport(`${parquet}2`, '--into', store, '--layer', 'squares', '--append')
  expect(more).toMatchObject({ code: 0, stdout: expect.stringContaining('  order     Hilbert\n') })
  expect(await served()).toEqual({ ...expected, featureCount: 6_000 })
  expect((await run('--replace')).code).toBe(0)
  expect(await served()).toEqual({ ...expected, featureCount: 3_000 })
})

test('copies are not used after another program has changed the table', async () => {
  await squares(parquet, 500)
  expect((await run('--index', 'name')).code).toBe(0)
  expect((await served()).copies).toEqual(['name'])
  await within(store, ["UPDATE squares SET name = 'another' WHERE id = 7"])
  expect((await served()).copies).toEqual([])
  expect((await run('--replace')).code).toBe(0)
  expect((await served()).copies).toEqual(['name'])
})

test('--replace keeps the key and the copies of columns that the file spells in another way, and drops those that it cannot have', async () => {
  await squares(parquet, 500)
  expect((await run('--key', 'id', '--index', 'name')).code).toBe(0)
  const replaceBy = async (select: string, ...flags: readonly string[]) => {
    await using((connection) => connection.run(`COPY (SELECT ${select} FROM '${parquet}') TO '${parquet}2' (FORMAT parquet)`))
    const { code, stdout } = await geoduckImport(`${parquet}2`, '--into', store, '--layer', 'squares', '--replace', ...flags)
    return [code, /^ {2}key +(.*)$/m.exec(stdout)?.[1], /^ {2}copies +(.*)$/m.exec(stdout)?.[1]]
  }
  expect(await replaceBy('id AS ID, name AS Name, geom')).toEqual([0, 'ID', 'sorted by Name'])
  expect(await replaceBy('id, name AS NAME, geom', '--index', 'name')).toEqual([0, 'id', 'sorted by NAME'])
  expect(await replaceBy('id, id AS rowid, name, geom')).toEqual([0, 'id', undefined])
  expect(await replaceBy('id::DOUBLE AS id, name, geom')).toEqual([0, undefined, undefined])
})

test('--append keeps a primary key of dates, which cannot be ids', async () => {
  await using((connection) =>
    connection.run(
      `COPY (SELECT DATE '2000-01-01' + i::INT AS day, ST_Point(i, i) AS geom FROM range(50) r(i)) TO '${parquet}' (FORMAT parquet)`,
    ),
  )
  expect((await run()).code).toBe(0)
  await within(store, ['ALTER TABLE squares ADD PRIMARY KEY (day)', 'UPDATE squares SET day = day + 100'])
  const { code, stdout } = await run('--append')
  expect([code, stdout]).toEqual([0, expect.stringContaining('existing rows first')])
  const keys = "SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
  expect(await look(store, keys)).toEqual([[['day']]])
})

test.each([
  [
    'a key that repeats',
    ['--key', 'version'],
    'The column version cannot be the key: 199 of 200 rows repeat the value of another.',
  ],
  ['a key with nulls', ['--key', 'some'], 'The column some cannot be the key: it is null in 100 of 200 rows.'],
  ['a key that does not exist', ['--key', 'no'], 'There is no column no for --key: it has id, version, name, geom'],
  ['a geometry as the key', ['--key', 'geom'], '--key takes an integer, text or UUID'],
  ['a geometry to sort by', ['--index', 'geom'], '--index takes numbers, text, dates, times and booleans'],
])('%s is refused, and the store is unchanged', async (_, flags, message) => {
  await squares(parquet, 200)
  expect((await run()).code).toBe(0)
  await within(store, ['CREATE TABLE marked AS SELECT 1 AS one'])
  const before = await readFile(store)
  await using((connection) =>
    connection.run(
      `COPY (SELECT id, version, name, CASE WHEN id % 2 = 0 THEN id END AS some, geom FROM '${parquet}') TO '${parquet}2' (FORMAT parquet)`,
    ),
  )
  const from = flags[1] === 'some' ? `${parquet}2` : parquet
  const { code, stderr } = await geoduckImport(from, '--into', store, '--layer', 'squares', '--replace', ...flags)
  expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
  expect((await readFile(store)).equals(before)).toBe(true)
  expect(await look(store, 'SELECT count(*) FROM squares')).toEqual([[200n]])
})
