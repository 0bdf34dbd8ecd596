/** The names of layers depend on their files and tables, and not on the order or the place of the sources. */
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { SHARED } from '../../support/environment.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { testCatalog } from './support.ts'

const GEOPACKAGE = `
import geopandas, shapely, sys
geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 2)], crs=4326).to_file(sys.argv[1], layer="airports", driver="GPKG")
print(0)`

let root: string
const at = (...names: string[]) => join(root, ...names)

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  for (const folder of ['one', 'world', 'other/world', 'lost']) await mkdir(at(folder), { recursive: true })
  for (const part of ['shp', 'shx', 'dbf', 'prj']) await cp(join(SHARED, `data/airports.${part}`), at('one', `airports.${part}`))
  const parquet = await fixture('geoparquet/key-id.parquet')
  for (const folder of ['world', 'other/world']) await cp(parquet, at(folder, 'airports.parquet'))
  for (const name of ['a b.parquet', 'a-b.parquet', 'a_b.parquet', 'A_b.parquet']) await cp(parquet, at('lost', name))
  await python(GEOPACKAGE, [at('one/multi.gpkg')])
  await writeFile(at('one/airports.geojson'), '{ "type": "Point", "coordinates": [1, 2] }')
  const duckdb = await DuckDBInstance.create(at('multi.duckdb'))
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  await connection.run('CREATE SCHEMA air')
  for (const table of ['airports', 'air.airports', '"a b"', '"a_b"']) {
    await connection.run(`CREATE TABLE ${table} AS SELECT 1 AS id, ST_Point(1, 2) AS geom`)
  }
  connection.closeSync()
  duckdb.closeSync()
})
afterAll(() => rm(root, { recursive: true }))

/** Returns `name longName` of each layer. A name that no other layer has is written once. */
async function namesOf(...sources: string[]): Promise<string[]> {
  const catalog = await testCatalog(...sources)
  const names = catalog.layers().map(({ name, longName }) => (name === longName ? name : `${name} ${longName}`))
  await catalog.close()
  return names
}

test('a file alone has its short name, and the long name of its ending, its folder or its store', async () => {
  expect(await namesOf(at('one/airports.shp'))).toEqual(['airports airports_shp'])
  expect(await namesOf(at('one/multi.gpkg'))).toEqual(['airports multi_airports'])
  expect(await namesOf(at('world/airports.parquet'))).toEqual(['airports world_airports'])
  expect(await namesOf(at('other/world/*.parquet'))).toEqual(['world other_world'])
})

test('of sources with one short name each has its long name, in any order', async () => {
  const sources = [at('one'), at('world')]
  const names = ['airports_geojson', 'airports_shp', 'multi_airports', 'world_airports']
  expect(await namesOf(...sources)).toEqual(names)
  expect(await namesOf(...sources.toReversed())).toEqual(names)
})

test('of sources whose long names are the same too, each has a name with more of its path', async () => {
  expect(await namesOf(at('world'), at('other/world'))).toEqual([
    expect.stringMatching(/^geoduck-test-[\w-]+_world_airports_parquet$/),
    'other_world_airports_parquet',
  ])
  expect(await namesOf(at('one/multi.gpkg'), at('multi.duckdb'))).toEqual(
    expect.arrayContaining(['air_airports', 'multi_duckdb_airports', 'multi_gpkg_airports']),
  )
})

test('names that differ in lost characters alone have a digest, which stays when the folder is moved; capitals differ', async () => {
  const digested = (name: string) => expect.stringMatching(new RegExp(`^${name}_[0-9a-f]{12}$`))
  const files = await namesOf(at('lost'))
  expect(files).toEqual(['A_b lost_A_b', 'a-b lost_a-b', digested('a_b'), digested('a_b')])
  await rename(at('lost'), at('moved'))
  expect(await namesOf(at('moved'))).toEqual(files.map((name) => name.replace('lost', 'moved')))
  const tables = (await namesOf(at('multi.duckdb'))).filter((name) => name.includes('a_b'))
  expect(tables).toEqual([digested('multi_[0-9a-f]{12}_a_b'), digested('multi_[0-9a-f]{12}_a_b')])
  expect(new Set([...files, ...tables]).size).toBe(6)
})
