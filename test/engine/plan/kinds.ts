/** Values of every type that has an order, at its edges, as SQL. Duplicates and nulls come by themselves: the lists are short. */

import type { Engine } from '../../support/plan/engine.ts'
import type { Random } from '../../support/random.ts'

export const KINDS: Readonly<Record<string, { readonly type: string; readonly values: readonly string[] }>> = {
  bool: { type: 'BOOLEAN', values: ['true', 'false'] },
  tiny: { type: 'TINYINT', values: ['-128', '-1', '0', '1', '127'] },
  small: { type: 'SMALLINT', values: ['-32768', '0', '32767'] },
  whole: { type: 'INTEGER', values: ['-2147483648', '-1', '0', '7', '2147483647'] },
  big: { type: 'BIGINT', values: ['-9223372036854775808', '-9007199254740993', '0', '9007199254740993', '9223372036854775807'] },
  huge: {
    type: 'HUGEINT',
    values: ["'-170141183460469231731687303715884105728'", '0', "'170141183460469231731687303715884105727'"],
  },
  utiny: { type: 'UTINYINT', values: ['0', '200', '255'] },
  usmall: { type: 'USMALLINT', values: ['0', '65535'] },
  uwhole: { type: 'UINTEGER', values: ['0', '4294967295'] },
  ubig: { type: 'UBIGINT', values: ['0', '9007199254740993', "'18446744073709551615'"] },
  uhuge: { type: 'UHUGEINT', values: ['0', "'340282366920938463463374607431768211455'"] },
  bignum: {
    type: 'BIGNUM',
    values: ['0', "'-123456789012345678901234567890123456789012345678901234567890'", `'1${'0'.repeat(60)}'`],
  },
  float: {
    type: 'FLOAT',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '3.4028234663852886e38', '1.4e-45', '16777217'],
  },
  double: {
    type: 'DOUBLE',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '1.7976931348623157e308', '5e-324', '0.30000000000000004', '1e16'],
  },
  decimal: { type: 'DECIMAL(9, 4)', values: ['12345.6789', '-0.0001', '0', '99999.9999'] },
  wide: {
    type: 'DECIMAL(38, 10)',
    values: ["'9999999999999999999999999999.9999999999'", "'-0.0000000001'", '0', "'1234567890123456789.0123456789'"],
  },
  text: {
    type: 'VARCHAR',
    values: [
      "''",
      "'a'",
      "'A'",
      "'ä'",
      "'z'",
      "'Z'",
      "'\u{1F986}'",
      "'\uFFFD'",
      "'a' || chr(0) || 'b'",
      "'nan'",
      "'it''s'",
      "repeat('x', 300)",
    ],
  },
  nocase: { type: 'VARCHAR COLLATE NOCASE', values: ["'a'", "'A'", "'b'", "'B'", "'Ba'", "''"] },
  noaccent: { type: 'VARCHAR COLLATE NOACCENT', values: ["'cafe'", "'café'", "'cafz'", "'Cafe'"] },
  german: { type: 'VARCHAR COLLATE de', values: ["'Zebra'", "'Äpfel'", "'Apfel'", "'apfel'", "'Öl'", "'ol'"] },
  blob: { type: 'BLOB', values: ["''", "'\\x00'", "'\\x00\\xFF'", "'\\x5C'", "'abc'"] },
  uuid: {
    type: 'UUID',
    values: [
      "'00000000-0000-0000-0000-000000000000'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
      "'7fffffff-0000-4000-8000-000000000001'",
    ],
  },
  bit: { type: 'BIT', values: ["'0'", "'1'", "'00'", "'101010101'"] },
  label: { type: "ENUM('zulu', 'alpha', 'mike')", values: ["'zulu'", "'alpha'", "'mike'"] },
  date: {
    type: 'DATE',
    values: ["'2026-05-31'", "'0044-03-15 (BC)'", "'infinity'", "'-infinity'", "'1970-01-01'", "'5881580-07-10'"],
  },
  time: { type: 'TIME', values: ["'00:00:00'", "'12:34:56.789012'", "'24:00:00'"] },
  timens: { type: 'TIME_NS', values: ["'00:00:00'", "'12:34:56.789012345'", "'12:34:56.789012346'"] },
  timetz: {
    type: 'TIME WITH TIME ZONE',
    values: ["'12:00:00+00'", "'12:00:00+01:30'", "'11:00:00-01'", "'12:00:00-15:59:59'", "'24:00:00+15:59:59'"],
  },
  ts: {
    type: 'TIMESTAMP',
    values: [
      "'2026-05-31 12:00:00.000001'",
      "'0044-03-15 (BC) 01:02:03'",
      "'infinity'",
      "'-infinity'",
      "'290309-12-22 (BC) 00:00:00'",
      "'294247-01-10 04:00:54.775806'",
    ],
  },
  tss: { type: 'TIMESTAMP_S', values: ["'2026-05-31 12:00:00'", "'1969-12-31 23:59:59'", "'infinity'"] },
  tsms: { type: 'TIMESTAMP_MS', values: ["'2026-05-31 12:00:00.001'", "'1969-12-31 23:59:59.999'", "'-infinity'"] },
  tsns: {
    type: 'TIMESTAMP_NS',
    values: ["'2026-05-31 12:00:00.123456789'", "'2026-05-31 12:00:00.123456788'", "'1677-09-22 00:00:00'", "'infinity'"],
  },
  tstz: {
    type: 'TIMESTAMP WITH TIME ZONE',
    values: [
      "'2026-05-31 12:00:00.000001+00'",
      "'2026-05-31 12:00:00+05:30'",
      "'infinity'",
      "'-infinity'",
      "'0044-03-15 (BC) 01:02:03+00'",
      'make_timestamptz(9223372036854775806)',
      'make_timestamptz(9223372036854775805)',
    ],
  },
  interval: {
    type: 'INTERVAL',
    values: ["'1 year 2 months -3 days 04:05:06.7'", "'30 days'", "'1 month'", "'-00:00:00.000001'", "'0 days'", "'720 hours'"],
  },
}

/** Types that Parquet keeps unchanged. */
export const PARQUET_KINDS = Object.keys(KINDS).filter(
  (name) =>
    !['huge', 'uhuge', 'bignum', 'bit', 'label', 'timens', 'nocase', 'noaccent', 'german', 'interval', 'tss'].includes(name),
)

/** A table `kinds` of `n`, the row's number, `geom`, and a column of each kind; a fifth of the values is null. */
export async function makeKinds(engine: Engine, random: Random, rows: number): Promise<void> {
  const columns = Object.entries(KINDS).map(([name, { type }]) => `"${name}" ${type}`)
  await engine.sql(`CREATE TABLE kinds (n INTEGER, geom GEOMETRY, ${columns.join(', ')})`)
  const lists = Object.values(KINDS).map(({ values, type }) => {
    const typed = values.map((value) => `CAST(${value} AS ${type.replace(/ COLLATE .*/, '')})`)
    return `[${typed.join(', ')}]`
  })
  for (let from = 0; from < rows; from += 500) {
    const picks = Array.from({ length: Math.min(500, rows - from) }, (_, row) => {
      const indexes = Object.values(KINDS).map(({ values }) =>
        random.chance(0.2) ? 'NULL' : String(1 + random.integer(values.length)),
      )
      return `(${from + row}, ${indexes.join(', ')})`
    })
    const names = Object.keys(KINDS).map((name) => `"${name}"`)
    const values = lists.map((list, n) => `${list}[${names[n]}]`)
    await engine.sql(
      `INSERT INTO kinds SELECT n, ST_Point(n % 100, n // 100), ${values.join(', ')} FROM (VALUES ${picks.join(', ')}) AS p(n, ${names.join(', ')})`,
    )
  }
}
