/** Compares what Spark keeps of a filter with what DuckDB selects of the same file: it is never less, and the same if the narrowing is exact. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { type Narrowing, narrow } from '../../../src/engines/spark/dialect/narrow.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { COVERING, EdgeValues, ODD, ROWS } from '../../support/edge-values.ts'
import { filterOf, queryOf } from '../../support/filter.ts'
import type { Engine } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

/** The long run has 2,000. */
const TREES = process.env['GEODUCK_LONG'] ? 2_000 : 120
/** Conditions of one statement of Spark. */
const AT_ONCE = 60

const random = new Random()
let edges: EdgeValues
let engine: Engine
let layer: Layer

beforeAll(async () => {
  edges = await EdgeValues.open({ pruning: COVERING })
  ;({ engine, layer } = edges)
})

afterAll(() => edges?.close())

const narrowed = (where: FeatureFilter): Narrowing => narrow([filterOf(layer, where)!.predicate], layer)

async function selectedByDuckDb(where: FeatureFilter): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
  const [numbers] = await engine.numbers(plan, plan.layout.properties)
  return numbers!
}

/** Returns the numbers of the rows that Spark keeps, for each filter. The filters of one statement have a scan each. */
async function keptBySpark(filters: readonly FeatureFilter[]): Promise<number[][]> {
  const kept: number[][] = filters.map(() => [])
  for (let first = 0; first < filters.length; first += AT_ONCE) {
    const parts = filters.slice(first, first + AT_ONCE).map((where, n) => {
      const { condition } = narrowed(where)
      const sql = `SELECT ${first + n} AS part, t.n FROM rows AS t WHERE ${condition?.sql ?? 'true'}`
      return { sql, values: condition?.values ?? [] }
    })
    const files = await edges.inSpark({
      sql: parts.map(({ sql }) => sql).join(' UNION ALL '),
      values: parts.flatMap(({ values }) => values),
    })
    for (const [part, n] of await engine.sql(`SELECT part, n FROM '${files}' ORDER BY ALL`))
      kept[part as number]!.push(n as number)
  }
  return kept
}

/** SAME: Spark keeps exactly the rows that DuckDB selects. MORE: others too. ALL: it keeps every row. */
type Kept = 'SAME' | 'MORE' | 'ALL'

const property = (name: string, tests: object): FeatureFilter => ({ property: { name, ...tests } })
const BERLIN = {
  geojson: {
    type: 'Polygon',
    coordinates: [
      [
        [10, 50],
        [14, 50],
        [12, 54],
        [10, 50],
      ],
    ],
  },
}

const range = (count: number) => Array.from({ length: count }, (_, n) => n)
/** Both engines have another way for long lists. */
const MANY_NUMBERS = [0, 99999.9999, 1e16, ...range(20).map((n) => n + 0.5)]
const MANY_TEXTS = ['ä', '', '\u{1F986}', ...range(20).map((n) => `no ${n}`)]

const TABLE: readonly (readonly [kept: Kept, where: FeatureFilter])[] = [
  ...['eq', 'ne', 'lt', 'lte', 'gt', 'gte'].flatMap((operator) =>
    (
      [
        ['tiny', 0],
        ['whole', 2147483647],
        ['big', '9007199254740993'],
        ['float', 0.1],
        ['float', 0],
        ['double', 0.30000000000000004],
        ['double', 0],
        ['double', 1.7976931348623157e308],
        ['decimal', 12345.6789],
        ['wide', '1234567890123456789.0123456789'],
        ['text', 'a'],
        ['text', '\uFFFD'],
        ['text', "it's"],
        ['text', 'a\0b'],
        ['blob', 'AP8='],
        ['date', '1582-10-04'],
        ['local', '1969-12-31T23:59:59.999999'],
        ['moment', '2026-05-31T12:00:00+05:30'],
        [ODD, 1],
      ] as const
    ).map(([name, value]) => ['SAME', property(name, { [operator]: value })] as const),
  ),
  ['SAME', property('bool', { eq: true })],
  ['SAME', property('bool', { ne: true })],
  ['SAME', property('whole', { eq: 0.5 })],
  ['SAME', property('whole', { lt: 0.5 })],
  ['SAME', property('tiny', { gt: 1000 })],
  ['SAME', property('whole', { between: [-1, 7] })],
  ['SAME', property('date', { between: ['0001-01-01', '1970-01-01'] })],
  ['SAME', property('whole', { in: [7, -1, 2147483647] })],
  ['SAME', property('whole', { in: [] })],
  ['SAME', property('double', { in: [0, 1e16] })],
  ['SAME', property('text', { in: ['ä', '', '\u{1F986}'] })],
  ['SAME', property('text', { startsWith: 'a' })],
  ['SAME', property('text', { startsWith: '' })],
  ['SAME', property('text', { startsWith: 'a%' })],
  ['SAME', property('text', { like: 'a%' })],
  ['SAME', property('text', { like: '%a%' })],
  ['SAME', property('text', { like: '%b' })],
  ['SAME', property('text', { like: '%' })],
  ['ALL', property('text', { like: 'a_' })],
  ['ALL', property('text', { like: 'a\\%' })],
  ['ALL', property('text', { ilike: 'i' })],
  ['ALL', property('text', { eq: 'a', collate: ['NOCASE'] })],
  ['SAME', property('whole', { isNull: true })],
  ['SAME', property('double', { isNull: false })],
  ['SAME', property('deep', { path: ['a', 'b'], eq: 5 })],
  ['SAME', property('deep', { path: ['c.d'], gte: 'y' })],
  ['SAME', property('deep', { path: ['a', 'b'], isNull: true })],
  ['SAME', property('numbers', { has: 3 })],
  ['SAME', property('numbers', { hasAny: [7, 2] })],
  ['SAME', property('numbers', { hasAll: [1, 3] })],
  ['SAME', property('words', { has: '' })],
  ['SAME', { not: property('whole', { eq: 7 }) }],
  ['SAME', { not: property('double', { gt: 0 }) }],
  ['SAME', { not: property('text', { like: 'a%' }) }],
  ['SAME', { not: property('whole', { isNull: true }) }],
  ['SAME', { not: property('blob', { ne: 'AP8=' }) }],
  ['SAME', { not: { not: property('blob', { eq: 'AP8=' }) } }],
  ['SAME', { not: { not: property('float', { lte: 0 }) } }],
  ['SAME', { not: property('whole', { in: [7, -1] }) }],
  ['SAME', { not: property('whole', { in: [] }) }],
  ['SAME', { not: property('text', { in: MANY_TEXTS }) }],
  ['SAME', property('double', { in: MANY_NUMBERS })],
  ['SAME', property('float', { in: MANY_NUMBERS })],
  ['SAME', property('decimal', { in: MANY_NUMBERS })],
  ['SAME', property('text', { in: MANY_TEXTS })],
  ['SAME', property('blob', { in: ['', 'AA==', ...range(15).map((n) => Buffer.from([n]).toString('base64'))] })],
  ['SAME', property('numbers', { isNull: true })],
  ['SAME', property('deep', { isNull: true })],
  ['SAME', property('blob', { isNull: false })],
  ['ALL', { not: property('numbers', { has: 3 }) }],
  ['ALL', { not: property('text', { ilike: 'a%' }) }],
  ['SAME', { and: [property('whole', { eq: 7 }), property('text', { isNull: false })] }],
  ['MORE', { and: [property('whole', { eq: 7 }), property('text', { ilike: 'a%' })] }],
  ['ALL', { or: [property('whole', { eq: 7 }), property('text', { ilike: 'a%' })] }],
  ['MORE', { not: { or: [property('whole', { eq: 7 }), property('text', { ilike: 'a%' })] } }],
  ['ALL', { not: { and: [property('whole', { eq: 7 }), property('text', { ilike: 'a%' })] } }],
  ['MORE', { bbox: [10, 50, 14, 54] }],
  ['MORE', { bbox: [170, -10, -170, 10] }],
  ['MORE', { intersects: BERLIN }],
  ['MORE', { within: BERLIN }],
  ['MORE', { contains: BERLIN }],
  ['MORE', { touches: BERLIN }],
  ['MORE', { crosses: BERLIN }],
  ['MORE', { overlaps: BERLIN }],
  ['MORE', { equals: BERLIN }],
  ['ALL', { disjoint: BERLIN }],
  ['ALL', { not: { intersects: BERLIN } }],
  ['MORE', { dWithin: { geometry: { wkt: 'POINT(13 52)' }, distance: 100_000 } }],
  ['ALL', { not: { dWithin: { geometry: { wkt: 'POINT(13 52)' }, distance: 100_000 } } }],
]

describe('a filter for Spark', () => {
  it('keeps all rows that DuckDB selects, and no others where both compare in the same way', async () => {
    const kept = await keptBySpark(TABLE.map(([, where]) => where))
    const wrong: string[] = []
    for (const [n, [expected, where]] of TABLE.entries()) {
      const selected = await selectedByDuckDb(where)
      const { condition, isExact } = narrowed(where)
      const narrows = condition !== null
      const found: Kept = narrows ? (kept[n]!.length > selected.length || expected === 'MORE' ? 'MORE' : 'SAME') : 'ALL'
      const isLess = new Set(selected).difference(new Set(kept[n])).size > 0
      if (found !== expected || isExact !== (expected === 'SAME') || isLess || (narrows && kept[n]!.length === ROWS))
        wrong.push(
          `${JSON.stringify(where)}: ${expected}, but ${isLess ? 'LESS' : found} (${selected.length}, ${kept[n]!.length}, ${isExact})`,
        )
    }
    expect(wrong).toEqual([])
  })

  it('keeps all rows that DuckDB selects, and no others if it is exact, for trees of filters with NOT', {
    timeout: 180_000 + 2_000 * TREES,
  }, async () => {
    const leaves = TABLE.map(([, where]) => where)
    const exact = leaves.filter((where) => narrowed(where).isExact)
    const tree = (depth: number, from: readonly FeatureFilter[]): FeatureFilter => {
      if (depth === 0 || random.chance(0.2)) return random.pick(from)
      if (random.chance(0.35)) return { not: tree(depth - 1, from) }
      const members = random.list(2 + random.integer(2), () => tree(depth - 1, from))
      return random.chance(0.5) ? { and: members } : { or: members }
    }
    const trees = random.list(TREES, () => tree(4, random.chance(0.5) ? exact : leaves))
    const kept = await keptBySpark(trees)
    for (const [n, where] of trees.entries()) {
      const selected = new Set(await selectedByDuckDb(where))
      const others = narrowed(where).isExact
        ? selected.symmetricDifference(new Set(kept[n]))
        : selected.difference(new Set(kept[n]))
      expect([...others], JSON.stringify(where)).toEqual([])
    }
    const shares = [
      (where: FeatureFilter) => narrowed(where).condition !== null,
      (where: FeatureFilter) => narrowed(where).isExact,
    ]
    for (const share of shares) expect(trees.filter(share).length).toBeGreaterThan(TREES / 4)
  })
})

it('names what a filter does not narrow', () => {
  const where = { and: [property('whole', { eq: 7 }), property('text', { ilike: 'a%' }), { disjoint: BERLIN }] }
  expect(narrowed(where).notNarrowed).toEqual(['a pattern of text', 'disjoint'])
  expect(narrowed(property('whole', { eq: 7 })).notNarrowed).toEqual([])
})

it('no value is part of the text', () => {
  const { condition } = narrowed(property('text', { in: ["'; DROP TABLE rows; --", '`?`'] }))
  expect(condition).toEqual({
    sql: 't.`text` IN (?, ?)',
    values: [{ string: "'; DROP TABLE rows; --" }, { string: '`?`' }],
  })
})
