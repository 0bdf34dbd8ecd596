/** Statements that a worker's engine denies. The worker's own code runs them in a separate process. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseVersion } from '../../../src/engines/duckdb/host/files.ts'
import type { WorkerOptions } from '../../../src/engines/duckdb/messages.ts'
import { openDuckDB } from '../../../src/engines/duckdb/open.ts'
import { squares } from '../../support/pool.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { DENIED, NO_QUERIES } from './denied.ts'

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

async function tryAll(statements: readonly string[], { asQueries = false } = {}): Promise<Outcome[]> {
  const program = path.join(import.meta.dirname, 'worker/try-statements.ts')
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, SECRET: 'x' } })
  child.stdin.end(JSON.stringify({ options, statements, asQueries }))
  const ended = once(child, 'exit')
  const output = await text(child.stdout)
  const [, signal] = await ended
  if (signal !== null) throw new Error(`the process ended with ${signal}`)
  return JSON.parse(output) as Outcome[]
}

const here = (name: string) => path.join(folder, name)
const url = (name: string) => `http://127.0.0.1:${(web.address() as AddressInfo).port}/${name}`

it('an execution runs one query, and nothing that is none', async () => {
  const statements = NO_QUERIES({ here, served, url })
  const [sources, folders] = [
    [served, here('store.duckdb')],
    [folder, here('temp')],
  ]
  const files = sources.map((file) => readFileSync(file))
  const before = folders.map((name) => readdirSync(name))
  const outcomes = await tryAll([...statements, 'SELECT 1'], { asQueries: true })
  expect(statements.filter((_, n) => !/runs queries only|multiple statements/.test(outcomes[n]!.refused ?? ''))).toEqual([])
  expect(outcomes.at(-1)).toEqual({ refused: null, row: '[1]' })
  expect(sources.map((file) => readFileSync(file))).toEqual(files)
  expect(folders.map((name) => readdirSync(name))).toEqual(before)
})

it('a spatial extension with one changed byte is not loaded', async () => {
  const spatialExtension = here('spatial.duckdb_extension')
  await copyFile(SPATIAL_EXTENSION, spatialExtension)
  const file = await open(spatialExtension, 'r+')
  const at = Math.floor((await file.stat()).size / 2)
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
  await file.write(Buffer.of(buffer[0]! ^ 1), 0, 1, at)
  await file.close()
  await expect(openDuckDB({ ...options, spatialExtension })).rejects.toThrow(/signature/)
})

describe('an engine that serves is denied', () => {
  it.each(Object.entries(DENIED))('%s', async (_what, make) => {
    const statements = make({ here, url, served })
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
  // The engine may not write the log: a worker with the log on fails or ends, and is replaced.
  const end = await tryAll([logging, 'SELECT 1']).catch(({ message }: Error) => message)
  if (typeof end === 'string') expect(end).toBe('the process ended with SIGABRT')
  else expect(end[1]!.refused).not.toBeNull()
  expect(readdirSync(folder).sort()).toEqual(before)
})

it('it may read what is served, spill, and set what belongs to a connection', async () => {
  const outcomes = await tryAll([
    `SELECT count(*) FROM read_parquet('${served}')`,
    'SELECT a FROM db_store.things',
    'SELECT count(*) FROM (SELECT i, repeat(CAST(i AS VARCHAR), 20) AS t FROM range(300000) r(i) ORDER BY t)',
    "SET streaming_buffer_size = '1MB'",
    'SET SESSION parquet_metadata_cache = false',
    "SELECT ST_AsText(ST_Transform(ST_Point(8, 50), 'EPSG:4326', 'EPSG:3857'))",
  ])
  expect(outcomes.map(({ refused }) => refused)).toEqual([null, null, null, null, null, null])
  expect(outcomes.map(({ row }) => row).slice(0, 3)).toEqual(['["2000"]', '["secret"]', '["300000"]'])
  expect(existsSync(SPATIAL_EXTENSION)).toBe(true)
})

it('keeps nothing of the files that it has read: its memory would grow with them', async () => {
  const outcomes = await tryAll([
    `SELECT count(name), sum(score), max(bbox.xmin) FROM read_parquet('${served}')`,
    'SELECT count(*) FROM duckdb_external_file_cache()',
  ])
  expect(outcomes.map(({ refused }) => refused)).toEqual([null, null])
  expect(outcomes[1]!.row).toBe('["0"]')
})
