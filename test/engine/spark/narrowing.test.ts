/** Compares what Spark keeps of a filter with what DuckDB selects of the same file: it is never less. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { type Narrowing, narrow } from '../../../src/engines/spark/dialect/narrow.ts'
import { SparkConnection } from '../../../src/engines/spark/host/spark-connection.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { filterOf, queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

const ROWS = 6_000
/** The long run has 2,000. */
const TREES = process.env['GEODUCK_LONG'] ? 2_000 : 120
/** Conditions of one statement of Spark. */
const AT_ONCE = 60

/** A name with all that a dialect might quote. */
const ODD = 'odd `name` "it\'s" ?'

/** Values at the edges of each type, as SQL of DuckDB. */
const COLUMNS: Readonly<Record<string, { readonly type: string; readonly values: readonly string[] }>> = {
  bool: { type: 'BOOLEAN', values: ['true', 'false'] },
  tiny: { type: 'TINYINT', values: ['-128', '-1', '0', '1', '127'] },
  small: { type: 'SMALLINT', values: ['-32768', '0', '32767'] },
  whole: { type: 'INTEGER', values: ['-2147483648', '-1', '0', '7', '2147483647'] },
  big: { type: 'BIGINT', values: ['-9223372036854775808', '-9007199254740993', '0', '9007199254740993', '9223372036854775807'] },
  float: {
    type: 'FLOAT',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '3.4028234663852886e38', '1.4e-45', '16777217'],
  },
  double: {
    type: 'DOUBLE',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '1.7976931348623157e308', '5e-324', '0.30000000000000004', '1e16'],
  },
  decimal: { type: 'DECIMAL(9, 4)', values: ['12345.6789', '-0.0001', '0', '99999.9999', '-99999.9999'] },
  wide: {
    type: 'DECIMAL(38, 10)',
    values: ["'9999999999999999999999999999.9999999999'", "'-0.0000000001'", '0', "'1234567890123456789.0123456789'"],
  },
  text: {
    type: 'VARCHAR',
    values: [
      ...["''", "'a'", "'A'", "'ä'", "'a' || chr(776)", "'z'", "'Z'", "'\u{1F986}'", "'\uFFFD'", "'\u0130'", "'i'", "'I'"],
      ...["'a' || chr(0) || 'b'", "'nan'", "'it''s'", "'a%'", "'a_\\'", "'a' || chr(10) || 'b'", "repeat('x', 300)"],
    ],
  },
  blob: { type: 'BLOB', values: ["''", "'\\x00'", "'\\x00\\xFF'", "'\\x5C'", "'abc'", "'\\x80'"] },
  date: {
    type: 'DATE',
    values: ["'2026-05-31'", "'0001-01-01'", "'1582-10-04'", "'1582-10-15'", "'1970-01-01'", "'9999-12-31'"],
  },
  local: {
    type: 'TIMESTAMP',
    values: [
      "'2026-05-31 12:00:00.000001'",
      "'0001-01-01 00:00:00'",
      "'1969-12-31 23:59:59.999999'",
      "'9999-12-31 23:59:59.999999'",
    ],
  },
  moment: {
    type: 'TIMESTAMP WITH TIME ZONE',
    values: [
      "'2026-05-31 12:00:00.000001+00'",
      "'2026-05-31 12:00:00+05:30'",
      "'0001-01-02 00:00:00+00'",
      "'2026-03-29 01:30:00+00'",
    ],
  },
  numbers: { type: 'INTEGER[]', values: ['[]', '[1, 2, 3]', '[NULL]', '[3, NULL]', '[7]'] },
  words: { type: 'VARCHAR[]', values: ["['red', 'blue']", "['']", "[NULL, 'red']", '[]'] },
  deep: {
    type: 'STRUCT(a STRUCT(b INTEGER), "c.d" VARCHAR)',
    values: [`{a: {b: 5}, "c.d": 'x'}`, `{a: {b: NULL}, "c.d": 'y'}`, `{a: NULL, "c.d": NULL}`],
  },
  [ODD]: { type: 'INTEGER', values: ['1', '2'] },
}

const random = new Random()
let engine: Engine
let spark: SharedSpark
let connection: SparkConnection
let layer: Layer
let statements = 0

beforeAll(async () => {
  spark = await sharedSpark()
  engine = await Engine.open(1)
  const file = join(spark.folder, 'rows.parquet')
  const names = Object.keys(COLUMNS).map((name) => `"${name.replaceAll('"', '""')}"`)
  const values = Object.values(COLUMNS).map(({ type, values }, n) => {
    const list = `[${values.map((value) => `CAST(${value} AS ${type})`).join(', ')}]`
    // A sixth is null. Some columns are sorted, so that row groups are skipped by their statistics.
    const index = n % 3 === 0 ? `n * ${values.length} // ${ROWS}` : `(hash(n, ${n}) % ${values.length})::INTEGER`
    return `CASE WHEN hash(n, ${n}, 'null') % 6 > 0 THEN ${list}[${index} + 1] END AS ${names[n]}`
  })
  const box = '{xmin: x::FLOAT, ymin: y::FLOAT, xmax: (x + 0.5)::FLOAT, ymax: (y + 0.5)::FLOAT} AS bbox'
  const place = `(n * 7919 % 3600) / 10 - 180 AS x, (n * 104729 % 1790) / 10 - 90 AS y`
  await engine.sql(`COPY (SELECT n, ${values.join(', ')}, ${box}, ST_MakeEnvelope(x, y, x + 0.5, y + 0.5) AS geom
    FROM (SELECT range::INTEGER AS n, ${place} FROM range(${ROWS}))) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  const members = { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' }
  layer = await engine.parquet(file, { pruning: { kind: 'COVERING_COLUMN', column: 'bbox', members, float32: true } })
  connection = new SparkConnection({
    address: spark.address,
    isEncrypted: false,
    token: spark.token,
    tempDirectory: join(spark.folder, 'temp'),
  })
  await connection.view('rows', [file])
})

afterAll(async () => {
  await connection?.close()
  engine?.close()
  await spark?.leave()
})

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
    const directory = join(spark.folder, `kept-${++statements}`)
    await connection.write({
      sql: parts.map(({ sql }) => sql).join(' UNION ALL '),
      values: parts.flatMap(({ values }) => values),
      directory,
    })
    for (const [part, n] of await engine.sql(`SELECT part, n FROM '${directory}/*.parquet' ORDER BY ALL`))
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
  ['ALL', property('text', { eq: 'a', collate: ['IGNORE_CASE'] })],
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
  ['SAME', { not: { not: property('float', { lte: 0 }) } }],
  ['MORE', { not: property('whole', { in: [7, -1] }) }],
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
      const narrows = narrowed(where).condition !== null
      const found: Kept = narrows ? (kept[n]!.length > selected.length || expected === 'MORE' ? 'MORE' : 'SAME') : 'ALL'
      const isLess = new Set(selected).difference(new Set(kept[n])).size > 0
      if (found !== expected || isLess || (narrows && kept[n]!.length === ROWS))
        wrong.push(
          `${JSON.stringify(where)}: ${expected}, but ${isLess ? 'LESS' : found} (${selected.length}, ${kept[n]!.length})`,
        )
    }
    expect(wrong).toEqual([])
  })

  it('keeps all rows that DuckDB selects, for trees of filters with NOT', { timeout: 180_000 + 2_000 * TREES }, async () => {
    const leaves = TABLE.map(([, where]) => where)
    const tree = (depth: number): FeatureFilter => {
      if (depth === 0 || random.chance(0.2)) return random.pick(leaves)
      if (random.chance(0.35)) return { not: tree(depth - 1) }
      const members = random.list(2 + random.integer(2), () => tree(depth - 1))
      return random.chance(0.5) ? { and: members } : { or: members }
    }
    const trees = random.list(TREES, () => tree(4))
    const kept = await keptBySpark(trees)
    for (const [n, where] of trees.entries()) {
      const missing = new Set(await selectedByDuckDb(where)).difference(new Set(kept[n]))
      expect([...missing], JSON.stringify(where)).toEqual([])
    }
    expect(trees.filter((where) => narrowed(where).condition !== null).length).toBeGreaterThan(TREES / 4)
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
