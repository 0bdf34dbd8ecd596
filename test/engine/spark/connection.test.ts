/** The connection to a real Spark, which asks for a token. */
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SparkConnection, SparkError } from '../../../src/engines/spark/host/spark-connection.ts'
import { descendants } from '../../support/launched.ts'
import { procFile } from '../../support/proc.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

let spark: SharedSpark
let connection: SparkConnection

const connect = (token: string | null) =>
  new SparkConnection({ address: spark.address, isEncrypted: false, token, tempDirectory: join(spark.folder, 'temp') })

beforeAll(async () => {
  spark = await sharedSpark()
  connection = connect(spark.token)
})

afterAll(async () => {
  await connection?.close()
  await spark?.leave()
})

let folders = 0
const fresh = () => join(spark.folder, `out-${++folders}`)

async function refusalOf(work: Promise<unknown>): Promise<SparkError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SparkError)
  return error as SparkError
}

it('reports the version of Spark', async () => {
  expect(await connection.version()).toMatch(/^4\.0\.\d+$/)
})

it('is refused without the token', async () => {
  const other = connect(null)
  expect((await refusalOf(other.version())).isUnavailable).toBe(false)
  await other.close()
})

it('no statement can name a file as a table', async () => {
  const directory = fresh()
  await connection.write({ sql: 'SELECT 1 AS n', values: [], directory })
  const sql = `SELECT * FROM parquet.\`${directory}\``
  expect((await refusalOf(connection.write({ sql, values: [], directory: fresh() }))).message).toContain(
    'TABLE_OR_VIEW_NOT_FOUND',
  )
})

it('does not write into a folder that exists', async () => {
  const directory = fresh()
  await connection.write({ sql: 'SELECT 1 AS n', values: [], directory })
  const again = await refusalOf(connection.write({ sql: 'SELECT 2 AS n', values: [], directory }))
  expect(again.message).toContain('PATH_ALREADY_EXISTS')
})

/** Begins a statement that never ends by itself, and has both threads of Spark. */
async function endless(by: SparkConnection, signal?: AbortSignal): Promise<{ readonly ended: Promise<unknown> }> {
  const directory = fresh()
  const sql = 'SELECT t.id FROM range(1000000000000) AS t WHERE sin(t.id) > 2'
  const ended = by.write({ sql, values: [], directory }, signal).catch((error: unknown) => error)
  // Its tasks run when they have files. An interrupt before that may be lost.
  await expect.poll(() => existsSync(directory) && globSync(`${directory}/**/part-*`).length > 0).toBe(true)
  return { ended }
}

const next = () => connection.write({ sql: 'SELECT 1 AS n', values: [], directory: fresh() })

it('stops Spark when the signal is aborted', async () => {
  const abort = new AbortController()
  const { ended } = await endless(connection, abort.signal)
  abort.abort(new Error('the client has left'))
  expect(await ended).toMatchObject({ message: 'the client has left' })
  await next()
})

it('connects again when its process has ended, and stops what that had begun', async () => {
  const { ended } = await endless(connection)
  const ours = descendants(process.pid).filter((pid) => procFile(`/proc/${pid}/cmdline`).includes('spark/processes/connection'))
  expect(ours).toHaveLength(1)
  process.kill(ours[0]!, 'SIGKILL')
  expect(await ended).toMatchObject({ name: 'SparkError', isUnavailable: true })
  await next()
})

it('stops Spark when it is closed', async () => {
  const other = connect(spark.token)
  const { ended } = await endless(other)
  await other.close()
  expect(await ended).toMatchObject({ name: 'SparkError' })
  await next()
})

it('reports Spark as unavailable when it does not answer', async () => {
  const nobody = new SparkConnection({
    address: '127.0.0.1:1',
    isEncrypted: false,
    token: null,
    tempDirectory: join(spark.folder, 'temp'),
  })
  expect((await refusalOf(nobody.version())).isUnavailable).toBe(true)
  await nobody.close()
})
