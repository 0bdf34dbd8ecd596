/** A real Spark answers the catalogue: it reads facts of files, and writes the types of columns. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FileKeeper } from '../../../src/catalog/kept-files.ts'
import { SparkEngine } from '../../../src/engines/spark/host/spark-engine.ts'
import { freePort } from '../../support/free-port.ts'
import { Engine } from '../../support/plan/engine.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

let engine: Engine
let spark: SharedSpark
let gathering: SparkEngine
let file: string
const logged: object[] = []

beforeAll(async () => {
  spark = await sharedSpark()
  engine = await Engine.open(1)
  file = join(spark.folder, 'rows.parquet')
  await engine.sql(`COPY (SELECT range::INTEGER AS id, CASE WHEN range % 2 = 0 THEN 'é' END AS name,
    TIMESTAMPTZ '2026-01-01 00:00:00Z' AS at, '\\xAA'::BLOB AS geometry FROM range(100)) TO '${file}' (FORMAT parquet)`)
  gathering = engineAt(spark.address)
})

afterAll(async () => {
  await gathering?.close()
  engine?.close()
  await spark?.leave()
})

function engineAt(address: string): SparkEngine {
  const folder = join(spark.folder, 'results')
  return new SparkEngine({
    name: 'big',
    address,
    isEncrypted: false,
    token: spark.token,
    folder,
    maxRows: 1_000,
    maxBytes: 1e9,
    keepSeconds: 600,
    concurrency: 2,
    tempDirectory: spark.folder,
    keeper: new FileKeeper(folder, 'test', { slots: 8, mostCopied: 0 }),
    log: { warn: (fields) => void logged.push(fields) },
  })
}

it('facts of files are rows of JSON, with the members that have no value', async () => {
  expect(await gathering.health()).toMatchObject({ state: 'UNKNOWN', version: null })
  expect(
    await gathering.facts(
      [file],
      'SELECT count(*) AS n, max(name) AS name, max(void) AS nothing FROM (SELECT *, null AS void FROM rows)',
    ),
  ).toEqual([{ n: 100, name: 'é', nothing: null }])
  expect(await gathering.version()).toMatch(/^4\./)
  expect(await gathering.health()).toMatchObject({ state: 'READY', version: expect.stringMatching(/^4\./), gatherings: 0 })
})

it('empty files have the types of the columns', async () => {
  const described = await gathering.emptyFiles(['geometry', 'at', 'id'], [file], async ([empty]) => {
    expect(await engine.sql(`SELECT count(*)::INTEGER FROM '${empty}'`)).toEqual([[0]])
    return await engine.sql(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${empty}')`)
  })
  expect(described).toEqual([
    ['c0', 'BLOB'],
    ['c1', 'TIMESTAMP WITH TIME ZONE'],
    ['c2', 'INTEGER'],
  ])
  // The folder of names for workers is made with the first result set.
  expect(await readdir(join(spark.folder, 'results'))).toEqual([])
})

it('an error of Spark is in the log, and a client gets none of it', async () => {
  const folders = await readdir(join(spark.folder, 'results'))
  await expect(gathering.facts([join(spark.folder, 'missing.parquet')], 'SELECT 1 FROM rows')).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: 'The engine big could not run the query; try again in 5 s.',
    details: { retryAfter: 5 },
  })
  expect(JSON.stringify(logged.at(-1))).toContain('PATH_NOT_FOUND')
  expect(await readdir(join(spark.folder, 'results'))).toEqual(folders)
})

it('an engine that does not answer is UNAVAILABLE', async () => {
  const other = engineAt(`127.0.0.1:${await freePort()}`)
  await expect(other.version()).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: 'The engine big does not answer; try again in 5 s.',
  })
  expect(await other.health()).toMatchObject({ state: 'UNAVAILABLE', version: null })
  await other.close()
})
