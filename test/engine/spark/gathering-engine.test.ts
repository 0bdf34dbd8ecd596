/** Queries of rows that a real Spark gathers and real workers serve, compared with the same queries of the same file without Spark. */
import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { GroupColumns } from '../../../src/ask/groups/group-columns.ts'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { memberAt } from '../../../src/ask/read/member.ts'
import { viewOf } from '../../../src/ask/view.ts'
import { FileKeeper } from '../../../src/catalog/kept-files.ts'
import { OperationClock } from '../../../src/engines/deadline.ts'
import type { BatchStream, OperationContext, Engine as Served } from '../../../src/engines/engine.ts'
import { GatheringEngine } from '../../../src/engines/spark/host/gathering-engine.ts'
import { SparkEngine, type SparkEngineOptions } from '../../../src/engines/spark/host/spark-engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { GroupQuery } from '../../../src/model/query.ts'
import { type Asked, countIn } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { ask, context, idsOf, pageIds, testPool } from '../../support/pool.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

const ROWS = 6_000

let duckdb: Engine
let spark: SharedSpark
/** One server with Spark, and another one. */
let servers: Server[]
let plain: Layer
let layer: Layer
let folder: string

interface Server {
  readonly spark: SparkEngine
  readonly engine: Served
}

beforeAll(async () => {
  spark = await sharedSpark()
  folder = join(spark.folder, 'results')
  duckdb = await Engine.open(2)
  const file = join(spark.folder, 'rows.parquet')
  await duckdb.sql(`COPY (SELECT 'k' || md5(n::VARCHAR) AS id, n::INTEGER AS n, (n % 7)::INTEGER AS class,
      CASE WHEN n % 11 > 0 THEN 'name ' || n % 50 END AS name, repeat(chr(97 + (n % 5)::INTEGER), 2000) AS long,
      ST_AsWKB(ST_Point(n % 180, n % 90)) AS geom,
      {xmin: (n % 180)::FLOAT, ymin: (n % 90)::FLOAT, xmax: (n % 180)::FLOAT, ymax: (n % 90)::FLOAT} AS bbox
    FROM range(${ROWS}) AS r(n)) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2000)`)
  plain = await duckdb.parquet(file, {
    key: { kind: 'COLUMN', column: 'id' },
    state: 'CHECKING',
    geometryEncoding: 'WKB',
    pruning: {
      kind: 'COVERING_COLUMN',
      column: 'bbox',
      members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
      float32: true,
    },
  })
  const key = plain.columns.find(({ name }) => name === 'id')!
  layer = { ...plain, relation: { kind: 'gathered', engine: 'big', snapshot: 'a1', paths: [file], key } }
  servers = [await server('one', { file }), await server('other', { file })]
})

afterAll(async () => {
  for (const { spark, engine } of servers ?? []) {
    await engine.close()
    await spark.close()
  }
  duckdb?.close()
  await spark?.leave()
})

/** Another snapshot for each test, so that none uses the result sets of another. */
let tests = 0
beforeEach(() => {
  const { relation } = layer as Layer & { relation: { kind: 'gathered' } }
  layer = { ...layer, relation: { ...relation, snapshot: `a${++tests}` } }
})

async function server(name: string, { file, ...more }: { file: string } & Partial<SparkEngineOptions>): Promise<Server> {
  const keeper = new FileKeeper(folder, name, { slots: 64, mostCopied: 0 })
  const one = new SparkEngine({
    name: 'big',
    address: spark.address,
    isEncrypted: false,
    token: spark.token,
    folder,
    maxRows: ROWS - 1,
    maxBytes: 1e9,
    keepSeconds: 600,
    concurrency: 2,
    tempDirectory: join(spark.folder, name),
    keeper,
    log: { warn: () => {} },
    ...more,
  })
  return { spark: one, engine: new GatheringEngine(await testPool([file, ...one.allowedPaths]), new Map([['big', one]])) }
}

const page = (asked: Asked, first: number, more: Partial<OperationContext> = {}, signal?: AbortSignal) =>
  servers[0]!.engine.page(ask(layer, asked), first, { ...context(), ...more }, signal)

/** The ids that the same workers find in the file itself. */
async function expected(asked: Asked): Promise<string[]> {
  const found = await servers[0]!.engine.page(
    ask(plain, { ...asked, orderBy: [...(asked.orderBy ?? []), { property: 'id' }] }),
    ROWS,
    context(),
  )
  return pageIds(found)
}

async function idsIn(stream: BatchStream): Promise<string[]> {
  const ids: string[] = []
  for await (const batch of stream) ids.push(...idsOf(batch.outputs))
  return ids
}

const FEW = { property: { name: 'class', lt: 3 } }
const MIXED = { and: [{ bbox: [10, 5, 60, 70] }, { property: { name: 'name', ilike: '%1%' } }] }

it.each<[string, Asked]>([
  ['its order', { where: FEW }],
  ['another order', { where: FEW, orderBy: [{ property: 'name', direction: 'DESC', nulls: 'FIRST' }, { property: 'class' }] }],
  ['the order of long texts', { where: FEW, orderBy: [{ property: 'long' }] }],
  ['its order, with a part of the filter that only DuckDB can use', { where: MIXED }],
])('all rows of a filter are streamed and paged in %s', async (_what, asked) => {
  const ids = await expected(asked)
  expect(ids.length).toBeGreaterThan(100)
  const [one, other] = servers.map(({ engine }) => engine)
  expect(await idsIn(one!.stream(ask(layer, asked), { batchSize: 500 }, context()))).toEqual(ids)
  const first = await other!.page(ask(layer, asked), 70, context())
  const rest = await one!.page(ask(layer, { ...asked, after: first.position }), ROWS, context())
  expect([...pageIds(first), ...pageIds(rest)]).toEqual(ids)
  expect([first.hasMore, rest.hasMore]).toEqual([true, false])
})

it('the report has the gathering: its rows, its time and the parts of the filter that did not narrow', async () => {
  const first = await page({ where: MIXED }, ROWS)
  expect(first.execution.gathering).toEqual({
    engine: 'big',
    gatheredRows: Number(
      (
        await duckdb.sql(`SELECT count(*) FROM (SELECT unnest(range(${ROWS})) AS n)
      WHERE n % 180 BETWEEN 10 AND 60 AND n % 90 BETWEEN 5 AND 70`)
      )[0]![0],
    ),
    gatherMs: expect.any(Number),
    notNarrowed: ['a pattern of name'],
  })
  expect(first.execution.gathering!.gatherMs).toBeGreaterThan(0)
  expect((await page({ where: MIXED }, 10)).execution.gathering).toMatchObject({ gatherMs: 0 })
})

it('rows are counted and ranked from the same result set as a page', async () => {
  await page({ where: MIXED }, ROWS)
  const before = await readdir(folder)
  const { engine } = servers[0]!
  expect(await countIn(engine, ask(layer, { where: MIXED }), context())).toBe(BigInt((await expected({ where: MIXED })).length))
  expect(await engine.ranks(ask(layer, { where: MIXED }), 'size', 2, context())).toEqual(
    await engine.ranks(ask(plain, { where: MIXED }), 'size', 2, context()),
  )
  expect(await readdir(folder)).toEqual(before)
})

it('one feature is found by its key, and none by a key that is not there', async () => {
  const [id] = await expected({ where: FEW })
  expect(pageIds(await page({ key: id! }, 1))).toEqual([id])
  expect(pageIds(await page({ key: 'nothing' }, 1))).toEqual([])
})

it('of a layer with more rows than may be gathered, Spark selects the rows of a page', async () => {
  const ids = await expected({})
  expect(ids).toHaveLength(ROWS)
  const first = await page({}, 100)
  expect(first.execution.gathering!.gatheredRows).toBe(101)
  const next = await page({ after: first.position }, 100)
  expect([...pageIds(first), ...pageIds(next)]).toEqual(ids.slice(0, 200))
  const all = servers[0]!.engine.stream(ask(layer), { batchSize: 100 }, context())
  await expect(all.next()).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: `The engine of the layer would gather more than ${ROWS - 1} rows for this filter; narrow it.`,
  })
  expect(pageIds(await page({ after: next.position }, 50))).toEqual(ids.slice(200, 250))
  const regex = { property: { name: 'name', ilike: '%A%' } }
  await expect(page({ where: regex }, 100)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: `The engine of the layer would gather more than ${ROWS - 1} rows for this filter; narrow it. These parts of it do not narrow there: a pattern of name.`,
  })
})

it('of a layer with more rows than may be gathered, Spark computes counts and groups', async () => {
  const { engine } = servers[0]!
  expect(await countIn(engine, ask(layer), context())).toBe(BigInt(ROWS))
  const groups = (of: Layer, figure: 'avg' | 'stddev'): GroupQuery => {
    const columns = new GroupColumns(viewOf(of), 1_000)
    const named = memberAt(columns.view, 'class', [])
    columns.addValue('class', named, named)
    columns.figure(figure, { column: 'n' })
    columns.figure('max', { column: 'id' })
    const fields = ['k0', 'm0', 'm1'].map((name) => ({ key: name, field: 'property', name }) as const)
    return { ...countOf(ask(of)), keys: columns.keys, measures: columns.measures, outputs: [{ kind: 'features', fields }] }
  }
  const [found, same] = [
    await engine.page(groups(layer, 'avg'), 10, context()),
    await engine.page(groups(plain, 'avg'), 10, context()),
  ]
  expect(same.count).toBe(7)
  expect(Buffer.concat(found.outputs[0]!)).toEqual(Buffer.concat(same.outputs[0]!))
  expect(found.execution.gathering).toMatchObject({ engine: 'big', gatheredRows: 7 })
  // A deviation is computed from the rows.
  await expect(engine.page(groups(layer, 'stddev'), 10, context())).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

it('a stream that was cut continues on another server when its result set is gone', async () => {
  const ids = await expected({ where: FEW })
  const cut = servers[0]!.engine.stream(ask(layer, { where: FEW }), { batchSize: 300 }, context())
  const { value } = await cut.next()
  await cut.return()
  expect(await cut.next()).toEqual({ done: true, value: undefined })
  for (const name of await readdir(folder)) if (name.endsWith('.json')) await rm(join(folder, name))
  const rest = servers[1]!.engine.stream(ask(layer, { where: FEW, after: value.position }), { batchSize: 300 }, context())
  expect([...idsOf(value.outputs), ...(await idsIn(rest))]).toEqual(ids)
})

it('a stream continues when its result set is removed under it', async () => {
  const stream = servers[0]!.engine.stream(ask(layer, { where: FEW }), { batchSize: 100 }, context())
  const { value } = await stream.next()
  const first = idsOf(value.outputs)
  for (const name of await readdir(folder))
    if (!name.startsWith('geoduck-kept')) await rm(join(folder, name), { recursive: true })
  expect([...first, ...(await idsIn(stream))]).toEqual(await expected({ where: FEW }))
})

it('files that somebody has written into are gathered again', async () => {
  const ids = await expected({ where: FEW })
  await page({ where: FEW }, 10_001)
  for (const file of await gatheredFiles()) await truncate(file, 100)
  expect(pageIds(await page({ where: FEW }, 10_001))).toEqual(ids)
  // The size is the same, so only the proof finds it.
  for (const file of await gatheredFiles()) await writeFile(file, Buffer.alloc((await stat(file)).size))
  expect(pageIds(await servers[1]!.engine.page(ask(layer, { where: FEW }), 10_001, context()))).toEqual(ids)
})

/** The files of the result sets of this test. */
async function gatheredFiles(): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet') && name.includes('rows'))
  return names.map((name) => join(folder, name))
}

it('a client that leaves stops the gathering, and so does its deadline', async () => {
  const { engine, spark: gathering } = servers[0]!
  const { relation } = layer as Layer & { relation: { kind: 'gathered' } }
  // Spark takes many seconds to sort them.
  const large = { ...layer, relation: { ...relation, paths: relation.paths.flatMap((path) => Array<string>(100).fill(path)) } }
  const gatherings = () => expect.poll(async () => (await gathering.health()).gatherings)
  const stream = engine.stream(ask(large), { batchSize: 100 }, context())
  const next = stream.next()
  await gatherings().toBe(1)
  await stream.return()
  expect(await next).toEqual({ done: true, value: undefined })
  await gatherings().toBe(0)
  const left = new AbortController()
  const gone = engine.page(ask(large), 10_001, context(), left.signal)
  await gatherings().toBe(1)
  left.abort(new Error('left'))
  await expect(gone).rejects.toThrow('left')
  await gatherings().toBe(0)
  const late = engine.page(ask(large), 10_001, { ...context(), deadlineMs: 500 })
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await gatherings().toBe(0)
})

it('the time of a gathering does not count for the default deadline', async () => {
  const [clock, began] = [new OperationClock(), performance.now()]
  const { execution } = await page({ where: FEW }, 10_001, { clock })
  const { gatherMs } = execution.gathering!
  expect(gatherMs).toBeGreaterThan(10)
  expect(clock.ms).toBeLessThan(performance.now() - began - gatherMs + 5)
})

it('an explanation has what Spark would do, without values, and nothing is gathered for it', async () => {
  const before = await readdir(folder)
  const where = { and: [{ property: { name: 'name', eq: 'SECRET' } }, { property: { name: 'long', ilike: 'SECRET%' } }] }
  const { gathering, sql } = servers[0]!.engine.explain(ask(layer, { where }))
  expect(gathering).toEqual({ engine: 'big', condition: 't.`name` = ?', notNarrowed: ['a pattern of long'] })
  expect(sql).toContain('FROM "things" AS t')
  expect(JSON.stringify([gathering, sql])).not.toContain('SECRET')
  expect(await readdir(folder)).toEqual(before)
})

it('data that changed while it was gathered ends a page with SOURCE_CHANGED, and a stream with CURSOR_EXPIRED', async () => {
  const changed = { unchanged: async () => false }
  await expect(page({ where: FEW }, 5, changed)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  const stream = servers[0]!.engine.stream(ask(layer, { where: FEW }), { batchSize: 5 }, { ...context(), ...changed })
  await expect(stream.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
})

it('health has the engine and its result sets', async () => {
  await page({ where: FEW }, 5)
  const { engines } = await servers[0]!.engine.health()
  expect(engines).toEqual([
    {
      name: 'big',
      kind: 'SPARK_CONNECT',
      version: expect.stringMatching(/^4\./),
      state: 'READY',
      gatherings: 0,
      resultSets: expect.any(Number),
      bytes: expect.any(Number),
    },
  ])
  expect(engines![0]!.bytes).toBeGreaterThan(0)
})
