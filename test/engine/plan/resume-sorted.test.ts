import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/ask/cursor.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine, positionOf } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'
import { KINDS, makeKinds, PARQUET_KINDS } from './kinds.ts'

const ROWS = 500
const random = new Random()
const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
let engine: Engine
let table: Layer
let file: Layer
let files: Layer

beforeAll(async () => {
  engine = await Engine.open(4)
  await makeKinds(engine, random, ROWS)
  table = await engine.table('kinds')
  const columns = ['n', 'geom', ...PARQUET_KINDS].map((name) => `"${name}"`).join(', ')
  const write = async (name: string, where: string) => {
    const path = join(folder, name)
    await engine.sql(
      `COPY (SELECT ${columns} FROM kinds WHERE ${where} ORDER BY n) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 100)`,
    )
    return path
  }
  file = await engine.parquet(await write('all.parquet', 'true'))
  files = await engine.parquets(await Promise.all([0, 1, 2].map((part) => write(`${part}.parquet`, `n // 180 = ${part}`))))
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

/** The numbers of the rows, in order, from the plan and from the engine asked directly. */
async function wholeAndExpected(layer: Layer, orderBy: readonly FeatureOrder[]) {
  const query = queryOf(layer, { orderBy, properties: ['n'] })
  const plan = compileFeatures(query)
  const rows = await engine.rows(plan)
  const order = orderBy.map(({ property, direction, nulls }) => `"${property}" ${direction ?? 'ASC'} NULLS ${nulls ?? 'LAST'}`)
  const from = layer.relation.kind === 'parquet' ? `read_parquet(['${layer.relation.files.join("', '")}'])` : 'kinds'
  const expected = await engine.sql(`SELECT n FROM ${from} ORDER BY ${[...order, 'n'].join(', ')}`)
  const number = plan.layout.properties[0]!
  return { query, plan, rows, number, expected: expected.map(([n]) => n) }
}

async function checkResume(layer: Layer, orderBy: readonly FeatureOrder[], cuts: number): Promise<void> {
  const { query, plan, rows, number, expected } = await wholeAndExpected(layer, orderBy)
  expect(rows.map((row) => row[number]).join(), JSON.stringify(orderBy)).toBe(expected.join())
  for (let cut = 0; cut < cuts; cut++) {
    const at = cut === 0 ? rows.length - 1 : random.integer(rows.length)
    const limit = random.chance(0.3) ? 1 + random.integer(40) : null
    const rest = await engine.rows(compileFeatures({ ...query, after: positionOf(plan, rows[at]!), limit }))
    const end = limit === null ? undefined : at + 1 + limit
    expect(
      rest.map((row) => row[number]),
      `${JSON.stringify(orderBy)} cut at ${at}, limit ${limit}`,
    ).toEqual(expected.slice(at + 1, end))
  }
}

const WAYS = [
  { direction: 'ASC', nulls: 'LAST' },
  { direction: 'ASC', nulls: 'FIRST' },
  { direction: 'DESC', nulls: 'LAST' },
  { direction: 'DESC', nulls: 'FIRST' },
] as const

describe.each(Object.keys(KINDS))('sorted by %s, a resume continues exactly after any row', (property) => {
  it.each(WAYS)('$direction, nulls $nulls', async (way) => {
    await checkResume(table, [{ property, ...way }], 2)
  })
})

it('nulls are last by default, in both directions', async () => {
  for (const direction of ['ASC', 'DESC'] as const) {
    const { rows } = await wholeAndExpected(table, [{ property: 'whole', direction }])
    expect(rows.at(-1)?.[0]).toBeNull()
    expect(rows[0]?.[0]).not.toBeNull()
  }
})

it.each(['table', 'one file', 'three files'])(
  'with several keys, in a %s, a resume continues exactly after any row',
  async (where) => {
    const [layer, names] = where === 'table' ? [table, Object.keys(KINDS)] : [where === 'one file' ? file : files, PARQUET_KINDS]
    for (let run = 0; run < 20; run++) {
      const properties = new Set(Array.from({ length: 1 + random.integer(4) }, () => random.pick(names)))
      await checkResume(
        layer,
        [...properties].map((property) => ({ property, ...random.pick(WAYS) })),
        2,
      )
    }
  },
)

describe('sorted by text that is too long for a cursor, with ties, a resume continues exactly after any row', () => {
  const subject = "repeat(chr(97 + ((n * 7) % 5)::INTEGER), 4000) || CASE WHEN n % 3 = 0 THEN 'x' ELSE '' END"

  it.each(['a table', 'two files', 'a file whose rows have to be counted'])('in %s', async (where) => {
    const name = `long_${where.length}`
    const taken = where.includes('counted') ? 'file_row_number' : 'other'
    const rows = `SELECT n, CASE WHEN n % 11 <> 0 THEN ${subject} END AS long, n % 2 AS short, n AS ${taken}, ST_Point(n, n) AS geom
      FROM range(120) r(n)`
    await engine.sql(`CREATE TABLE ${name} AS ${rows}`)
    const write = async (part: string, condition: string) => {
      const path = join(folder, `${name}-${part}.parquet`)
      await engine.sql(`COPY (FROM ${name} WHERE ${condition} ORDER BY n) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 50)`)
      return path
    }
    const layer =
      where === 'a table'
        ? await engine.table(name)
        : where === 'two files'
          ? await engine.parquets([await write('a', 'n < 70'), await write('b', 'n >= 70')])
          : await engine.parquet(await write('all', 'true'))
    for (const way of WAYS) {
      const query = queryOf(layer, { orderBy: [{ property: 'long', ...way }, { property: 'short' }], properties: ['n'] })
      const plan = compileFeatures(query)
      const whole = await engine.rows(plan)
      const number = plan.layout.properties[0]!
      expect(whole).toHaveLength(120)
      for (let at = 0; at < 120; at += 7) {
        const cursor = encodeCursor('a secret of this test', query, positionOf(plan, whole[at]!))
        expect(cursor.length).toBeLessThan(300)
        const after = decodeCursor('a secret of this test', query, cursor)
        const rest = await engine.rows(compileFeatures({ ...query, after }))
        expect(
          rest.map((row) => row[number]),
          `${JSON.stringify(way)} cut at ${at}`,
        ).toEqual(whole.slice(at + 1).map((row) => row[number]))
      }
    }
  })
})
