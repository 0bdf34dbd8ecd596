/** Rows that another engine has gathered: their natural order is the key, so a position holds for every gathering. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/ask/cursor.ts'
import { compileFeatures, compileOrder, compileRowGroups } from '../../../src/engines/duckdb/dialect/compile.ts'
import { explain } from '../../../src/engines/duckdb/dialect/explain.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine, positionOf } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

const ROWS = 6_000
/** SQL of unique keys, which have another order than the rows. */
const KEYS = {
  'whole numbers': '((n * 7919) % 10007 - 5000)::INTEGER',
  'large numbers': '((n * 7919) % 10007)::BIGINT * 921000000000000 - 4611686018427387904',
  texts: `CASE n WHEN 5 THEN '' WHEN 6 THEN 'it''s' WHEN 7 THEN '€ ' || chr(0) ELSE md5(n::VARCHAR) || repeat('é', (n % 300)::INTEGER) END`,
  UUIDs: 'md5(n::VARCHAR)::UUID',
  dates: `DATE '1900-01-01' + n::INTEGER`,
} as const
const COVERING = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
  float32: true,
} as const

const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
const random = new Random()
const engines: Engine[] = []

beforeAll(async () => {
  for (const threads of [1, 4]) engines.push(await Engine.open(threads))
})
afterAll(() => {
  for (const engine of engines) engine.close()
  rmSync(folder, { recursive: true })
})

let gatherings = 0

/** The layer of one gathering into some files. */
async function gathered(kind: keyof typeof KEYS, files: number, rowGroup = 500): Promise<Layer> {
  const engine = engines[1]!
  const name = `rows_${++gatherings}`
  await engine.sql(`CREATE TABLE ${name} AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM (SELECT ${KEYS[kind]} AS id,
    n::INTEGER AS n, n % 3 AS class, CASE WHEN n % 11 > 0 THEN repeat(chr(97 + (n % 5)::INTEGER), 3000) END AS long,
    ST_AsWKB(ST_Point(n % 180, n % 90)) AS geom,
    {xmin: (n % 180)::FLOAT, ymin: (n % 90)::FLOAT, xmax: (n % 180)::FLOAT, ymax: (n % 90)::FLOAT} AS bbox FROM range(${ROWS}) AS r(n))`)
  const paths: string[] = []
  for (let file = 0; file < files; file++) {
    paths.push(join(folder, `${name}-${file}.parquet`))
    await engine.sql(`COPY (SELECT * EXCLUDE (place) FROM ${name} WHERE place * ${files} // ${ROWS} = ${file} ORDER BY id)
      TO '${paths[file]}' (FORMAT parquet, ROW_GROUP_SIZE ${rowGroup})`)
  }
  const layer = await engine.parquets(paths, { state: 'CHECKING', geometryEncoding: 'WKB', pruning: COVERING })
  const key = layer.columns.find((column) => column.name === 'id')!
  const relation = { kind: 'gathered', engine: 'big', snapshot: 's1', paths: ['/data/rows.parquet'], key, files: paths } as const
  return { ...layer, key: { kind: 'COLUMN', column: 'id' }, relation }
}

describe.each(Object.keys(KEYS) as (keyof typeof KEYS)[])('gathered rows with keys that are %s', (kind) => {
  it.each([
    ['their order', []],
    ['the order of few values', [{ property: 'class', direction: 'DESC' }]],
    ['the order of texts that are too long for a cursor', [{ property: 'long', nulls: 'FIRST' }, { property: 'class' }]],
  ] as const)('continue exactly in %s, also in a gathering with other files', async (_what, orderBy) => {
    const [one, other] = [await gathered(kind, 3), await gathered(kind, 5, 170)]
    const query = queryOf(one, { orderBy, where: { property: { name: 'n', gte: 1_000 } }, properties: ['n'] })
    const plan = compileFeatures(query)
    const [column] = plan.layout.properties
    const whole = await engines[0]!.rows(plan)
    const numbers = whole.map((row) => row[column!])
    const order = orderBy.map(
      (key) => `${key.property} ${'direction' in key ? key.direction : 'ASC'} NULLS ${'nulls' in key ? key.nulls : 'LAST'}`,
    )
    expect(numbers).toEqual(
      (await engines[1]!.sql(`SELECT n FROM rows_${gatherings} WHERE n >= 1000 ORDER BY ${[...order, 'id'].join(', ')}`)).flat(),
    )
    for (const engine of engines) {
      for (const at of [0, whole.length - 1, random.integer(whole.length), random.integer(whole.length)]) {
        const after = decodeCursor('secret', query, encodeCursor('secret', query, positionOf(plan, whole[at]!)))
        const limit = random.chance(0.5) ? 1 + random.integer(3_000) : null
        const view = { ...query.view, layer: other }
        const rest = await engine.rows(compileFeatures({ ...query, view, after, limit }))
        const expected = numbers.slice(at + 1, limit === null ? undefined : at + 1 + limit)
        expect(rest.map((row) => row[column!]).join() === expected.join(), `after row ${at}, limit ${limit}`).toBe(true)
      }
    }
  })
})

it('without a sort key, gathered rows are neither sorted nor joined', async () => {
  const layer = await gathered('texts', 3)
  const query = queryOf(layer, { where: { bbox: [0, 0, 50, 50] }, properties: ['n'] })
  for (const after of [null, { keys: ['abc'] }]) {
    const plan = compileFeatures({ ...query, after })
    expect(plan.sorted).toBe(false)
    expect(await engines[1]!.explain(plan)).not.toMatch(/JOIN|ORDER|TOP_N/)
  }
})

it('the proof of the order finds a key that is not above the one before, in a file and between files', async () => {
  const layer = await gathered('texts', 3)
  const relation = layer.relation as Extract<Layer['relation'], { kind: 'gathered' }>
  const [first, second, third] = relation.files!
  const wrongIn = async (engine: Engine, files: readonly string[]) =>
    (await engine.rows(compileOrder({ layer: { ...layer, relation: { ...relation, files } } } as never)))[0]!.slice(0, 2)
  const mixed = join(folder, 'mixed.parquet')
  await engines[1]!.sql(`COPY (SELECT * FROM '${second}' ORDER BY n) TO '${mixed}' (FORMAT parquet, ROW_GROUP_SIZE 500)`)
  for (const engine of engines) {
    expect(await wrongIn(engine, relation.files!)).toEqual([ROWS, 0])
    expect(await wrongIn(engine, [second!, first!, third!])).toEqual([ROWS, 1])
    expect(await wrongIn(engine, [first!, first!])).toEqual([(ROWS / 3) * 2, 1])
    expect(Number((await wrongIn(engine, [first!, mixed, third!]))[1])).toBeGreaterThan(100)
  }
})

it('a position that is none of the key is refused', async () => {
  const query = queryOf(await gathered('texts', 1), {})
  for (const keys of [[true], [null], ['a', 'b'], []] as const)
    expect(() => compileFeatures({ ...query, after: { keys } })).toThrow('The cursor is not one of this order')
})

it('the density of gathered rows is read from the statistics of their row groups', async () => {
  const layer = await gathered('texts', 2)
  const rows = await engines[1]!.rows(compileRowGroups({ layer } as never)!)
  expect(rows.reduce((sum, [count]) => sum + Number(count), 0)).toBe(ROWS)
  expect(rows.length).toBeGreaterThanOrEqual(4)
})

it('a layer of which nothing is gathered is explained', async () => {
  const { relation, ...layer } = await gathered('texts', 2)
  const { files, ...bare } = relation as Extract<Layer['relation'], { kind: 'gathered' }>
  const query = { where: { bbox: [0, 0, 1, 1] }, orderBy: [{ property: 'class' }], properties: ['n'] } as const
  const [explained, ready] = [bare, { ...bare, files: files! }].map((one) => explain(queryOf({ ...layer, relation: one }, query)))
  expect(explained).toEqual(ready)
  expect(explained!.sql).toContain('FROM "things" AS t')
  expect(explained!.pruning).toBe('COVERING_COLUMN')
})
