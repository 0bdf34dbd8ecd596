/**
 * Writes the one statement that computes the groups of a query. Its result has a row per group, with the columns `c0`, `c1`, ... for the keys and then
 * the measures, and for an average the sum, and the column `cN_count`. `engines/duckdb/dialect/groups.ts` reads them. Times are whole numbers in them,
 * because Spark has several ways to write a time.
 */
import { type FieldType, isJson } from '../../../model/field-type.ts'
import type { Layer } from '../../../model/layer.ts'
import type { Member } from '../../../model/predicate.ts'
import type { GroupKey, GroupQuery, Measure } from '../../../model/query.ts'
import { coveringPlace } from '../../duckdb/dialect/cells.ts'
import { isKept } from '../../duckdb/dialect/geometry-column.ts'
import { isCompared } from './comparand.ts'
import { type Condition, condition, identifier, joined, memberOf, ROWS } from './condition.ts'
import { type Gathering, predicatesOf } from './gather.ts'
import { narrow } from './narrow.ts'
import { subjectOf } from './narrow-property.ts'

/** A column of the rows that are grouped, and what is computed of it. */
interface Part {
  readonly value: Condition
  readonly figure: (value: string) => string
  /** True: the number of values follows, by which DuckDB divides the figure. */
  readonly count?: boolean
}

/** True if Spark computes the very same groups as DuckDB, as far as that is proven. */
export function isGroupedAlike(query: GroupQuery): boolean {
  return groupingOf(query, '') !== null
}

/** Returns null if Spark would not compute the very same groups, or if that is not proven. */
export function groupingOf(query: GroupQuery, view: string): Gathering | null {
  const { keys, measures } = query
  const { layer } = query.view
  const narrowed = narrow(predicatesOf(query), layer)
  const values = keys.map((key) => keyOf(key, layer))
  const parts = [...values.map((value) => value && { value, figure: (sql: string) => sql }), ...measures.map(partOf)]
  const isProven = narrowed.isExact && isKept(layer) === null && parts.every((part) => part !== null)
  if (!isProven) return null
  // A query that selects nothing has a group too.
  const all = parts.length === 0 ? [COUNT] : (parts as readonly Part[])
  const rows = joined(
    all.map(({ value }, n) => ({ ...value, sql: `${value.sql} AS v${n}` })),
    ', ',
  )
  const figures = all.flatMap(({ figure, count }, n) => [
    `${figure(`v${n}`)} AS c${n}`,
    ...(count ? [`count(v${n}) AS c${n}_count`] : []),
  ])
  const condition = narrowed.condition ? ` WHERE ${narrowed.condition.sql}` : ''
  const from = `(SELECT ${rows.sql} FROM ${identifier(view)} AS ${ROWS}${condition})`
  const groupBy = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, n) => `v${n}`).join(', ')}`
  return {
    sql: `SELECT ${figures.join(', ')} FROM ${from}${groupBy}`,
    values: [...rows.values, ...(narrowed.condition?.values ?? [])],
    isSorted: false,
    notNarrowed: [],
  }
}

/* Keys */

function keyOf(key: GroupKey, layer: Layer): Condition | null {
  switch (key.kind) {
    case 'value':
      // Floats have several values for zero and for what is no number.
      return key.member.type.kind === 'float' ? null : comparedValue(key.member)
    case 'time':
      return bucketOf(key)
    case 'cell':
      return cellOf(key, layer)
  }
}

/** The value of a member, and that of a time as a whole number: its microseconds or days since 1970. */
function comparedValue(member: Member): Condition | null {
  const subject = isCompared(member) ? subjectOf(member) : null
  return subject && plain(subject, member.type)
}

function plain(subject: Condition, type: FieldType): Condition {
  if (type.kind === 'date') return condition`unix_date(${subject})`
  if (type.kind !== 'timestamp') return subject
  // The time zone of the session is UTC.
  return type.utc ? condition`unix_micros(${subject})` : condition`unix_micros(CAST(${subject} AS TIMESTAMP))`
}

const DAY = 86_400_000_000n
/** A Monday, 2000-01-03, in microseconds. Buckets of DuckDB that are not months begin there. */
const ORIGIN = 946_857_600_000_000n
/** Years beyond 290000 have no bucket: see `group-keys.ts` of DuckDB. */
const [FIRST_DAY, LAST_DAY] = [-106_639_487n, 105_200_797n] as const
/** Months since January of the year 0, of January 2000. */
const FIRST_MONTH = 24_000

/** Other time zones than UTC are other tables in both engines. */
function bucketOf({ member, every, timeZone }: Extract<GroupKey, { readonly kind: 'time' }>): Condition | null {
  const value = comparedValue(member)
  if (value === null || (timeZone !== null && timeZone !== 'UTC')) return null
  const isDate = member.type.kind === 'date'
  const unit = isDate ? 1n : DAY
  const known = condition`${value} BETWEEN ${long(FIRST_DAY * unit)} AND ${long(LAST_DAY * unit)}`
  return condition`CASE WHEN ${known} THEN ${'months' in every ? monthsOf(value, every.months, isDate) : lengthsOf(value, BigInt(every.microseconds), isDate)} END`
}

function lengthsOf(value: Condition, microseconds: bigint, isDate: boolean): Condition {
  const [origin, length] = isDate ? [ORIGIN / DAY, microseconds / DAY] : [ORIGIN, microseconds]
  return condition`${value} - pmod(${value} - ${long(origin)}, ${long(length)})`
}

function monthsOf(value: Condition, months: number, isDate: boolean): Condition {
  const day = isDate ? value : condition`CAST((${value} - pmod(${value}, ${long(DAY)})) div ${long(DAY)} AS INT)`
  const date = condition`date_from_unix_date(${day})`
  const since = condition`(year(${date}) * 12 + month(${date}) - 1 - ${{ integer: FIRST_MONTH }})`
  const start = condition`unix_date(add_months(DATE'2000-01-01', ${since} - pmod(${since}, ${{ integer: months }})))`
  return isDate ? start : condition`${start} * ${long(DAY)}`
}

const long = (value: bigint) => ({ long: String(value) })

/** The arithmetic of squares is the same in both engines. That of hexagons and tiles has logarithms. */
function cellOf({ grid, axis }: Extract<GroupKey, { readonly kind: 'cell' }>, layer: Layer): Condition | null {
  const covering = coveringPlace(layer)
  if (grid.kind !== 'square' || covering === null) return null
  const { column, members } = covering
  const along = (low: string, high: string) =>
    condition`(${memberOf(column, low)} + ${memberOf(column, high)}) * 0.5D / ${{ double: grid.size }}`
  const [x, y] = [along(members.xmin, members.xmax), along(members.ymin, members.ymax)]
  // An index beyond the largest one is no cell. NaN is larger than every number.
  const fits = (place: Condition) =>
    condition`${place} >= ${{ double: -Number.MAX_SAFE_INTEGER }} AND ${place} < ${{ double: Number.MAX_SAFE_INTEGER + 1 }}`
  return condition`CASE WHEN ${fits(x)} AND ${fits(y)} THEN floor(${axis === 'first' ? x : y}) END`
}

/* Measures */

const COUNT: Part = { value: condition`1`, figure: () => 'count(*)' }

/** Sums of as many digits have 10 more, so that ten billion values fit. */
const SUMMED_DIGITS = 28

function partOf({ figure }: Measure): Part | null {
  switch (figure.kind) {
    case 'features':
      return COUNT
    case 'count': {
      const value = isJson(figure.member.type) ? null : subjectOf(figure.member)
      return value && { value: condition`${value} IS NOT NULL`, figure: (sql) => `count_if(${sql})` }
    }
    case 'distinct':
      return partOfValue(figure.member, (sql) => `count(DISTINCT ${sql})`)
    case 'min':
    case 'max':
      return partOfValue(figure.member, (sql) => `${figure.kind}(${sql})`)
    case 'sum': {
      const { type } = figure.member
      if (type.kind === 'decimal' && type.precision <= SUMMED_DIGITS) return partOfValue(figure.member, (sql) => `sum(${sql})`)
      return sumOfIntegers(figure.member)
    }
    case 'avg': {
      const sum = sumOfIntegers(figure.member)
      return sum && { ...sum, count: true }
    }
    default:
      return null
  }
}

/** Otherwise it would have 64 bits. */
function sumOfIntegers(member: Member): Part | null {
  return member.type.kind === 'int' ? partOfValue(member, (sql) => `sum(CAST(${sql} AS DECIMAL(20, 0)))`) : null
}

function partOfValue(member: Member, figure: Part['figure']): Part | null {
  const value = comparedValue(member)
  return value && { value, figure }
}
