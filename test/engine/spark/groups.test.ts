/** Groups that Spark computes, compared with those of DuckDB, column by column. */
import type { DuckDBValue } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GroupColumns } from '../../../src/ask/groups/group-columns.ts'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { memberAt } from '../../../src/ask/read/member.ts'
import { viewOf } from '../../../src/ask/view.ts'
import { compileGroups } from '../../../src/engines/duckdb/dialect/groups.ts'
import { groupingOf } from '../../../src/engines/spark/dialect/groups.ts'
import type { Grid } from '../../../src/geometry/cells.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { GroupQuery, Period } from '../../../src/model/query.ts'
import { COLUMNS, COVERING, EdgeValues, ODD } from '../../support/edge-values.ts'
import { filterOf } from '../../support/filter.ts'
import { type Engine, positionOf } from '../../support/plan/engine.ts'

let edges: EdgeValues
let engine: Engine
let layer: Layer

beforeAll(async () => {
  edges = await EdgeValues.open({ pruning: { ...COVERING, column: 'exact', float32: false } })
  ;({ engine, layer } = edges)
})

afterAll(() => edges?.close())

interface Asked {
  readonly by?: readonly (readonly string[])[]
  readonly time?: readonly (readonly [column: string, every: Period, ...zone: readonly string[]])[]
  readonly cell?: Grid
  readonly where?: FeatureFilter
  readonly measure?: (columns: GroupColumns) => void
}

function groupsOf({ by = [], time = [], cell, where, measure = count }: Asked): GroupQuery {
  const view = viewOf(layer)
  const columns = new GroupColumns(view, 1_000)
  for (const [column, ...path] of by) {
    const named = memberAt(view, column!, path)
    columns.addValue([column, ...path].join('.'), named, named)
  }
  for (const [column, every, zone = null] of time) columns.addTime(memberAt(view, column, []), every, zone)
  if (cell) columns.addCell(cell)
  measure(columns)
  const { keys, measures } = columns
  const fields = [...keys, ...measures].map(({ field: { name } }) => ({ key: name, field: 'property', name }) as const)
  return {
    kind: 'groups',
    view,
    where: filterOf(layer, where),
    keys,
    measures,
    having: null,
    orderBy: [],
    digest: '',
    limit: null,
    after: null,
    outputs: [{ kind: 'features', fields }],
  }
}

const count = (columns: GroupColumns): void => void columns.features()

/** The query over the groups of Spark. */
async function inSpark(query: GroupQuery): Promise<GroupQuery> {
  const found = await engine.sql(`FROM glob('${await edges.inSpark(groupingOf(query, 'rows')!)}')`)
  const files = found.map(([file]) => String(file))
  const key = layer.columns.find(({ name }) => name === 'n')!
  const relation = { kind: 'gathered', engine: 'spark', snapshot: '', paths: [], key, files, grouped: true } as const
  return { ...query, view: { ...query.view, layer: { ...query.view.layer, relation } } }
}

/** The texts and types of all values, because a `Date` of JavaScript has fewer years. */
async function rowsOf(query: GroupQuery): Promise<readonly unknown[][]> {
  const { statement } = compileGroups(query)
  const sql = `SELECT CAST(COLUMNS(*) AS VARCHAR), typeof(COLUMNS(*)) FROM (${statement.sql})`
  return (await engine.sql(sql, statement.parameters as DuckDBValue[])) as unknown[][]
}

async function expectSame(asked: Asked): Promise<number> {
  const query = groupsOf(asked)
  const found = await rowsOf(await inSpark(query))
  expect(found, JSON.stringify(asked)).toEqual(await rowsOf(query))
  // Without the sentinel.
  return found.length - 1
}

const COMPARED = Object.keys(COLUMNS).filter((name) => !['numbers', 'words', 'deep'].includes(name))

/** All figures of all columns for which Spark computes them. */
function everything(columns: GroupColumns): void {
  columns.features()
  for (const column of Object.keys(COLUMNS)) columns.figure('count', { column })
  columns.figure('count', { column: 'deep', path: ['a', 'b'] })
  for (const column of COMPARED) {
    columns.figure('min', { column })
    columns.figure('max', { column })
  }
  for (const column of ['tiny', 'small', 'whole', 'big', 'decimal', ODD]) columns.figure('sum', { column })
  for (const column of ['tiny', 'small', 'whole', 'big', ODD]) columns.figure('avg', { column })
}

it('all figures of all columns are those of DuckDB', async () => {
  await expectSame({ measure: everything })
  await expectSame({ by: [['bool'], ['tiny']], measure: everything, where: { property: { name: 'whole', ne: 7 } } })
  const distinct = (columns: GroupColumns) => {
    for (const column of COMPARED) columns.figure('distinct', { column })
  }
  await expectSame({ measure: distinct })
})

it('values of every type are keys, and nulls too', async () => {
  const keys = [
    ...COMPARED.filter((name) => name !== 'float' && name !== 'double').map((name) => [name]),
    ['deep', 'a', 'b'],
    ['deep', 'c.d'],
  ]
  for (let first = 0; first < keys.length; first += 3)
    expect(await expectSame({ by: keys.slice(first, first + 3) })).toBeGreaterThan(5)
})

const DAY = 86_400_000_000
const days = (count: number): Period => ({ microseconds: String(count * DAY) })

it('buckets of time begin at the same moments, before 1970 and beyond the calendar too', async () => {
  const ofDates: Period[] = [days(1), days(7), days(1_000), { months: 1 }, { months: 5 }, { months: 1_200 }]
  const short: Period[] = [{ microseconds: '1' }, { microseconds: String(7_000_000) }, { microseconds: String(DAY / 24) }]
  for (const name of ['date', 'farDate', 'local', 'farLocal', 'moment', 'farMoment']) {
    const periods = name.endsWith('ate') ? ofDates : [...short, ...ofDates]
    const zone = name.endsWith('oment') ? ['UTC'] : []
    // The value itself is a key, so that no bucket has two values.
    await expectSame({ by: [[name]], time: periods.map((every) => [name, every, ...zone]) })
  }
})

it('cells of the covering column are those of DuckDB', async () => {
  for (const size of [10, 0.3, 1e-14]) expect(await expectSame({ cell: { kind: 'square', size } })).toBeGreaterThan(1)
})

it('DuckDB filters, sorts, counts and continues groups of Spark', async () => {
  const asked = { by: [['text'], ['bool']], measure: (columns: GroupColumns) => void columns.figure('sum', { column: 'big' }) }
  const plain = groupsOf(asked)
  const [sum] = plain.measures
  const member = { column: sum!.field.name, steps: [], type: sum!.field.type }
  const query: GroupQuery = {
    ...plain,
    having: { kind: 'property', member, tests: [{ kind: 'compare', sign: '>', as: null, text: '0' }] },
    orderBy: [{ kind: 'property', field: sum!.field, descending: true, nullsFirst: true }],
  }
  const inFiles = await inSpark(query)
  const expected = await engine.rows(compileGroups(query))
  expect(expected.length).toBeGreaterThan(10)
  const plan = compileGroups(inFiles)
  expect(await engine.rows(plan)).toEqual(expected)
  for (let n = 0; n < expected.length; n += 3) {
    const after = positionOf(plan, expected[n]!)
    expect(await engine.rows(compileGroups({ ...inFiles, after }))).toEqual(expected.slice(n + 1))
  }
  expect(await engine.rows(compileGroups(countOf(inFiles)))).toEqual(await engine.rows(compileGroups(countOf(query))))
})

it('Spark computes no groups that might differ', () => {
  const isComputed = (asked: Asked) => groupingOf(groupsOf(asked), 'rows') !== null
  const figure = (kind: Parameters<GroupColumns['figure']>[0], column: string) => ({
    measure: (columns: GroupColumns) => void columns.figure(kind, { column }),
  })
  expect(isComputed({})).toBe(true)
  expect(isComputed({ where: { bbox: [0, 0, 10, 10] } })).toBe(false)
  expect(isComputed({ by: [['double']] })).toBe(false)
  expect(isComputed({ time: [['moment', { months: 1 }, 'Europe/Berlin']] })).toBe(false)
  expect(isComputed({ cell: { kind: 'tile', zoom: 3 } })).toBe(false)
  // The sum may have more than 38 digits.
  expect(isComputed(figure('sum', 'wide'))).toBe(false)
  expect(isComputed(figure('sum', 'double'))).toBe(false)
  expect(isComputed(figure('avg', 'decimal'))).toBe(false)
  expect(isComputed({ measure: (columns) => void columns.extent() })).toBe(false)
})
