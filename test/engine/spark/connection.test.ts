/** The connection to a real Spark, which asks for a token. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SparkConnection, SparkError } from '../../../src/engines/spark/host/spark-connection.ts'
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

it('stops Spark when the signal is aborted', async () => {
  const abort = new AbortController()
  const [directory, endless] = [fresh(), 'SELECT t.id FROM range(1000000000000) AS t WHERE sin(t.id) > 2']
  const written = connection.write({ sql: endless, values: [], directory }, abort.signal)
  // Spark makes the folder when it starts to work.
  await expect.poll(() => existsSync(directory)).toBe(true)
  abort.abort(new Error('the client has left'))
  await expect(written).rejects.toThrow('the client has left')
  // The statement had both threads.
  await connection.write({ sql: 'SELECT 1 AS n', values: [], directory: fresh() })
})

it('connects again when its process has ended', async () => {
  await connection.version()
  const children = globSync('/proc/self/task/*/children').flatMap((file) =>
    readFileSync(file, 'utf8')
      .split(' ')
      .filter((pid) => pid.trim() !== ''),
  )
  const ours = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('spark/processes/connection'))
  expect(ours).toHaveLength(1)
  process.kill(Number(ours[0]), 'SIGKILL')
  await expect
    .poll(() =>
      connection.write({ sql: 'SELECT 1 AS n', values: [], directory: fresh() }).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
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
