/** The first rows of an order, and those after a position, as Spark and DuckDB select them from one file. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { type GatherQuery, gatheringOf, topOf } from '../../../src/engines/spark/dialect/gather.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { COLUMNS, EdgeValues, ODD, ROWS } from '../../support/edge-values.ts'
import { type Asked, queryOf } from '../../support/filter.ts'
import { type Engine, positionOf } from '../../support/plan/engine.ts'

const PAGE = 2_400
/** Questions of one statement of Spark. */
const AT_ONCE = 60

let edges: EdgeValues
let engine: Engine
let layer: Layer

beforeAll(async () => {
  edges = await EdgeValues.open()
  ;({ engine, layer } = edges)
})

afterAll(() => edges?.close())

const keyField = () => layer.columns.find(({ name }) => name === 'n')!

/** The question for the page after a position. */
function questionOf(asked: Asked): GatherQuery | null {
  const query = queryOf(layer, asked)
  const top = topOf(query, keyField(), PAGE)
  const predicates = query.where ? [query.where.predicate] : []
  return top && { layer, predicates, columns: ['n'], orderBy: [], key: keyField(), top }
}

/** Returns the keys of the rows that Spark gathers for each question, in the order of its files. */
async function gathered(questions: readonly GatherQuery[]): Promise<number[][]> {
  const rows: number[][] = questions.map(() => [])
  for (let first = 0; first < questions.length; first += AT_ONCE) {
    const parts = questions.slice(first, first + AT_ONCE).map((question) => gatheringOf(question, 'rows'))
    const sql = parts.map(({ sql }, n) => `SELECT ${first + n} AS part, n FROM (${sql})`).join(' UNION ALL ')
    const files = await edges.inSpark({ sql, values: parts.flatMap(({ values }) => values) })
    for (const [part, n] of await engine.sql(`SELECT part, n FROM '${files}' ORDER BY part`))
      rows[part as number]!.push(n as number)
  }
  return rows
}

/** Each column in one or two of its four orders, and orders of several columns. */
const SORTABLE = Object.keys(COLUMNS).filter((name) => !['numbers', 'words', 'deep'].includes(name) && !name.startsWith('far'))
const inOrder = (property: string, n: number): FeatureOrder => ({
  property,
  direction: n % 2 === 0 ? 'ASC' : 'DESC',
  nulls: n % 4 < 2 ? 'FIRST' : 'LAST',
})
const ORDERS: readonly (readonly FeatureOrder[])[] = [
  [],
  ...SORTABLE.map((name, n) => [inOrder(name, n)]),
  ...['double', 'text', 'local'].map((name, n) => [inOrder(name, n + 1)]),
  [inOrder('double', 3), inOrder('float', 0), inOrder('text', 1)],
  [inOrder('moment', 2), inOrder(ODD, 1), inOrder('wide', 0)],
  [inOrder('n', 1)],
]

it('pages that Spark selects are those of DuckDB, in every order and to the end', { timeout: 180_000 }, async () => {
  const questions: GatherQuery[] = []
  const pages: number[][] = []
  for (const [n, orderBy] of ORDERS.entries()) {
    const where = n % 3 === 0 ? { property: { name: 'whole', ne: 7 } } : null
    const plan = compileFeatures(queryOf(layer, { where, orderBy, properties: ['n'] }))
    const rows = await engine.rows(plan)
    const numbers = rows.map((row) => row[plan.layout.properties[0]!] as number)
    // The file has the rows in the order of their keys.
    for (let start = 0; start <= rows.length; start += PAGE) {
      const after = start === 0 ? null : positionOf(plan, rows[start - 1]!)
      questions.push(questionOf({ where, orderBy, after })!)
      pages.push(numbers.slice(start, start + PAGE))
    }
  }
  const found = await gathered(questions)
  for (const [n, page] of pages.entries())
    expect(found[n], JSON.stringify(questions[n]!.top!.orderBy)).toEqual(page.toSorted((a, b) => a - b))
  expect(pages.length).toBeGreaterThan(2 * ORDERS.length)
  expect(pages.flat().length).toBeGreaterThan((ROWS * ORDERS.length) / 2)
})

it('Spark selects no page that it might select in another way', () => {
  const isAsked = (asked: Asked) => questionOf(asked) !== null
  const text: FeatureOrder[] = [{ property: 'text', direction: 'ASC' }]
  expect(isAsked({ orderBy: text })).toBe(true)
  expect(isAsked({ where: { bbox: [0, 0, 10, 10] } })).toBe(false)
  expect(isAsked({ where: { property: { name: 'text', ilike: 'a%' } } })).toBe(false)
  expect(isAsked({ key: '7' })).toBe(false)
  expect(isAsked({ thinning: 2 })).toBe(false)
  // The value of the position is too long for a cursor.
  expect(isAsked({ orderBy: text, after: { keys: [true, '5'] } })).toBe(false)
  expect(isAsked({ orderBy: text, after: { keys: ['a', '5'] } })).toBe(true)
  expect(topOf(queryOf(layer), keyField(), 100_000)).toBe(null)
})
