/** Gatherings of a real Spark with executors in processes of their own, of which something ends. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ResultSets } from '../../../src/engines/spark/host/result-sets.ts'
import { SparkConnection, type SparkError } from '../../../src/engines/spark/host/spark-connection.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { Engine } from '../../support/plan/engine.ts'
import { type Spark, startSpark } from '../../support/spark.ts'

const ROWS = 120

let engine: Engine
let spark: Spark
let connection: SparkConnection
let layer: Layer
let files: string[]
let folder: string
let folders = 0

beforeAll(async () => {
  spark = await startSpark({}, 'local-cluster[2,1,1024]')
  connection = new SparkConnection({
    address: spark.address,
    isEncrypted: false,
    token: null,
    tempDirectory: join(spark.folder, 'temp'),
  })
  engine = await Engine.open(1)
  files = [0, 1, 2].map((n) => join(spark.folder, `rows-${n}.parquet`))
  for (const [n, file] of files.entries())
    await engine.sql(`COPY (SELECT (range * 3 + ${n})::INTEGER AS id, hash(range, ${n})::VARCHAR AS name
      FROM range(${ROWS / 3})) TO '${file}' (FORMAT parquet)`)
  layer = await engine.parquets(files, { geometryColumn: null, geometryEncoding: null })
})

afterAll(async () => {
  await connection?.close()
  engine?.close()
  await spark?.stop()
})

beforeEach(async () => {
  folder = join(spark.folder, `results-${++folders}`)
  await mkdir(folder)
})

const results = () =>
  new ResultSets(
    { folder, maxBytes: 1e9, keepSeconds: 600, concurrency: 2 },
    { view: (...given) => connection.view(...given), write: slowly },
  )

const question = () => ({
  layer,
  predicates: [],
  columns: layer.columns.map(({ name }) => name),
  orderBy: [],
  key: layer.columns[0]!,
})
const snapshot = () => ({ digest: 'a1', paths: files, isCurrent: async () => true })

/** The same rows, with work of some seconds for both executors. */
const slowly: SparkConnection['write'] = ({ sql, ...given }, signal) =>
  connection.write(
    {
      sql: `SELECT * FROM (${sql}) AS s WHERE aggregate(sequence(0, 150000 + s.id % 2), 0D, (sum, n) -> sum + sin(n)) > -2`,
      ...given,
    },
    signal,
  )

/** Resolves when Spark works on an attempt. */
const started = () =>
  expect.poll(async () => (await readdir(folder)).some((name) => existsSync(join(folder, name, 'rows')))).toBe(true)

/** Processes below `pid` whose command line has the text. */
function processesOf(pid: number | 'self', text: string): number[] {
  return globSync(`/proc/${pid}/task/*/children`)
    .flatMap((file) => readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number))
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(text))
}

it('a gathering is whole when an executor is killed meanwhile', async () => {
  const gathered = results().get(question(), snapshot())
  await started()
  const executors = processesOf(spark.pid, 'CoarseGrainedExecutorBackend')
  expect(executors).toHaveLength(2)
  process.kill(executors[0]!, 'SIGKILL')
  const { files: written } = await gathered
  const list = (paths: readonly string[]) => `read_parquet([${paths.map((file) => `'${file}'`).join(', ')}])`
  expect(await engine.sql(`SELECT * FROM ${list(written)}`)).toEqual(await engine.sql(`SELECT * FROM ${list(files)} ORDER BY id`))
})

it('a gathering fails when the process of the connection is killed, and nothing is left over', async () => {
  const gathered = results().get(question(), snapshot())
  const refused = expect(gathered).rejects.toMatchObject({ name: 'SparkError', isUnavailable: true })
  await started()
  const [ours] = processesOf('self', 'spark/processes/connection')
  process.kill(ours!, 'SIGKILL')
  await refused
  await expect.poll(() => readdir(folder)).toEqual([])
  // Spark has stopped: its executors are free for the next one.
  expect((await results().get(question(), snapshot())).files.length).toBeGreaterThan(0)
  expect(await readdir(folder)).toHaveLength(2)
})

it('a gathering fails when Spark is killed, and nothing is left over', async () => {
  const gathered = results().get(question(), snapshot())
  const refused = expect(gathered).rejects.toMatchObject({ name: 'SparkError', isUnavailable: true })
  await started()
  process.kill(spark.pid, 'SIGKILL')
  await refused
  await expect.poll(() => readdir(folder)).toEqual([])
})

it('a Spark that was started again has the settings of the session', async () => {
  const [, port = ''] = spark.address.split(':')
  const again = await startSpark({ 'spark.connect.grpc.binding.port': port })
  try {
    const directory = join(again.folder, 'rows')
    // Spark writes names that differ only in case if it has our settings.
    const write = async () => await connection.write({ sql: 'SELECT 1 AS n, 2 AS N', values: [], directory })
    await expect
      .poll(() =>
        write().then(
          () => 'written',
          (error: SparkError) => error.isUnavailable,
        ),
      )
      .toBe('written')
    const [file] = (await readdir(directory)).filter((name) => name.endsWith('.parquet'))
    expect(await engine.sql(`SELECT * FROM '${join(directory, file!)}'`)).toEqual([[1, 2]])
  } finally {
    await again.stop()
  }
})
