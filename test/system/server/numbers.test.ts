/**
 * Every number that JSON can write, in every argument that takes a number. None is a defect of the server. Comparisons are those of exact
 * arithmetic: the numbers of the oracle are fractions of two bigints.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { type Answer, post } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

/** As JSON, because JavaScript cannot hold every number. */
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '0.1',
  '5e-324',
  '1.5',
  '2147483647',
  '2147483648',
  '-2147483649',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '1e20',
  '100000000000000000000',
  '1e38',
  '1e39',
  '1.7976931348623157e308',
  '-1.7976931348623157e308',
  '1e400',
]

/** The values of each column, with its type. */
const COLUMNS: Readonly<Record<string, readonly [type: string, values: readonly string[]]>> = {
  tiny: ['TINYINT', ['-128', '0', '1', '127']],
  small: ['USMALLINT', ['0', '1', '7', '65535']],
  whole: ['INTEGER', ['-2147483648', '0', '1', '2147483647']],
  wide: ['BIGINT', ['-9223372036854775808', '1', '9007199254740993', '9223372036854775807']],
  natural: ['UBIGINT', ['0', '1', '9223372036854775808', '18446744073709551615']],
  huge: ['HUGEINT', ['-100000000000000000000', '1', '18446744073709551616', '100000000000000000000']],
  exact: ['DECIMAL(18,3)', ['-1.500', '0.100', '1.500', '100000000000000.000']],
  real: ['DOUBLE', ['-1.5', '0', '1.5', '1e20']],
}

let folder: string
let server: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-numbers-'))
  const row = (n: number) => Object.entries(COLUMNS).map(([name, [type, values]]) => `'${values[n]}'::${type} AS ${name}`)
  const rows = [0, 1, 2, 3].map((n) => `SELECT ${row(n).join(', ')}, ST_Point(${n}, ${n}) AS geom`)
  // A database, because Parquet has no HUGEINT.
  await inEngine(join(folder, 'numbers.duckdb'), async (connection) => {
    await connection.run(
      `CREATE TABLE plane AS SELECT * REPLACE (ST_SetCRS(geom, 'EPSG:25832') AS geom) FROM (${rows.join(' UNION ALL ')})`,
    )
    await connection.run(
      `CREATE TABLE earth AS SELECT * REPLACE (ST_SetCRS(geom, 'OGC:CRS84') AS geom) FROM (${rows.join(' UNION ALL ')})`,
    )
  })
  server = await serve([join(folder, 'numbers.duckdb')])
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** @param variables JSON text */
async function askRaw(query: string, variables: string): Promise<Answer> {
  const response = await post(server, `{"query": ${JSON.stringify(query)}, "variables": ${variables}}`)
  return (await response.json()) as Answer
}

const codesOf = ({ errors = [] }: Answer): readonly unknown[] => errors.map(({ extensions }) => extensions['code'])

/** A fraction of two bigints, the second one positive. */
function fraction(text: string): readonly [bigint, bigint] {
  const [, sign, whole = '0', decimals = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text)!
  const power = Number(exponent) - decimals.length
  const digits = BigInt(`${sign}${whole}${decimals}`)
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)]
}

function order(a: string, b: string): number {
  const [[aTop, aBottom], [bTop, bBottom]] = [fraction(a), fraction(b)]
  const difference = aTop * bBottom - bTop * aBottom
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const OPERATORS = {
  eq: (sign: number) => sign === 0,
  lt: (sign: number) => sign < 0,
  gte: (sign: number) => sign >= 0,
} as const

const COUNT = 'query ($where: FeatureFilter) { features(layer: "plane", first: 1, where: $where) { totalCount } }'

describe.each(Object.entries(COLUMNS))('a comparison with the column %s', (name, [type, values]) => {
  it.each(Object.entries(OPERATORS))('%s is the one of exact arithmetic, or BAD_INPUT', async (operator, holds) => {
    const wrong: string[] = []
    for (const number of NUMBERS) {
      const answer = await askRaw(COUNT, `{"where": {"property": {"name": "${name}", "${operator}": ${number}}}}`)
      const codes = codesOf(answer)
      // The column of doubles compares with the double of the number.
      const compared = type === 'DOUBLE' ? (Number.isFinite(Number(number)) ? exactly(Number(number)) : number) : number
      const expected = values.filter((value) => holds(order(type === 'DOUBLE' ? exactly(Number(value)) : value, compared))).length
      const found = (answer.data?.['features'] as { totalCount?: string } | undefined)?.totalCount
      const isRefused = codes.length > 0 && codes.every((code) => code === 'BAD_INPUT')
      if (!isRefused && String(found) !== String(expected)) wrong.push(`${number}: ${found} instead of ${expected} ${codes}`)
    }
    expect(wrong).toEqual([])
  })
})

/** The digits of a double. */
const exactly = (value: number): string => (Number.isInteger(value) ? String(BigInt(value)) : String(value))

const POINT = '{"geojson": {"type": "Point", "coordinates": [N, 1]}}'

describe.each(['plane', 'earth'])('every number in every argument of the layer %s', (layer) => {
  it.each([
    ['bbox', 'query ($v: BBox) { features(layer: "LAYER", where: { bbox: $v }) { count geojson } }', '[-1, -1, N, 1]'],
    ['geojson', 'query ($v: GeometryInput) { features(layer: "LAYER", where: { intersects: $v }) { count } }', POINT],
    ['wkt', 'query ($v: GeometryInput) { features(layer: "LAYER", where: { within: $v }) { count } }', '{"wkt": "POINT (N 1)"}'],
    [
      'distance',
      'query ($v: DistanceFilter) { features(layer: "LAYER", where: { dWithin: $v }) { count } }',
      `{"geometry": ${POINT.replace('N', '1')}, "distance": N}`,
    ],
    [
      'place of a distance',
      'query ($v: DistanceFilter) { features(layer: "LAYER", where: { dWithin: $v }) { count } }',
      `{"geometry": ${POINT}, "distance": 1}`,
    ],
    ['simplify', 'query ($v: Float) { features(layer: "LAYER") { geojson(simplify: $v) } }', 'N'],
    ['precision', 'query ($v: Int) { features(layer: "LAYER") { geojson(precision: $v) } }', 'N'],
    ['first', 'query ($v: Int) { features(layer: "LAYER", first: $v) { count } }', 'N'],
    [
      'between',
      'query ($v: [JSON!]) { features(layer: "LAYER", where: { property: { name: "real", between: $v } }) { count } }',
      '[N, N]',
    ],
    ['in', 'query ($v: [JSON!]) { features(layer: "LAYER", where: { property: { name: "wide", in: $v } }) { count } }', '[N, 1]'],
    ['id', 'query ($v: ID!) { feature(layer: "LAYER", id: $v) { id } }', 'N'],
  ])('%s has an answer or an error of the client', async (_, query, variable) => {
    const wrong: string[] = []
    for (const number of NUMBERS) {
      const answer = await askRaw(query.replace('LAYER', layer), `{"v": ${variable.replaceAll('N', number)}}`)
      const codes = codesOf(answer)
      const isFine = codes.length > 0 ? codes.every((code) => code === 'BAD_INPUT' || code === 'LIMIT_EXCEEDED') : answer.data
      if (!isFine) wrong.push(`${number}: ${JSON.stringify(answer).slice(0, 200)}`)
    }
    expect(wrong).toEqual([])
  })
})
