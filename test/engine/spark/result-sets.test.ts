/** Rows that a real Spark gathers into result sets, compared with what DuckDB selects and sorts of the same files. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { GatherQuery } from '../../../src/engines/spark/dialect/gather.ts'
import { type ResultSetOptions, ResultSets } from '../../../src/engines/spark/host/result-sets.ts'
import { SparkConnection } from '../../../src/engines/spark/host/spark-connection.ts'
import type { FeatureFilter, FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

const ROWS = 20_000

let engine: Engine
let spark: SharedSpark
let connection: SparkConnection
let layer: Layer
let files: string[]
let folder: string
let folders = 0
/** Statements that Spark has been sent. */
let written = 0

beforeAll(async () => {
  spark = await sharedSpark()
  connection = new SparkConnection({
    address: spark.address,
    isEncrypted: false,
    token: spark.token,
    tempDirectory: join(spark.folder, 'temp'),
  })
  engine = await Engine.open(1)
  files = [0, 1].map((n) => join(spark.folder, `rows-${n}.parquet`))
  for (const [n, file] of files.entries())
    await engine.sql(`COPY (SELECT (range * 2 + ${n})::INTEGER AS id, (hash(range, ${n}) % 50)::INTEGER AS class,
      CASE WHEN range % 7 > 0 THEN 'name ' || hash(range) % 1000 END AS name, (hash(range) % 100)::DOUBLE AS size
      FROM range(${ROWS / 2})) TO '${file}' (FORMAT parquet)`)
  layer = await engine.parquets(files, { geometryColumn: null, geometryEncoding: null })
})

afterAll(async () => {
  await connection?.close()
  engine?.close()
  await spark?.leave()
})

beforeEach(async () => {
  folder = join(spark.folder, `results-${++folders}`)
  await mkdir(folder)
  written = 0
})

/** A statement that never ends by itself. */
const ENDLESS = 'SELECT t.id FROM range(1000000000000) AS t WHERE sin(t.id) > 2'

/** The result sets of one server. With `sql` it sends that statement, and calls `whenStarted` when Spark executes it. */
function server(options: Partial<ResultSetOptions> = {}, sql: string | null = null, whenStarted = () => {}): ResultSets {
  return new ResultSets(
    { folder, maxBytes: 1e9, keepSeconds: 600, concurrency: 2, ...options },
    {
      view: (name, content) => connection.view(name, content),
      write: async (statement, signal) => {
        written++
        if (sql === null) return await connection.write(statement, signal)
        const endless = connection.write({ sql, values: [], directory: statement.directory }, signal)
        await expect.poll(() => existsSync(statement.directory)).toBe(true)
        whenStarted()
        await endless
      },
    },
  )
}

const snapshot = () => ({ digest: 'a1', content: files, isCurrent: async () => true })

function question(where: FeatureFilter | null = null, orderBy: readonly FeatureOrder[] = []): GatherQuery {
  const query = queryOf(layer, { where, orderBy, properties: null })
  return {
    layer,
    predicates: query.where ? [query.where.predicate] : [],
    columns: layer.columns.map(({ name }) => name),
    orderBy: query.orderBy,
    key: layer.columns[0]!,
  }
}

/** The rows of files in the order of the files and their rows. */
const rowsOf = (paths: readonly string[]) =>
  engine.sql(`SELECT * FROM read_parquet([${paths.map((file) => `'${file}'`).join(', ')}])`)

const bySizeAndName: FeatureOrder[] = [
  { property: 'size', direction: 'DESC' },
  { property: 'name', direction: 'ASC', nulls: 'FIRST' },
]

it('rows are in the order in which DuckDB sorts them', async () => {
  const set = await server().get(question({ property: { name: 'class', lt: 20 } }, bySizeAndName), snapshot())
  expect(set).toMatchObject({ isSorted: true, notNarrowed: [] })
  const sorted = await engine.sql(
    `SELECT * FROM read_parquet(['${files.join("', '")}']) WHERE class < 20 ORDER BY size DESC, name ASC NULLS FIRST, id`,
  )
  expect(sorted.length).toBeGreaterThan(1_000)
  expect(await rowsOf(set.files)).toEqual(sorted)
})

it('a filter that selects nothing has a result set with columns', async () => {
  const set = await server().get(question({ property: { name: 'class', lt: -1 } }), snapshot())
  expect(await rowsOf(set.files)).toEqual([])
  expect(await engine.sql(`SELECT count(*)::INTEGER FROM (DESCRIBE SELECT * FROM '${set.files[0]}')`)).toEqual([[4]])
})

it('askers of one question share a gathering, and later ones use its files', async () => {
  const [one, other] = [server(), server()]
  const sets = await Promise.all([1, 2, 3].map(() => one.get(question(), snapshot())))
  expect(written).toBe(1)
  const later = await other.get(question(), snapshot())
  expect(written).toBe(1)
  expect(later).toMatchObject({ files: sets[0]!.files, gatherMs: 0 })
  await other.get(question(null, bySizeAndName), snapshot())
  await other.get(question(), { ...snapshot(), digest: 'b2' })
  expect(written).toBe(3)
})

it('two servers that gather the same have one result set, and nothing is left over', async () => {
  const sets = await Promise.all([server(), server()].map((one) => one.get(question(), snapshot())))
  expect(written).toBe(2)
  expect(sets[0]!.files).toEqual(sets[1]!.files)
  expect(await rowsOf(sets[0]!.files)).toHaveLength(ROWS)
  expect(await readdir(folder)).toHaveLength(2)
})

it('a gathering stops when all of its askers have left, and not before', async () => {
  const one = server()
  const aborts = [new AbortController(), new AbortController()]
  const asked = aborts.map(({ signal }) => one.get(question(), snapshot(), signal))
  aborts[0]!.abort(new Error('left'))
  await expect(asked[0]).rejects.toThrow('left')
  expect((await asked[1])!.files.length).toBeGreaterThan(0)

  const last = new AbortController()
  const endless = server({}, ENDLESS, () => last.abort(new Error('left')))
  await expect(endless.get(question(null, bySizeAndName), snapshot(), last.signal)).rejects.toThrow('left')
  await expect.poll(async () => (await readdir(folder)).length).toBe(2)
  // The statement had both threads.
  await one.get(question(null, bySizeAndName), snapshot())
})

it('a result set that would be too large is refused, and nothing is left over', async () => {
  const where = { and: [{ property: { name: 'name', ilike: 'NAME%' } }] }
  await expect(server({ maxBytes: 1_000 }).get(question(where), snapshot())).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: expect.stringMatching(/more than 1000 bytes for this filter; narrow it\. .*: a pattern of name\.$/),
  })
  expect(await readdir(folder)).toEqual([])
})

it('a file that was cut short is gathered again', async () => {
  const one = server()
  const { files: gathered } = await one.get(question(), snapshot())
  await truncate(gathered[0]!, (await stat(gathered[0]!)).size - 1)
  expect(await rowsOf((await one.get(question(), snapshot())).files)).toHaveLength(ROWS)
  expect(written).toBe(2)
})

it('an attempt that fails leaves nothing over', async () => {
  const lost = { ...snapshot(), digest: 'c3', content: [join(spark.folder, 'missing.parquet')] }
  await expect(server().get(question(), lost)).rejects.toThrow('PATH_NOT_FOUND')
  expect(await readdir(folder)).toEqual([])
})

it('a result set is removed when nobody has used it for long, and so is what an ended server has left', async () => {
  const one = server()
  const [old, used] = [await one.get(question(), snapshot()), await one.get(question(null, bySizeAndName), snapshot())]
  await mkdir(join(folder, 'abandoned'))
  const before = new Date(Date.now() - 3_600_000)
  for (const name of await readdir(folder)) await utimes(join(folder, name), before, before)
  await one.get(question(null, bySizeAndName), snapshot())
  await one.sweep()
  expect(await rowsOf(used.files)).toHaveLength(ROWS)
  await expect(stat(old.files[0]!)).rejects.toThrow('ENOENT')
  const manifests = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  expect(await readdir(folder)).toHaveLength(2)
  expect(JSON.parse(await readFile(join(folder, manifests[0]!), 'utf8')).files).toHaveLength(used.files.length)
})

it('rows of files that changed meanwhile are no result set', async () => {
  const changed = { ...snapshot(), isCurrent: async () => false }
  await expect(server().get(question(), changed)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  expect(await readdir(folder)).toEqual([])
})

it('an asker with many questions does not hold up another one', async () => {
  const begun: string[] = []
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const sets = new ResultSets(
    { folder, maxBytes: 1e9, keepSeconds: 600, concurrency: 1 },
    {
      view: (name, paths) => connection.view(name, paths),
      write: async (statement) => {
        begun.push(JSON.stringify(statement.values))
        await opened
        await connection.write(statement)
      },
    },
  )
  const asked: Promise<unknown>[] = []
  for (const [n, asker] of ['many', 'many', 'many', 'one'].entries()) {
    asked.push(sets.get(question({ property: { name: 'class', eq: n } }), snapshot(), undefined, asker))
    await expect.poll(async () => (await sets.figures()).gatherings).toBe(n + 1)
  }
  await expect.poll(() => begun.length).toBe(1)
  open()
  await Promise.all(asked)
  expect(begun.map((values) => Number(/\d+/.exec(values)![0]))).toEqual([0, 3, 1, 2])
})
