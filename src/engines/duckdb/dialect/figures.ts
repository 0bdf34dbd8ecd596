/** Writes figures of a group as SQL. */
import { isJson } from '../../../model/field-type.ts'
import type { Layer } from '../../../model/layer.ts'
import type { Member } from '../../../model/predicate.ts'
import type { Measure } from '../../../model/query.ts'
import { jsonComparison } from './comparison.ts'
import { exactValue } from './group-keys.ts'
import { memberSql } from './property.ts'
import type { Parameters } from './quote.ts'

/** @param sorted true if the figure must have the same last digit in every execution, because groups are sorted or filtered by it */
export function figureSql({ figure, sorted = false }: Measure, layer: Layer, parameters: Parameters): string {
  switch (figure.kind) {
    case 'features':
      return 'count(*)'
    case 'count':
      return `count(${isJson(figure.member.type) ? exactValue(figure.member, layer, parameters) : memberSql(figure.member, parameters)})`
    case 'distinct':
      return `count(DISTINCT ${exactValue(figure.member, layer, parameters)})`
    case 'distinctApproximate':
      return `approx_count_distinct(${exactValue(figure.member, layer, parameters)})`
    case 'min':
    case 'max':
      return `${figure.kind}(${comparable(figure.member, layer, parameters)})`
    case 'sum':
      return sum(figure.member, sorted, parameters)
    case 'avg':
      return average(figure.member, sorted, parameters)
    case 'stddev':
      return deviation(figure.member, sorted, parameters)
  }
}

/** SQL of a value that has an order. */
function comparable(member: Member, layer: Layer, parameters: Parameters): string {
  return isJson(member.type) ? number(member, parameters) : exactValue(member, layer, parameters)
}

/** SQL of a number as it is stored. A value inside JSON that is no number is NULL. */
function number(member: Member, parameters: Parameters): string {
  const sql = memberSql(member, parameters)
  if (!isJson(member.type)) return sql
  return jsonComparison('number').subject(member.type.kind === 'variant' ? `CAST(${sql} AS JSON)` : sql)
}

const asDouble = (member: Member, parameters: Parameters): string => `CAST(${number(member, parameters)} AS DOUBLE)`

/**
 * The argument of a function whose result depends on the order of its values in the last digit. Threads take rows in any order. In the order of the
 * values, the result is always the same.
 */
const summed = (value: string, sorted: boolean): string => (sorted ? `${value} ORDER BY ${value}` : value)

/** Digits from which ten billion values fit into a DECIMAL of 38 digits. */
const SUMMED_DIGITS = 28

/** Exact for integers and decimals. For floats, the error is that of Kahan's algorithm: two units in the last place of the sum of absolute values. */
function sum(member: Member, sorted: boolean, parameters: Parameters): string {
  const { type } = member
  if (type.kind === 'int') {
    const value = number(member, parameters)
    return type.bits === null || type.bits > 64 ? `sum(CAST(${value} AS BIGNUM))` : `sum(CAST(${value} AS HUGEINT))`
  }
  if (type.kind === 'decimal') return `sum(${number(member, parameters)})`
  return `fsum(${summed(asDouble(member, parameters), sorted)})`
}

function average(member: Member, sorted: boolean, parameters: Parameters): string {
  const { type } = member
  const isNarrow =
    (type.kind === 'int' && type.bits !== null && type.bits <= 64) || (type.kind === 'decimal' && type.precision <= SUMMED_DIGITS)
  if (isNarrow) return `avg(${number(member, parameters)})`
  return `favg(${summed(asDouble(member, parameters), sorted)})`
}

/** The largest value whose square can be summed. */
const LARGEST_SQUARED = '1e150'

/** The engine's function ends the statement for a value that is not finite, or too large. */
function deviation(member: Member, sorted: boolean, parameters: Parameters): string {
  const value = asDouble(member, parameters)
  const fits = `abs(${value}) < ${LARGEST_SQUARED}`
  return `CASE WHEN coalesce(bool_and(${fits}), true) THEN stddev_samp(${summed(value, sorted)}) FILTER (${fits}) END`
}
