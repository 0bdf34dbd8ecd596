/** From PATH arguments to sources. */
import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { expandSources } from '../../../src/catalog/find-sources.ts'
import { openStores } from '../../../src/catalog/stores/store.ts'
import { fixture } from '../../fixtures/index.ts'
import { SHARED } from '../../support/environment.ts'

const root = await realpath(await mkdtemp(join(tmpdir(), 'geoduck-test-')))
afterAll(() => rm(root, { recursive: true }))
const parquet = await fixture('geoparquet/geometry-only.parquet')
const database = await fixture('databases/old.duckdb')

/** Copies of a file under these names in a folder. */
async function put(folder: string, names: readonly string[], content = parquet): Promise<string> {
  await mkdir(join(root, folder), { recursive: true })
  for (const name of names) await cp(content, join(root, folder, name))
  return join(root, folder)
}

/** `name: files` of each source, and `label: reason` of each problem. */
async function expanded(...paths: string[]): Promise<{ sources: string[]; problems: string[] }> {
  const { sources, problems } = await expandSources(paths, openStores())
  const short = (file: string) => file.replace(`${root}/`, '')
  return {
    sources: sources.map(({ names, format, files }) =>
      format === 'Parquet' || format === 'DuckDB'
        ? `${names[0]}: ${files.map(short).filter((file) => !file.endsWith('.wal'))}`
        : `${names[0]}: ${format} ${files.map(short)}`,
    ),
    problems: problems.map(({ source, reason }) => `${source}: ${reason}`),
  }
}

test('a file is one source, identified by its content, with any name', async () => {
  const folder = await put('one', ['roads.parquet', 'lakes.dat'])
  await put('one', ['store.bin'], database)
  const { sources } = await expanded(...['roads.parquet', 'lakes.dat', 'store.bin'].map((name) => join(folder, name)))
  expect(sources).toEqual(['roads: one/roads.parquet', 'lakes: one/lakes.dat', 'store: one/store.bin'])
})

test('a folder is a source for each of its files, without those that are hidden, and without its sub-folders', async () => {
  const folder = await put('many', ['b.parquet', 'a.geoparquet', '.hidden.parquet', '_metadata.parquet', 'notes.txt'])
  await writeFile(join(folder, 'README.md'), 'text')
  await put('many/below', ['c.parquet'])
  await put('many', ['store.duckdb'], database)
  expect(await expanded(folder)).toEqual({
    sources: ['a: many/a.geoparquet', 'b: many/b.parquet', 'notes: many/notes.txt', 'store: many/store.duckdb'],
    problems: [],
  })
})

test('a folder of parts, as engines write them, is one source', async () => {
  const folder = await put('buildings', ['part-1.parquet', 'part-0.parquet', 'part-2.parquet'])
  expect((await expanded(folder)).sources).toEqual([
    'buildings: buildings/part-0.parquet,buildings/part-1.parquet,buildings/part-2.parquet',
  ])
})

test.each([
  ['roads-*.parquet', 'roads: tiles/roads-1.parquet,tiles/roads-2.parquet'],
  ['*.parquet', 'tiles: tiles/roads-1.parquet,tiles/roads-2.parquet'],
  ['**/*.parquet', 'tiles: tiles/deep/roads-3.parquet,tiles/roads-1.parquet,tiles/roads-2.parquet'],
  ['roads-{1,2}.parquet', 'roads: tiles/roads-1.parquet,tiles/roads-2.parquet'],
])('the pattern %s is one source, in the order of the paths', async (pattern, source) => {
  const folder = await put('tiles', ['roads-2.parquet', 'roads-1.parquet'])
  await put('tiles/deep', ['roads-3.parquet'])
  expect((await expanded(join(folder, pattern))).sources).toEqual([source])
})

test('a file whose name looks like a pattern is that file', async () => {
  const folder = await put('odd', ['a[1].parquet', 'a1.parquet'])
  expect((await expanded(join(folder, 'a[1].parquet'))).sources).toEqual(['a_1: odd/a[1].parquet'])
})

test('a file that is named twice is served once', async () => {
  const folder = await put('twice', ['a.parquet'])
  expect((await expanded(folder, join(folder, 'a.parquet'), folder)).sources).toEqual(['a: twice/a.parquet'])
})

test('a link that leads out of its folder is a problem; one that is named itself, or stays inside, is served', async () => {
  const folder = await put('links', ['inside.parquet'])
  await symlink(parquet, join(folder, 'out.parquet'))
  await symlink(join(folder, 'inside.parquet'), join(folder, 'z.parquet'))
  await symlink(join(folder, 'nowhere'), join(folder, 'broken.parquet'))
  const leadsOut = 'out.parquet: it is a link that leads out of its folder: name the file itself to serve it'
  expect(await expanded(folder)).toEqual({
    sources: ['inside: links/inside.parquet'],
    problems: ['broken.parquet: it is a link to nothing', leadsOut],
  })
  expect((await expanded(join(folder, '*.parquet'))).problems).toContain(leadsOut)
  expect((await expandSources([join(folder, 'out.parquet')], openStores())).sources).toMatchObject([
    { files: [await realpath(parquet)] },
  ])
})

test('a pipe and a device are no sources, and nobody waits for them', async () => {
  const folder = await put('pipes', ['a.parquet'])
  execFileSync('mkfifo', [join(folder, 'pipe.parquet')])
  expect((await expanded(folder)).sources).toEqual(['a: pipes/a.parquet'])
  expect((await expanded('/dev/zero', join(folder, 'pipe.parquet'))).problems).toEqual([
    'zero: it is neither a file nor a folder',
    'pipe.parquet: it is neither a file nor a folder',
  ])
})

test('what cannot be served is a problem that says why', async () => {
  const folder = await put('others', ['a.parquet'])
  await writeFile(join(folder, 'lakes.gpkg'), 'no database')
  await writeFile(join(folder, 'notes.txt'), 'text')
  await mkdir(join(root, 'nothing'))
  const { problems } = await expanded(
    folder,
    join(folder, 'notes.txt'),
    join(root, 'nothing'),
    join(root, 'absent.parquet'),
    join(root, 'absent/*.parquet'),
    join(folder, '*.fgb'),
    'gs://bucket/a.parquet',
  )
  expect(problems).toEqual([
    'lakes.gpkg: it is not a GeoPackage, although its name says so: write it again, or rename it',
    'notes.txt: its format is not known; GeoParquet, GeoPackage, Shapefile, FlatGeobuf, GeoJSON, CSV and DuckDB databases are served',
    'nothing: it holds no file that can be served; sub-folders are not looked into, name them or use a pattern',
    'absent.parquet: there is no such file or folder',
    '*.parquet: no file matches it',
    '*.fgb: no file matches it that can be served',
    'gs://bucket/a.parquet: it is object storage, and only files of this machine are served: download it first, and name the file',
  ])
})

test('files of other formats are known by their content, with the parts that belong to them', async () => {
  const folder = join(root, 'formats')
  await mkdir(folder)
  const data = join(SHARED, 'data')
  await cp(join(data, 'lakes.gpkg'), join(folder, 'a.db'))
  await cp(join(data, 'railroads.fgb'), join(folder, 'b.bin'))
  await cp(join(data, 'countries.geojson'), join(folder, 'c.json'))
  for (const part of ['shp', 'shx', 'dbf', 'prj'])
    await cp(join(data, `airports.${part}`), join(folder, `d.${part.toUpperCase()}`))
  await writeFile(join(folder, 'e.csv'), 'id,lon,lat\n')
  await writeFile(join(folder, 'f.json'), '{"name": "no GeoJSON"}')
  expect(await expanded(folder)).toEqual({
    sources: [
      'a: GeoPackage formats/a.db,formats/a.db-wal,formats/a.db-journal',
      'b: FlatGeobuf formats/b.bin',
      'c: GeoJSON formats/c.json',
      'd: Shapefile formats/d.SHP,formats/d.DBF,formats/d.PRJ,formats/d.SHX',
      'e: CSV formats/e.csv',
    ],
    problems: [],
  })
})
