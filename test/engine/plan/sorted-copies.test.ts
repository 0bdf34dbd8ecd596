/** A table with sorted copies: random queries have the same features, order and positions as without copies, and as JavaScript computes them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import { explain } from '../../../src/engines/duckdb/dialect/explain.ts'
import type { Description } from '../../../src/engines/duckdb/host/inspection.ts'
import { makeCopies } from '../../../src/engines/duckdb/processes/import/sorted-copies.ts'
import { describeTable } from '../../../src/engines/duckdb/processes/inspect/describe-database.ts'
import { proveCopies } from '../../../src/engines/duckdb/processes/inspect/prove-copies.ts'
import type { FeatureFilter, FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { using, within } from '../../support/import.ts'
import { Engine, positionOf } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

const ROWS = 9_000
const COPIED = ['name', 'amount', 'day', 'n'] as const
const folder = mkdtempSync(join(tmpdir(), 'geoduck-copies-'))
const store = join(folder, 'store.duckdb')
const random = new Random()

interface Thing {
  readonly n: number
  readonly name: string | null
  readonly amount: number | null
  readonly day: string | null
  readonly kind: string
}

const NAMES = [
  '',
  'a',
  'A',
  'ä',
  'a\u0308',
  'Z',
  'z',
  'é',
  'straße',
  'STRASSE',
  'ß',
  '東京',
  '🦆',
  '\uffff',
  'a b',
  'ab',
  "o'b",
  'a%',
  ' ',
]
const AMOUNTS = [0, 1, -1, 1e300, -1e300, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -1074]

const things: readonly Thing[] = random
  .list(ROWS, () => 0)
  .map((_, n) => ({
    n,
    name: random.chance(0.05)
      ? null
      : `${random.pick(NAMES)}${random.chance(0.6) ? random.pick(NAMES) + random.integer(300) : ''}`,
    amount: random.chance(0.05) ? null : random.chance(0.3) ? random.pick(AMOUNTS) : random.integer(2_000) / 8,
    day: random.chance(0.5) ? null : `20${10 + random.integer(90)}-0${1 + random.integer(9)}-11`,
    kind: random.pick(['house', 'school', 'office']),
  }))

const sqlOf = (thing: Thing): string => {
  const text = (value: string | null) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`)
  const amount = thing.amount === null ? 'NULL' : `'${String(thing.amount).replace('Infinity', 'inf')}'::DOUBLE`
  return `(${thing.n}, ${text(thing.name)}, ${amount}, ${text(thing.day)}::DATE, '${thing.kind}', ST_Point(${thing.n % 90}, ${thing.n % 45}))`
}

let engine: Engine
let plain: Layer
let copied: Layer

/** Returns the columns of the copies that a check proves in the file. */
async function proven(file: string): Promise<readonly string[]> {
  const copies = await using(async (connection) => {
    await connection.run(`ATTACH '${file}' AS store (READ_ONLY)`)
    const description: Description = await describeTable(connection, 'store', { schema: 'main', table: 'things' })
    return await proveCopies(connection, description)
  })
  return copies.map(({ column }) => column)
}

beforeAll(async () => {
  const copies = await using(async (connection) => {
    await connection.run(`ATTACH '${store}' AS store (STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE 2048)`)
    await connection.run(
      `CREATE TABLE store.things AS SELECT * FROM (VALUES ${things.map(sqlOf).join(', ')}) t(n, name, amount, day, kind, geom) ORDER BY n`,
    )
    await makeCopies(connection, 'things', COPIED)
    await connection.run('CHECKPOINT store')
    return await proveCopies(connection, await describeTable(connection, 'store', { schema: 'main', table: 'things' }))
  })
  engine = await Engine.open(4)
  await engine.sql(`ATTACH '${store}' AS store (READ_ONLY)`)
  const relation = { kind: 'table', database: 'store', schema: 'main', table: 'things' } as const
  plain = await engine.layer(relation, { featureCount: ROWS, extent: [0, 0, 90, 45] })
  copied = { ...plain, sortedCopies: copies }
})
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

/** The engine's orders: bytes of UTF-8; NaN above infinity. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a - Number(b)
}

type Column = (typeof COPIED)[number]
interface Case {
  readonly where: FeatureFilter | null
  readonly orderBy: readonly FeatureOrder[]
  readonly expected: readonly number[]
}

function madeUp(): Case {
  const tests: [FeatureFilter, (thing: Thing) => boolean][] = []
  const some = random.pick(things)
  if (random.chance(0.5)) {
    const name = random.chance(0.8) ? (some.name ?? 'none') : random.pick(NAMES)
    const test = random.chance(0.5) ? { eq: name } : { in: [name] }
    tests.push([{ property: { name: 'name', ...test } }, (thing) => thing.name === name])
  }
  if (random.chance(0.3)) tests.push([{ property: { name: 'kind', eq: some.kind } }, ({ kind }) => kind === some.kind])
  if (random.chance(0.15)) tests.push([{ property: { name: 'n', gte: 500 } }, ({ n }) => n >= 500])
  if (random.chance(0.15) && some.day) tests.push([{ property: { name: 'day', eq: some.day } }, ({ day }) => day === some.day])
  if (random.chance(0.15))
    tests.push([{ not: { property: { name: 'name', eq: 'a' } } }, ({ name }) => name !== null && name !== 'a'])
  if (random.chance(0.1)) tests.push([{ bbox: [0, 0, 30.5, 20.5] }, ({ n }) => n % 90 <= 30 && n % 45 <= 20])
  const by = random.chance(0.75) ? random.pick(COPIED) : null
  const [direction, nulls] = [random.chance(0.75) ? 'ASC' : 'DESC', random.pick(['FIRST', 'LAST'] as const)] as const
  const expected = things.filter((thing) => tests.every(([, holds]) => holds(thing)))
  if (by) expected.sort((a, b) => compareBy(by, direction === 'DESC', nulls === 'FIRST', a, b) || a.n - b.n)
  return {
    where: tests.length === 0 ? null : { and: tests.map(([filter]) => filter) },
    orderBy: by ? [{ property: by, direction, nulls }] : [],
    expected: expected.map(({ n }) => n),
  }
}

function compareBy(by: Column, descending: boolean, nullsFirst: boolean, one: Thing, other: Thing): number {
  const [a, b] = [one[by], other[by]]
  if (a === null || b === null) return (Number(a === null) - Number(b === null)) * (nullsFirst ? -1 : 1)
  return compare(a, b) * (descending ? -1 : 1)
}

describe('a table with sorted copies', () => {
  it('has the features, order, positions and counts of the table without them, whole and after any feature', async () => {
    let read = 0
    for (let run = 0; run < 120; run++) {
      const { where, orderBy, expected } = madeUp()
      const label = JSON.stringify([where, orderBy])
      const [by, without] = [copied, plain].map((layer) => queryOf(layer, { where, orderBy, properties: ['n'] }))
      const plan = compileFeatures(by!)
      const number = plan.layout.properties[0]!
      const rows = await engine.rows(plan)
      expect(rows.map((row) => row[number]).join(), label).toBe(expected.join())
      expect(await engine.rows(compileRows(countOf(by!))), label).toEqual([[BigInt(expected.length), false]])
      if (explain(by!).pruning === 'SORTED_COPY') read++
      for (const at of random.list(rows.length === 0 ? 0 : 2, () => random.integer(rows.length))) {
        const after = positionOf(plan, rows[at]!)
        expect(positionOf(compileFeatures(without!), rows[at]!), label).toEqual(after)
        const limit = random.chance(0.5) ? 1 + random.integer(50) : null
        const [rest, other] = await Promise.all(
          [by!, without!].map((query) => engine.rows(compileFeatures({ ...query, after, limit }))),
        )
        expect(rest, `${label} after ${at}, limit ${limit}`).toEqual(other)
        expect(rest!.map((row) => row[number]).join(), label).toBe(
          expected.slice(at + 1, limit === null ? undefined : at + 1 + limit).join(),
        )
      }
    }
    expect(read).toBeGreaterThan(30)
  })

  it('returns the first page of an order without a sort, and says so', async () => {
    const where = { property: { name: 'kind', eq: 'school' } }
    const query = queryOf(copied, { where, orderBy: [{ property: 'name' }], properties: ['n'], limit: 100 })
    expect(explain(query)).toMatchObject({
      pruning: 'SORTED_COPY',
      sorted: false,
      sql: expect.stringContaining('"things sorted by name"'),
    })
    expect(await engine.explain(compileFeatures(query))).not.toMatch(/TOP_N|ORDER_BY|JOIN/)
  })

  it.each<[string, FeatureFilter | null, readonly FeatureOrder[]]>([
    ['a text without regard to case', { property: { name: 'name', eq: 'a', collate: ['NOCASE'] } }, []],
    ['a negated text', { not: { property: { name: 'name', eq: 'a' } } }, []],
    ['one of two texts', { or: [{ property: { name: 'name', eq: 'a' } }, { property: { name: 'name', eq: 'z' } }] }, []],
    ['a descending order', null, [{ property: 'name', direction: 'DESC' }]],
    ['an order of two columns', null, [{ property: 'name' }, { property: 'n' }]],
    ['an order in a box', { bbox: [0, 0, 9, 9] }, [{ property: 'name' }]],
  ])('reads the table itself for %s', (_, where, orderBy) => {
    expect(explain(queryOf(copied, { where, orderBy })).pruning).not.toBe('SORTED_COPY')
  })
})

describe('a copy is not used', () => {
  it.each([
    ['a row of the table is changed in place', "UPDATE things SET kind = 'hut' WHERE n = 77", []],
    ['a row is added to the table', 'INSERT INTO things SELECT * REPLACE (-1 AS n) FROM things WHERE n = 5', []],
    ['a copy lacks a row', 'DELETE FROM geoduck_sorted."things/name" WHERE n = 4711', ['n', 'amount', 'day']],
    [
      'a copy is in another order',
      'CREATE OR REPLACE TABLE geoduck_sorted."things/name" AS FROM geoduck_sorted."things/name" ORDER BY n',
      ['n', 'amount', 'day'],
    ],
    ['the table has another column', 'ALTER TABLE things ADD COLUMN more INTEGER', []],
  ])('if %s', async (_, statement, left) => {
    const changed = join(folder, 'changed.duckdb')
    await copyFile(store, changed)
    expect(await proven(changed)).toEqual(['n', 'name', 'amount', 'day'])
    await within(changed, [statement])
    expect(await proven(changed)).toEqual(left)
    rmSync(changed)
  })
})
