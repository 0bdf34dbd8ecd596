import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import type { Plan } from '../../../src/engines/duckdb/dialect/plan.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

/** Tables are scanned by one thread for each 122,880 rows. */
const ROWS = 250_000
const COVERING = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
  float32: true,
} as const
const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
const random = new Random()
const THREADS = [1, 4]

/** `n` is the place of each row in its source. */
const SELECT = `SELECT range::INTEGER AS n, hash(range) % 1000 AS bucket, 'name ' || range AS name,
  ST_Point(x, y) AS geom, {xmin: x::FLOAT, ymin: y::FLOAT, xmax: x::FLOAT, ymax: y::FLOAT} AS bbox
  FROM (SELECT range, (hash(range) % 36000) / 100.0 - 180 AS x, (hash(range + 1000000) % 18000) / 100.0 - 90 AS y FROM range(${ROWS}))`

const FILTERS: Readonly<Record<string, FeatureFilter>> = {
  'a box': { bbox: [-90, -45, 90, 45] },
  'a box over the antimeridian': { bbox: [90, -60, -90, 60] },
  'a polygon': { intersects: { wkt: 'POLYGON((-170 -80, 170 -80, 0 80, -170 -80))' } },
  'everything but a box': { not: { bbox: [0, 0, 170, 80] } },
  'a list of numbers': { property: { name: 'n', in: Array.from({ length: 1_500 }, (_, n) => n * 37) } },
  'a list of names': { property: { name: 'name', in: Array.from({ length: 900 }, (_, n) => `name ${n * 61}`) } },
  'one of two': { or: [{ property: { name: 'bucket', lt: '300' } }, { bbox: [0, 0, 180, 90] }] },
}

const layers: Record<string, (engine: Engine) => Promise<Layer>> = {}
const engines: Engine[] = []

beforeAll(async () => {
  const engine = await Engine.open(4)
  const path = (name: string) => join(folder, name)
  await engine.sql(`CREATE TABLE rows AS ${SELECT} ORDER BY n`)
  await engine.sql(`COPY rows TO '${path('one.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 10000)`)
  const parts = Array.from({ length: 10 }, (_, part) => path(`part ${part}.parquet`))
  for (const [part, file] of parts.entries()) {
    await engine.sql(
      `COPY (SELECT * FROM rows WHERE n >= ${part * (ROWS / 10)} AND n < ${(part + 1) * (ROWS / 10)}) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 5000)`,
    )
  }
  const hiding = `SELECT n, bucket, name, geom, 7 AS file_row_number, 'x' AS "ROWID", 1 AS row_0 FROM rows`
  await engine.sql(`COPY (${hiding}) TO '${path('hiding.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 10000)`)
  await engine.sql(`ATTACH '${path('store.duckdb')}' AS store`)
  await engine.sql(`CREATE TABLE store.plain AS FROM rows`)
  await engine.sql(`CREATE TABLE store.indexed AS FROM rows`)
  await engine.sql('CREATE INDEX rtree ON store.indexed USING RTREE (geom)')
  await engine.sql(`CREATE TABLE store.hiding AS ${hiding}`)
  await engine.sql(`CREATE TABLE store.holes AS FROM rows`)
  await engine.sql('DELETE FROM store.holes WHERE bucket < 100')
  await engine.sql('DETACH store')
  engine.close()
  const table =
    (name: string, overrides: Partial<Layer> = {}) =>
    async (on: Engine) =>
      on.layer({ kind: 'table', database: 'store', schema: 'main', table: name }, overrides)
  layers['one file'] = (on) => on.parquet(path('one.parquet'), { pruning: COVERING })
  layers['ten files'] = (on) => on.parquets(parts, { pruning: COVERING })
  layers['a file that hides its row numbers'] = (on) => on.parquet(path('hiding.parquet'))
  layers['a table'] = table('plain')
  layers['a table with an RTREE'] = table('indexed', { pruning: { kind: 'RTREE' } })
  layers['a table that hides its row numbers'] = table('hiding')
  layers['a table with rows deleted'] = table('holes')
  for (const threads of THREADS) {
    const on = await Engine.open(threads)
    await on.sql(`ATTACH '${path('store.duckdb')}' AS store (READ_ONLY)`)
    engines.push(on)
  }
})

afterAll(() => {
  for (const engine of engines) engine.close()
  rmSync(folder, { recursive: true })
})

const KINDS = [
  'one file',
  'ten files',
  'a file that hides its row numbers',
  'a table',
  'a table with an RTREE',
  'a table that hides its row numbers',
  'a table with rows deleted',
]

describe.each(KINDS)('the natural order of %s', (kind) => {
  it.each(THREADS.map((threads, index) => ({ threads, index })))(
    'is that of its rows with $threads threads, complete and resumed after every one',
    async ({ index }) => {
      const engine = engines[index]!
      const layer = await layers[kind]!(engine)
      for (const where of [null, ...shuffled(Object.values(FILTERS)).slice(0, 2)]) {
        const query = queryOf(layer, { where, properties: ['n'] })
        const plan = compileFeatures(query)
        const column = plan.layout.properties[0]!
        const [numbers, ...keys] = (await engine.numbers(plan, [column, ...plan.keys])) as [number[], ...number[][]]
        expect(inOrder(numbers), JSON.stringify(where)?.slice(0, 60)).toBe(true)
        expect([[BigInt(numbers.length)]]).toEqual((await engine.rows(compileRows(countOf(query)))).map(([count]) => [count]))
        for (const at of [numbers.length - 1, random.integer(numbers.length)]) {
          const limit = random.chance(0.5) ? 1 + random.integer(2_000) : null
          const after = { keys: keys.map((key) => String(key[at])) }
          const [rest] = (await engine.numbers(compileFeatures({ ...query, after, limit }), [column])) as [number[]]
          const expected = numbers.slice(at + 1, limit === null ? undefined : at + 1 + limit)
          expect(rest.join() === expected.join(), `behind row ${at} of ${numbers.length}, limit ${limit}`).toBe(true)
        }
      }
    },
  )
})

it.each(Object.keys(FILTERS))('filtered by %s, no plan joins or scans an index', async (filter) => {
  const engine = engines[1]!
  for (const kind of KINDS) {
    const query = queryOf(await layers[kind]!(engine), { where: FILTERS[filter]!, properties: ['n'] })
    for (const after of [null, { keys: kind === 'ten files' ? ['3', '500'] : ['500'] }]) {
      for (const limit of [null, 100]) {
        expect(await engine.explain(compileFeatures({ ...query, after, limit }))).not.toMatch(/JOIN|INDEX_SCAN/i)
      }
    }
  }
})

// One thread runs a whole statement that has constants as rows, or a limit for its result; see docs/decisions/0051.
it.each(Object.keys(FILTERS))('filtered by %s, no stream has a part for which one thread runs all of it', async (filter) => {
  const engine = engines[1]!
  for (const kind of KINDS) {
    const query = queryOf(await layers[kind]!(engine), { where: FILTERS[filter]!, properties: ['n'] })
    const plan = await engine.explain(compileFeatures(query))
    expect(plan).toMatch(/UNION/)
    expect(plan).not.toMatch(/DUMMY_SCAN|COLUMN_DATA_SCAN|EXPRESSION_SCAN|LIMIT/)
  }
})

it.each(['one file', 'ten files', 'a table'])(
  'a resume from the last tenth of %s reads little of what is before it',
  async (kind) => {
    const engine = engines[0]!
    const layer = await layers[kind]!(engine)
    const query = queryOf(layer, { outputs: [{ kind: 'geojson', precision: 7 }], properties: ['n', 'name'] })
    const at = Math.floor(ROWS * 0.9)
    const after = { keys: kind === 'ten files' ? ['9', '0'] : [String(at)] }
    // Milliseconds of a processor: other tests run at the same time.
    const time = async (plan: Plan) => {
      const times: number[] = []
      for (let run = 0; run < 3; run++) {
        const before = process.cpuUsage()
        await engine.numbers(plan, [])
        const { user, system } = process.cpuUsage(before)
        times.push((user + system) / 1_000)
      }
      return Math.min(...times)
    }
    const [whole, rest] = [await time(compileFeatures(query)), await time(compileFeatures({ ...query, after }))]
    console.log(`${kind}: whole ${whole.toFixed(1)} ms, last tenth ${rest.toFixed(1)} ms`)
    expect(rest).toBeLessThan(whole / 2)
  },
)

function inOrder(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)
}

function shuffled<T>(values: readonly T[]): T[] {
  return [...values].sort(() => random.next() - 0.5)
}
