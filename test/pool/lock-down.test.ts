/** What a worker's engine is denied, whatever statement should ever reach it: run by the worker's own code, in a process of its own. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseVersion } from '../../src/pool/file-stamp.ts'
import type { WorkerOptions } from '../../src/pool/messages.ts'
import { SPATIAL_EXTENSION } from '../support/environment.ts'
import { python } from '../support/python.ts'
import { squares } from './support.ts'

/** Real ones: a file that is not there would be refused for that. */
const MAKE = `
import sys, gzip, zipfile, geopandas, shapely
to = sys.argv[1]
data = geopandas.GeoDataFrame({'a': ['secret']}, geometry=[shapely.Point(1, 2)], crs=4326)
for name, driver in [('shp', 'ESRI Shapefile'), ('geojson', 'GeoJSON'), ('gpkg', 'GPKG'), ('fgb', 'FlatGeobuf')]:
    data.to_file(f'{to}/other.{name}', driver=driver)
text = open(f'{to}/other.geojson', 'rb').read()
gzip.open(f'{to}/other.geojson.gz', 'wb').write(text)
zipfile.ZipFile(f'{to}/other.zip', 'w').writestr('other.geojson', text)
print('null')
`

let folder: string
let served: string
let options: WorkerOptions
let web: Server
const requests: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'geoduck-lock-'))
  served = path.join(folder, 'served.parquet')
  await copyFile(await squares(2_000), served)
  await copyFile(served, path.join(folder, 'other.parquet'))
  await python(MAKE, [folder])
  await writeFile(path.join(folder, 'other.csv'), 'a,b\nsecret,2\n')
  for (const name of ['store', 'other']) {
    const duckdb = await DuckDBInstance.create(path.join(folder, `${name}.duckdb`))
    const connection = await duckdb.connect()
    await connection.run("CREATE TABLE things AS SELECT 'secret' AS a")
    connection.closeSync()
    duckdb.closeSync()
  }
  await mkdir(path.join(folder, 'temp'))
  web = createServer((req, res) => {
    requests.push(req.url ?? '')
    res.end()
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  options = {
    spatialExtension: SPATIAL_EXTENSION,
    memoryLimitBytes: 256e6,
    threads: 1,
    tempDirectory: path.join(folder, 'temp'),
    tempDirectoryBytes: 1e7,
    streamingBufferBytes: 65_536,
    allowedPaths: [served, path.join(folder, 'store.duckdb')],
    databases: [
      {
        alias: 'db_store',
        path: path.join(folder, 'store.duckdb'),
        version: await databaseVersion(path.join(folder, 'store.duckdb')),
      },
    ],
  }
})
afterAll(async () => {
  web.close()
  await rm(folder, { recursive: true })
})

interface Outcome {
  readonly refused: string | null
  readonly row: string | null
}

async function tryAll(statements: readonly string[]): Promise<Outcome[]> {
  const program = path.join(import.meta.dirname, 'worker/try-statements.ts')
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, SECRET: 'x' } })
  child.stdin.end(JSON.stringify({ options, statements }))
  return JSON.parse(await text(child.stdout)) as Outcome[]
}

const here = (name: string) => path.join(folder, name)
const url = (name: string) => `http://127.0.0.1:${(web.address() as AddressInfo).port}/${name}`

/** By what is denied. Functions, for the folder is made later. */
const DENIED: Readonly<Record<string, () => readonly string[]>> = {
  'files that are not served': () => [
    `SELECT * FROM '${here('other.parquet')}'`,
    `SELECT * FROM read_parquet('${here('*.parquet')}')`,
    `SELECT * FROM read_parquet('${here('temp/../other.parquet')}')`,
    `SELECT * FROM parquet_metadata('${here('other.parquet')}')`,
    `SELECT * FROM parquet_schema('${here('other.parquet')}')`,
    `SELECT * FROM read_csv('${here('other.csv')}')`,
    `SELECT * FROM read_csv_auto('/etc/passwd')`,
    `SELECT * FROM sniff_csv('${here('other.csv')}')`,
    `SELECT * FROM read_json('${here('other.csv')}')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_text('/proc/self/environ')`,
    `SELECT * FROM read_blob('${here('other.parquet')}')`,
    ...['shp', 'geojson', 'gpkg', 'fgb', 'csv'].flatMap((ending) => [
      `SELECT * FROM ST_Read('${here(`other.${ending}`)}')`,
      `SELECT * FROM ST_Read_Meta('${here(`other.${ending}`)}')`,
    ]),
    `SELECT * FROM ST_Read('/vsigzip/${here('other.geojson.gz')}')`,
    `SELECT * FROM ST_Read('/vsizip/${here('other.zip')}/other.geojson')`,
    `SELECT * FROM ST_Read('/vsisubfile/0,${here('other.geojson')}')`,
    `SELECT * FROM ST_Read('GeoJSON:${here('other.geojson')}')`,
    `SELECT * FROM ST_Read('<OGRVRTDataSource><OGRVRTLayer name="other"><SrcDataSource>${here('other.geojson')}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>')`,
    `SELECT * FROM ST_Read('/vsicurl/${url('st-read')}')`,
    `SELECT * FROM ST_ReadSHP('${here('other.shp')}')`,
    `SELECT * FROM ST_ReadOSM('${here('other.osm.pbf')}')`,
    "SET VARIABLE f = '/etc/passwd'; SELECT * FROM read_text(getvariable('f'))",
  ],
  'lists of files': () => [`SELECT * FROM glob('${here('*')}')`, "SELECT * FROM glob('/etc/*')"],
  'writing files': () => [
    `COPY (SELECT 1) TO '${here('out.csv')}'`,
    `COPY (SELECT 1) TO '${here('out.parquet')}' (FORMAT parquet)`,
    `COPY (SELECT 1) TO '${served}' (FORMAT parquet, OVERWRITE true)`,
    `COPY (SELECT ST_Point(1, 2) AS g) TO '${here('out.gpkg')}' (FORMAT gdal, DRIVER 'GPKG')`,
    `EXPORT DATABASE '${here('export')}'`,
    `IMPORT DATABASE '${here('export')}'`,
    `SET profiling_output = '${here('profile.json')}'`,
    `SET log_query_path = '${here('log.sql')}'`,
  ],
  'other databases': () => [
    `ATTACH '${here('other.duckdb')}'`,
    `ATTACH '${here('other.duckdb')}' (READ_ONLY)`,
    `ATTACH '${here('new.duckdb')}'`,
    `ATTACH '${here('store.duckdb')}' AS writable`,
    `ATTACH '${here('other.sqlite')}' (TYPE sqlite)`,
    `ATTACH 'host=127.0.0.1' (TYPE postgres)`,
    `ATTACH '${url('remote.duckdb')}'`,
  ],
  'changes of what is served': () => [
    'INSERT INTO db_store.things VALUES (1)',
    'UPDATE db_store.things SET a = 1',
    'DELETE FROM db_store.things',
    'DROP TABLE db_store.things',
    'CREATE TABLE db_store.more (a INTEGER)',
    'ALTER TABLE db_store.things ADD COLUMN b INTEGER',
    'CREATE INDEX i ON db_store.things (a)',
  ],
  extensions: () => [
    'INSTALL httpfs',
    'FORCE INSTALL spatial',
    `INSTALL spatial FROM '${url('extensions')}'`,
    'LOAD httpfs',
    `LOAD '${SPATIAL_EXTENSION.replace('spatial', 'postgres_scanner')}'`,
    `LOAD '${here('evil.duckdb_extension')}'`,
    'UPDATE EXTENSIONS',
  ],
  'the network': () => [
    `SELECT * FROM '${url('data.parquet')}'`,
    `SELECT * FROM read_parquet('${url('data.parquet')}')`,
    `SELECT * FROM read_csv('${url('data.csv')}')`,
    `SELECT * FROM read_text('${url('data.txt')}')`,
    `SELECT * FROM read_parquet('s3://bucket/data.parquet')`,
    `SELECT * FROM ST_Read('${url('data.geojson')}')`,
    `COPY (SELECT 1) TO '${url('out.csv')}'`,
  ],
  secrets: () => [
    "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "SELECT getenv('SECRET')",
  ],
  settings: () =>
    SETTINGS.flatMap(([name, value]) => [`SET ${name} = ${value}`, `SET GLOBAL ${name} = ${value}`, `RESET ${name}`]),
  'setting by another way': () => [
    "PRAGMA memory_limit = '100GB'",
    "PRAGMA profile_output = '/tmp/profile.json'",
    "PRAGMA disabled_optimizers = 'filter_pushdown'",
  ],
}

/** Not among them: `threads`, which the serial lane's last try lowers, and the connection's streaming buffer and profiler. */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['lock_configuration', 'false'],
  ['allowed_configs', "['threads']"],
  ['enable_external_access', 'true'],
  ['allowed_paths', "['/etc/passwd']"],
  ['allowed_directories', "['/']"],
  ['memory_limit', "'100GB'"],
  ['temp_directory', "'/etc'"],
  ['max_temp_directory_size', "'1TB'"],
  ['extension_directory', "'/tmp'"],
  ['custom_extension_repository', "'http://127.0.0.1'"],
  ['allow_unsigned_extensions', 'true'],
  ['allow_community_extensions', 'true'],
  ['autoload_known_extensions', 'true'],
  ['autoinstall_known_extensions', 'true'],
  ['disabled_filesystems', "''"],
  ['geometry_always_xy', 'false'],
  ['TimeZone', "'Asia/Tokyo'"],
  ['preserve_insertion_order', 'false'],
  ['parquet_metadata_cache', 'false'],
  ['enable_progress_bar', 'true'],
  ['home_directory', "'/'"],
  ['secret_directory', "'/tmp'"],
  ['logging_level', "'debug'"],
  ['default_order', "'DESC'"],
  ['default_collation', "'NOCASE'"],
]

describe('an engine that serves is denied', () => {
  it.each(Object.entries(DENIED))('%s', async (_what, make) => {
    const statements = make()
    const before = readdirSync(folder).sort()
    const sourceBefore = readFileSync(served)
    const outcomes = await tryAll(statements)
    expect(statements.filter((_, n) => outcomes[n]!.refused === null)).toEqual([])
    // None for the reason that the statement is no SQL: then it would show nothing.
    expect(outcomes.filter(({ refused }) => refused?.startsWith('Parser Error'))).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(before)
    expect(readFileSync(served).equals(sourceBefore)).toBe(true)
    expect(requests).toEqual([])
  })
})

it('what the lock lets pass ends with its connection, and writes no file', async () => {
  const passes = [
    'PRAGMA enable_progress_bar',
    'PRAGMA disable_optimizer',
    "SET search_path = 'db_store'",
    "PRAGMA enable_profiling = 'json'",
  ]
  const state = "SELECT current_setting('enable_progress_bar'), current_setting('search_path')"
  const outcomes = await tryAll([state, ...passes.flatMap((statement) => [statement, state])])
  expect(outcomes.map(({ refused }) => refused)).toEqual(outcomes.map(() => null))
  const states = outcomes.filter((_, n) => n % 2 === 0).map(({ row }) => row)
  expect(new Set(states)).toEqual(new Set(['[false,""]']))

  const before = readdirSync(folder).sort()
  const logging = `CALL enable_logging(storage = 'file', storage_path = '${here('logs')}')`
  const [, next] = await tryAll([logging, 'SELECT 1'])
  // The engine may not write the log: whoever switched it on has a worker that fails, and is replaced.
  expect(next!.refused).not.toBeNull()
  expect(readdirSync(folder).sort()).toEqual(before)
})

it('it may read what is served, spill, and set the one setting of a connection', async () => {
  const outcomes = await tryAll([
    `SELECT count(*) FROM read_parquet('${served}')`,
    'SELECT a FROM db_store.things',
    'SELECT count(*) FROM (SELECT i, repeat(CAST(i AS VARCHAR), 20) AS t FROM range(300000) r(i) ORDER BY t)',
    "SET streaming_buffer_size = '1MB'",
    "SELECT ST_AsText(ST_Transform(ST_Point(8, 50), 'EPSG:4326', 'EPSG:3857'))",
  ])
  expect(outcomes.map(({ refused }) => refused)).toEqual([null, null, null, null, null])
  expect(outcomes.map(({ row }) => row).slice(0, 3)).toEqual(['["2000"]', '["secret"]', '["300000"]'])
  expect(existsSync(SPATIAL_EXTENSION)).toBe(true)
})
