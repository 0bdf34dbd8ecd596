import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { FeatureFilter, PropertyFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { type Asked, queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { Random } from '../../support/random.ts'
import { KINDS, makeKinds } from './kinds.ts'

const random = new Random()
let engine: Engine
let layer: Layer

beforeAll(async () => {
  engine = await Engine.open(2)
  await makeKinds(engine, random, 300)
  layer = await engine.table('kinds')
})

afterAll(() => engine.close())

async function numbersWhere(where: FeatureFilter | null): Promise<number[]> {
  const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
  const [numbers] = await engine.numbers(plan, plan.layout.properties)
  return numbers!
}

async function expected(condition: string): Promise<number[]> {
  return (await engine.sql(`SELECT n FROM kinds WHERE ${condition} ORDER BY n`)).map(([n]) => n as number)
}

/** Values as a client writes them, and as SQL that the engine compares by itself. */
const COMPARED: readonly (readonly [property: string, json: unknown, sql: string])[] = [
  ['bool', true, 'true'],
  ['tiny', 0, '0'],
  ['tiny', 1.5, '1.5'],
  ['tiny', -0.5, '-0.5'],
  ['tiny', 127, '127'],
  ['tiny', 128, '128'],
  ['tiny', -128.5, '-128.5'],
  ['tiny', -1e300, '-1e300::DOUBLE'],
  ['whole', 2147483648, '2147483648'],
  ['whole', 7, '7'],
  ['big', 0, '0'],
  ['big', '9007199254740993', '9007199254740993'],
  ['big', '9223372036854775807.5', "'9223372036854775807.5'::DECIMAL(38, 1)"],
  ['big', '99999999999999999999', '99999999999999999999::HUGEINT'],
  ['big', '-9223372036854775808', '(-9223372036854775808)'],
  ['utiny', -1, '-1'],
  ['ubig', '18446744073709551615', "'18446744073709551615'::UBIGINT"],
  ['huge', '170141183460469231731687303715884105727', "'170141183460469231731687303715884105727'::HUGEINT"],
  ['uhuge', '340282366920938463463374607431768211455', "'340282366920938463463374607431768211455'::UHUGEINT"],
  ['bignum', `1${'0'.repeat(60)}`, `'1${'0'.repeat(60)}'::BIGNUM`],
  ['float', 0.1, '0.1::FLOAT'],
  ['float', 0.10000000149011612, '0.1::FLOAT'],
  ['float', 1e300, '1e300::DOUBLE'],
  ['float', -1e300, '(-1e300)::DOUBLE'],
  ['double', 0.1, '0.1::DOUBLE'],
  ['double', -0, '0::DOUBLE'],
  ['double', 1.7976931348623157e308, '1.7976931348623157e308::DOUBLE'],
  ['decimal', 12345.6789, '12345.6789'],
  ['decimal', 12345.67891, '12345.67891'],
  ['decimal', -0.00005, '-0.00005'],
  ['decimal', 100000, '100000'],
  ['wide', '1234567890123456789.0123456789', "'1234567890123456789.0123456789'::DECIMAL(38, 10)"],
  ['wide', '-0.00000000005', '(-0.00000000005)::DOUBLE'],
  ['wide', 0, '0'],
  ['text', 'ä', "'ä'"],
  ['text', "it's", "'it''s'"],
  ['text', 'a\0b', "'a' || chr(0) || 'b'"],
  ['text', '', "''"],
  ['nocase', 'BA', "'BA'"],
  ['noaccent', 'café', "'café'"],
  ['blob', 'AP8=', "'\\x00\\xFF'::BLOB"],
  ['uuid', '7FFFFFFF-0000-4000-8000-000000000001', "'7fffffff-0000-4000-8000-000000000001'::UUID"],
  ['bit', '1', "'1'::BIT"],
  ['label', 'alpha', "'alpha'::ENUM('zulu', 'alpha', 'mike')"],
  ['date', '2026-05-31', "'2026-05-31'::DATE"],
  ['date', '-000043-03-15', "'0044-03-15 (BC)'::DATE"],
  ['time', '12:34:56.789012', "'12:34:56.789012'::TIME"],
  ['time', '24:00:00', "'24:00:00'::TIME"],
  ['timens', '12:34:56.789012345', "'12:34:56.789012345'::TIME_NS"],
  ['timetz', '12:00:00+01:30', "'12:00:00+01:30'::TIMETZ"],
  ['ts', '2026-05-31T12:00:00.000001', "'2026-05-31 12:00:00.000001'::TIMESTAMP"],
  ['ts', '2026-05-31', "'2026-05-31'::TIMESTAMP"],
  ['ts', '-000043-03-15T01:02:03', "'0044-03-15 (BC) 01:02:03'::TIMESTAMP"],
  ['tss', '2026-05-31T12:00:00', "'2026-05-31 12:00:00'::TIMESTAMP"],
  ['tss', '2026-05-31T12:00:00.5', "'2026-05-31 12:00:00.5'::TIMESTAMP"],
  ['tss', '1969-12-31T23:59:58.5', "'1969-12-31 23:59:58.5'::TIMESTAMP"],
  ['tsms', '1969-12-31T23:59:59.999', "'1969-12-31 23:59:59.999'::TIMESTAMP"],
  ['tsns', '2026-05-31T12:00:00.123456789', "'2026-05-31 12:00:00.123456789'::TIMESTAMP_NS"],
  ['tstz', '2026-05-31T12:00:00.000001Z', "'2026-05-31 12:00:00.000001+00'::TIMESTAMPTZ"],
  ['tstz', '2026-05-31T12:00:00+05:30', "'2026-05-31 12:00:00+05:30'::TIMESTAMPTZ"],
  ['tstz', '-000043-03-15T01:02:03Z', "'0044-03-15 (BC) 01:02:03+00'::TIMESTAMPTZ"],
  ['interval', 'P30D', "INTERVAL '30 days'"],
  ['interval', 'P1Y2M-3DT4H5M6.7S', "INTERVAL '1 year 2 months -3 days 04:05:06.7'"],
]

const SIGNS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

describe.each(COMPARED)('%s compared with %j', (name, json, sql) => {
  it('holds where the engine says so, and its negation where it says no: never for null', async () => {
    for (const [member, sign] of Object.entries(SIGNS)) {
      const property = { name, [member]: json } as PropertyFilter
      const condition = `("${name}" ${sign} ${sql})`
      expect(await numbersWhere({ property }), `${member}`).toEqual(await expected(condition))
      expect(await numbersWhere({ not: { property } }), `not ${member}`).toEqual(await expected(`NOT ${condition}`))
    }
  })
})

describe.each(Object.keys(KINDS))('%s', (name) => {
  it('is found by its value in the result, with `eq` and `in`', async () => {
    const rows = await engine.features(queryOf(layer, { properties: ['n', name] }))
    const distinct = [...new Map(rows.map(({ properties }) => [JSON.stringify(properties[name]), properties])).values()]
    const seen = distinct.filter((properties) => properties[name] !== null)
    for (const { n, [name]: value } of seen) {
      // Equal to the engine is more than equal to the eye: collations, -0, a month of 30 days.
      const same = await expected(`"${name}" = (SELECT "${name}" FROM kinds WHERE n = ${n})`)
      expect(await numbersWhere({ property: { name, eq: value } }), `eq ${JSON.stringify(value)}`).toEqual(same)
    }
    if (name === 'nocase' || name === 'noaccent' || name === 'german') return
    const values = seen.map((properties) => properties[name])
    const among = await expected(`"${name}" IN (SELECT "${name}" FROM kinds WHERE n IN (${seen.map(({ n }) => n).join(', ')}))`)
    expect(await numbersWhere({ property: { name, in: values } })).toEqual(among)
    expect(await numbersWhere({ not: { property: { name, in: values } } })).toEqual(
      await expected(`"${name}" IS NOT NULL AND n NOT IN (${among.join(', ')})`),
    )
  })

  it('is null or not', async () => {
    expect(await numbersWhere({ property: { name, isNull: true } })).toEqual(await expected(`"${name}" IS NULL`))
    expect(await numbersWhere({ property: { name, isNull: false } })).toEqual(await expected(`"${name}" IS NOT NULL`))
    expect(await numbersWhere({ not: { property: { name, isNull: true } } })).toEqual(await expected(`"${name}" IS NOT NULL`))
  })
})

describe('members and trees of filters', () => {
  it('every member that is set must hold', async () => {
    expect(await numbersWhere({ property: { name: 'n', gte: 10, lt: 20, ne: 15 } })).toEqual([10, 11, 12, 13, 14, 16, 17, 18, 19])
    expect(
      await numbersWhere({
        property: { name: 'n', lt: 5 },
        or: [{ property: { name: 'n', gt: 2 } }],
        not: { property: { name: 'n', eq: 3 } },
      }),
    ).toEqual([4])
  })

  it('an empty filter holds for every feature, an empty `or` for none', async () => {
    const all = await expected('true')
    for (const where of [null, {}, { and: [] }, { and: [{}, {}] }, { or: [{}] }, { not: { or: [] } }]) {
      expect(await numbersWhere(where)).toEqual(all)
    }
    for (const where of [{ or: [] }, { not: {} }, { property: { name: 'n', in: [] } }])
      expect(await numbersWhere(where)).toEqual([])
  })

  it('random trees hold where the engine says so', async () => {
    const tree = (depth: number): [FeatureFilter, string] => {
      const kind = depth === 0 ? 0 : random.integer(4)
      const inner = Array.from({ length: 1 + random.integer(3) }, () => (kind === 0 ? ([{}, 'true'] as const) : tree(depth - 1)))
      if (kind === 1) return [{ and: inner.map(([filter]) => filter) }, `(${inner.map(([, sql]) => sql).join(' AND ')})`]
      if (kind === 2) return [{ or: inner.map(([filter]) => filter) }, `(${inner.map(([, sql]) => sql).join(' OR ')})`]
      if (kind === 3) return [{ not: inner[0]![0] }, `(NOT ${inner[0]![1]})`]
      const [name, json, sql] = random.pick(COMPARED)
      const [member, sign] = random.pick(Object.entries(SIGNS))
      return [{ property: { name, [member]: json } as PropertyFilter }, `("${name}" ${sign} ${sql})`]
    }
    for (let run = 0; run < 60; run++) {
      const [where, sql] = tree(4)
      expect(await numbersWhere(where), sql).toEqual(await expected(sql))
    }
  })

  it.each([20, 3_000])('a list of %i items finds what a join finds', async (count) => {
    const whole = Array.from({ length: count }, () => random.pick(['', '-']) + random.integer(400))
    expect(await numbersWhere({ property: { name: 'n', in: whole.map(Number) } })).toEqual(
      await expected(`n IN (SELECT unnest([${whole.join(', ')}]))`),
    )
    await engine.sql(
      `CREATE OR REPLACE TABLE words AS SELECT n AS i, CASE n % 5 WHEN 0 THEN 'wörd ' || n WHEN 1 THEN chr(128512 + n::INTEGER) WHEN 2 THEN 'e' || chr(769) || n WHEN 3 THEN repeat('x', n::INTEGER) ELSE '' END AS word, geom FROM kinds`,
    )
    const words = await engine.table('words')
    const known = (await engine.sql('SELECT word FROM words')).map(([word]) => word as string)
    const texts = Array.from({ length: count }, (_, n) => (n % 3 === 0 ? random.pick(known) : `other ${random.integer(1e6)}`))
    const plan = compileFeatures(queryOf(words, { where: { property: { name: 'word', in: texts } }, properties: ['i', 'word'] }))
    const found = (await engine.rows(plan)).map((row) => row[plan.layout.properties[1]!])
    expect(found).toEqual(known.filter((word) => texts.includes(word)))
  })
})

describe('stored infinities are beyond every date of a client:', () => {
  const OUTSIDE = { before: ['-5877650-01-01', '-290309-01-01T00:00:00'], after: ['+5881581-01-01', '+294248-01-01T00:00:00'] }

  it.each(['DATE', 'TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'TIMESTAMPTZ'])('%s', async (type) => {
    const table = `infinite_${type.toLowerCase()}`
    await engine.sql(
      `CREATE TABLE ${table} AS SELECT n::INTEGER AS n, v::${type} AS v, ST_Point(0, 0) AS geom
       FROM (VALUES (0, '-infinity'), (1, '1999-12-31'), (2, '2262-04-11'), (3, 'infinity'), (4, NULL)) AS rows (n, v)`,
    )
    const dated = await engine.table(table)
    const found = async (filter: Omit<PropertyFilter, 'name'>) => {
      const where = { property: { name: 'v', ...filter } }
      const plan = compileFeatures(queryOf(dated, { where, properties: ['n'] }))
      const [numbers] = await engine.numbers(plan, plan.layout.properties)
      return numbers
    }
    const zone = type === 'TIMESTAMPTZ' ? 'Z' : ''
    const written = (text: string) => `${text}${zone}`
    const [before, after] = [OUTSIDE.before, OUTSIDE.after].map((texts) => written(texts[type === 'DATE' ? 0 : 1]!))
    for (const operator of ['lt', 'lte'] as const) {
      expect(await found({ [operator]: before })).toEqual([0])
      expect(await found({ [operator]: after })).toEqual([0, 1, 2])
    }
    for (const operator of ['gt', 'gte'] as const) {
      expect(await found({ [operator]: before })).toEqual([1, 2, 3])
      expect(await found({ [operator]: after })).toEqual([3])
    }
    for (const outside of [before, after]) {
      expect(await found({ eq: outside })).toEqual([])
      expect(await found({ ne: outside })).toEqual([0, 1, 2, 3])
    }
  })
})

describe('a comparison that is refused says what the property takes:', () => {
  it.each<[PropertyFilter, string]>([
    [{ name: 'nope', eq: 1 }, 'BAD_INPUT: Layer "things" has no property "nope"; it has "n", "bool", "tiny", '],
    [{ name: 'Bool', eq: true }, 'has no property "Bool"'],
    [{ name: 'geom', isNull: true }, 'has no property "geom"'],
    [{ name: 'tiny', eq: '1' }, 'BAD_INPUT: `eq` of property "tiny" (TINYINT) takes a number, not "1".'],
    [
      { name: 'tiny', eq: null },
      '`eq` of property "tiny" is null: ask `isNull: true` for features without a value, or leave `eq` out.',
    ],
    [{ name: 'text', eq: 'a', collate: null }, '`collate` of property "text" is null: give it a value, or leave `collate` out.'],
    [{ name: 'tiny', isNull: null }, '`isNull` of property "tiny" is null: give it a value, or leave `isNull` out.'],
    [{ name: 'tiny', lt: Number.NaN }, 'takes a number, not NaN'],
    [{ name: 'tiny', gt: [1] }, 'takes a number, not a list'],
    [{ name: 'tiny', in: [1, null] }, '`in` of property "tiny" (TINYINT) takes a number, not null.'],
    [
      { name: 'big', eq: 2 ** 53 },
      '(BIGINT) takes a whole number, or its text where it has more than 15 digits, not 9007199254740992',
    ],
    [{ name: 'big', eq: '0x10' }, 'takes a whole number, or its text'],
    [{ name: 'big', eq: `1e${'9'.repeat(9)}` }, 'takes a whole number, or its text'],
    [{ name: 'double', eq: Number.POSITIVE_INFINITY }, 'takes a number, not Infinity'],
    [{ name: 'text', eq: 5 }, '(VARCHAR) takes a string, not 5'],
    [{ name: 'label', eq: 'yankee' }, 'takes one of "zulu", "alpha", "mike", not "yankee"'],
    [{ name: 'uuid', eq: 'x' }, 'takes a string, a UUID'],
    [{ name: 'blob', eq: '***' }, 'bytes in base64'],
    [{ name: 'date', eq: '2026-02-29' }, 'a date like 2026-05-31, not "2026-02-29"'],
    [{ name: 'date', eq: '2026-05-31T00:00:00' }, 'a date like 2026-05-31'],
    [{ name: 'ts', eq: '2026-05-31T12:00:00Z' }, 'without offset'],
    [{ name: 'ts', eq: '2026-05-31T24:00:00' }, 'without offset'],
    [{ name: 'tstz', eq: '2026-05-31T12:00:00' }, 'a moment like 2026-05-31T12:00:00Z'],
    [{ name: 'time', eq: '25:00:00' }, 'a time like 12:00:00'],
    [{ name: 'interval', eq: '1 month' }, 'an ISO 8601 duration'],
    [{ name: 'interval', eq: 'P' }, 'an ISO 8601 duration'],
    [{ name: 'bool', eq: 'true' }, 'takes true or false, not "true"'],
    [{ name: 'text', eq: 'x'.repeat(500_000), lt: 5 }, '`lt` of property "text"'],
  ])('%j', (property, reason) => {
    const refused = refusal(() => compileFeatures(queryOf(layer, { where: { property } })))
    expect(refused).toContain(reason)
    expect(refused.length).toBeLessThan(300)
  })

  it.each(['JSON', 'INTEGER[]', 'STRUCT(a INTEGER)[]', 'STRUCT(a INTEGER)', 'MAP(VARCHAR, INTEGER)', 'VARIANT', 'GEOMETRY'])(
    '%s cannot be compared with an object',
    async (type) => {
      await engine.sql(`CREATE OR REPLACE TABLE odd (x ${type}, geom GEOMETRY)`)
      const odd = await engine.table('odd')
      const ask = (property: PropertyFilter) => () => compileFeatures(queryOf(odd, { where: { property } }))
      expect(refusal(ask({ name: 'x', eq: {} }))).toMatch(
        /^BAD_INPUT: Property "x" is .*: (it is compared with a string, number or boolean, not an object|only .*`isNull` can be asked of it)\.$/,
      )
      await engine.rows(ask({ name: 'x', isNull: true })())
      expect(refusal(() => compileFeatures(queryOf(odd, { orderBy: [{ property: 'x' }] })))).toContain('has no order')
    },
  )
})

describe('a filter at its limits', () => {
  const nested = (depth: number): FeatureFilter => (depth === 1 ? {} : { not: nested(depth - 1) })
  const wide = (count: number): FeatureFilter => ({ or: Array.from({ length: count - 1 }, () => ({})) })
  const listed = (count: number): FeatureFilter => ({ property: { name: 'n', in: Array.from({ length: count }, () => 1) } })

  it.each([
    ['depth', nested(10), nested(11), 'is deeper than 10'],
    ['nodes', wide(100), wide(101), 'has more than 100 filters'],
    ['a million nodes', wide(100), wide(1_000_000), 'has more than 100 filters'],
    ['list items', listed(10_000), listed(10_001), 'more than 10000 items'],
    [
      'list items of two lists',
      { and: [listed(5_000), listed(5_000)] },
      { and: [listed(5_000), listed(5_001)] },
      'more than 10000 items',
    ],
  ])('%s: one more is refused', (_, most, tooMany, reason) => {
    expect(refusal(() => compileFeatures(queryOf(layer, { where: most })))).toBe('taken')
    expect(refusal(() => compileFeatures(queryOf(layer, { where: tooMany })))).toMatch(
      new RegExp(`^LIMIT_EXCEEDED: \`where\`:? .*${reason}`),
    )
  })

  it('a filter 100,000 deep is refused without going down', () => {
    let where: FeatureFilter = {}
    for (let depth = 0; depth < 100_000; depth++) where = { not: where }
    expect(refusal(() => compileFeatures(queryOf(layer, { where })))).toMatch(/^LIMIT_EXCEEDED/)
  })

  it('nine sort keys, or one twice, are refused', () => {
    const keys = Object.keys(KINDS)
      .slice(0, 9)
      .map((property) => ({ property }))
    expect(refusal(() => compileFeatures(queryOf(layer, { orderBy: keys.slice(0, 8) })))).toBe('taken')
    expect(refusal(() => compileFeatures(queryOf(layer, { orderBy: keys })))).toMatch(
      /^LIMIT_EXCEEDED: `orderBy` takes at most 8 keys/,
    )
    expect(refusal(() => compileFeatures(queryOf(layer, { orderBy: [keys[0]!, keys[0]!] })))).toContain(
      'names property "bool" twice',
    )
  })
})

it('bytes that are equal are found in a Parquet file with Bloom filters', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-plan-'))
  const file = join(folder, 'bytes.parquet')
  await engine.sql(
    `COPY (SELECT range::INTEGER AS n, ['\\x00\\xFF'::BLOB, 'abc'::BLOB][range % 2 + 1] AS bytes, ST_Point(0, 0) AS geom FROM range(6000)) TO '${file}' (FORMAT parquet)`,
  )
  const bytes = await engine.parquet(file)
  const equal = async (query: Asked) => {
    const plan = compileFeatures(queryOf(bytes, { properties: ['n'], ...query }))
    return (await engine.numbers(plan, plan.layout.properties))[0]
  }
  expect(await equal({ where: { property: { name: 'bytes', eq: 'AP8=' } } })).toHaveLength(3_000)
  expect(await equal({ where: { property: { name: 'bytes', in: ['AP8='] } } })).toHaveLength(3_000)
  expect(await equal({ where: { not: { property: { name: 'bytes', eq: 'AP8=' } } } })).toHaveLength(3_000)
  await rm(folder, { recursive: true })
})
