/** Writes the keys of groups as SQL. */
import { type FieldType, isJson } from '../../../model/field-type.ts'
import type { Layer } from '../../../model/layer.ts'
import type { Member } from '../../../model/predicate.ts'
import type { GroupKey, Period } from '../../../model/query.ts'
import { type CellIndexes, cellOf } from './cells.ts'
import { memberSql } from './property.ts'
import type { Parameters } from './quote.ts'

export interface KeySql {
  /** SQL of the value by which features are grouped. */
  readonly grouped: string
  /** SQL of the key from that value, if it differs. It runs once per group. */
  readonly key?: (grouped: string) => string
}

/** Returns the SQL of the keys, in their order. */
export function keysSql(keys: readonly GroupKey[], layer: Layer, parameters: Parameters): readonly KeySql[] {
  // Both indexes bind the same values, so that the engine computes what they share once.
  let cell: CellIndexes | undefined
  return keys.map((key): KeySql => {
    if (key.kind === 'value') return { grouped: exactValue(key.member, layer, parameters) }
    if (key.kind === 'time') return timeBucket(key, parameters)
    cell ??= cellOf(key.grid, layer, parameters)
    return { grouped: cell[key.axis] }
  })
}

/**
 * SQL of a value that is equal only to the same value: a text byte by byte, with any collation of its column, and a value inside JSON by its
 * text. A null inside JSON is null.
 */
export function exactValue(member: Member, { relation }: Layer, parameters: Parameters): string {
  const sql = memberSql(member, parameters)
  if (isJson(member.type)) return `nullif(CAST(${asJson(member, sql)} AS VARCHAR), 'null')`
  // Only tables have collations. The clause costs 40 ns per row.
  return member.type.kind === 'utf8' && relation.kind === 'table' ? `(${sql} COLLATE C)` : sql
}

function asJson({ type }: Member, sql: string): string {
  return type.kind === 'variant' ? `CAST(${sql} AS JSON)` : sql
}

/* Time buckets */

/** The years that have buckets. Others are near the limits of a timestamp, and have none, like infinite times. */
const FIRST_TIME = '290000-01-01 (BC)'
const LAST_TIME = '290000-01-01'

/** An hour. Shorter buckets stay distinct when a clock is set back. */
const HOUR = 3_600_000_000n

function timeBucket({ member, every, timeZone }: Extract<GroupKey, { readonly kind: 'time' }>, parameters: Parameters): KeySql {
  const value = inMicroseconds(member.type, memberSql(member, parameters))
  const bucket = (local: string) => `time_bucket(${interval(every, parameters)}, ${local})`
  const type = member.type.kind === 'date' ? 'DATE' : timeZone === null ? 'TIMESTAMP' : 'TIMESTAMP WITH TIME ZONE'
  const [first, last] = [FIRST_TIME, LAST_TIME].map((text) => `CAST('${text}' AS ${type})`)
  const known = (sql: string) => `CASE WHEN ${value} BETWEEN ${first} AND ${last} THEN ${sql} END`
  if (timeZone === null) return { grouped: known(bucket(value)) }
  const zone = parameters.text(timeZone)
  const local = `timezone(${zone}, ${value})`
  if ('microseconds' in every && BigInt(every.microseconds) <= HOUR) {
    return { grouped: known(`${value} - (${local} - ${bucket(local)})`) }
  }
  return { grouped: known(bucket(local)), key: (start) => firstMoment(start, zone) }
}

/** A timestamp with nanoseconds is cast to the nearest microsecond, which may be in the next bucket. */
function inMicroseconds(type: FieldType, sql: string): string {
  if (type.kind !== 'timestamp' || type.unit === 'us') return sql
  if (type.unit !== 'ns') return `CAST(${sql} AS TIMESTAMP)`
  const rest = `((epoch_ns(${sql}) % 1000) + 1000) % 1000`
  return `CASE WHEN isfinite(${sql}) THEN make_timestamp((epoch_ns(${sql}) - ${rest}) // 1000) END`
}

function interval(every: Period, parameters: Parameters): string {
  return 'months' in every
    ? `to_months(CAST(${parameters.bind(every.months)} AS INTEGER))`
    : `to_microseconds(CAST(${parameters.text(every.microseconds)} AS BIGINT))`
}

/**
 * SQL of the first moment at which a clock shows a local time, or the moment at which it skips that time. When a clock is set back, it shows some times
 * twice, and the engine returns the second moment. The first one has the offset from UTC of the day before.
 */
function firstMoment(local: string, zone: string): string {
  const second = `timezone(${zone}, ${local})`
  const dayBefore = `(${second} - INTERVAL 1 DAY)`
  const first = `timezone('UTC', ${local} - (timezone(${zone}, ${dayBefore}) - timezone('UTC', ${dayBefore})))`
  return `CASE WHEN timezone(${zone}, ${first}) = ${local} THEN least(${first}, ${second}) ELSE ${second} END`
}
