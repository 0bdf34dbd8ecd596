/** Writes figures of a group as SQL. Figures of geometry are in `geometry-figures.ts`. */
import { isJson } from '../../../model/field-type.ts'
import type { Layer } from '../../../model/layer.ts'
import type { Member } from '../../../model/predicate.ts'
import type { Figure, ItemPart, Measure } from '../../../model/query.ts'
import { mercatorOf } from './cells.ts'
import { jsonComparison } from './comparison.ts'
import { geometryFigure } from './geometry-figures.ts'
import { exactValue } from './group-keys.ts'
import { jsonText } from './json-value.ts'
import { sortColumns } from './order.ts'
import { memberSql } from './property.ts'
import type { Parameters } from './quote.ts'
import type { Source } from './source.ts'

/** The rows that are grouped. */
export interface Rows {
  readonly layer: Layer
  readonly source: Source
  /** SQL of the filter. */
  readonly where: string
  readonly parameters: Parameters
}

export function figureSql({ figure, sorted = false }: Measure, rows: Rows): string {
  const { layer, parameters } = rows
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
    case 'quantiles':
      return quantiles(figure, layer, parameters)
    case 'first':
    case 'last':
      return ordered(figure, rows)
    case 'histogram':
      return histogram(figure, parameters)
    case 'values':
      return values(figure, layer, parameters)
    case 'mercator':
      return `avg(${mercatorOf(figure.axis, layer, parameters)})`
    default:
      return geometryFigure(figure, rows)
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

function asDouble(member: Member, parameters: Parameters): string {
  return `CAST(${number(member, parameters)} AS DOUBLE)`
}

export function isNumber({ type }: Member): boolean {
  return type.kind === 'int' || type.kind === 'float' || type.kind === 'decimal' || isJson(type)
}

/* Sums. Their last digit depends on the order of the values, and threads take rows in any order. Sorted values always have the same sum. */

function summed(value: string, sorted: boolean): string {
  return sorted ? `${value} ORDER BY ${value}` : value
}

/** Digits of decimals of which ten billion fit into a sum of 38 digits. */
const SUMMED_DIGITS = 28

/**
 * Exact for integers and decimals. For floats, the error is that of Kahan's algorithm: two units in the last place of the sum of
 * absolute values.
 */
function sum(member: Member, sorted: boolean, parameters: Parameters): string {
  const { type } = member
  if (type.kind === 'decimal') return `sum(${number(member, parameters)})`
  if (type.kind !== 'int') return `fsum(${summed(asDouble(member, parameters), sorted)})`
  const wide = type.bits === null || type.bits > 64 ? 'BIGNUM' : 'HUGEINT'
  return `sum(CAST(${number(member, parameters)} AS ${wide}))`
}

function average(member: Member, sorted: boolean, parameters: Parameters): string {
  const { type } = member
  if (type.kind === 'int' && type.bits !== null && type.bits <= 64)
    return quotient(`sum(${number(member, parameters)})`, `count(${number(member, parameters)})`)
  if (type.kind === 'decimal' && type.precision <= SUMMED_DIGITS) return `avg(${number(member, parameters)})`
  return `favg(${summed(asDouble(member, parameters), sorted)})`
}

/** The engine's average of integers has another last digit on other processors. */
export function quotient(sum: string, count: string): string {
  return `CAST(${sum} AS DOUBLE) / ${count}`
}

/** Values from here on have a square that cannot be summed. */
const LARGEST_SQUARED = '1e150'

/** The engine's function ends the statement for a value that is not finite, or too large. */
function deviation(member: Member, sorted: boolean, parameters: Parameters): string {
  const value = asDouble(member, parameters)
  const fits = `abs(${value}) < ${LARGEST_SQUARED}`
  return `CASE WHEN coalesce(bool_and(${fits}), true) THEN stddev_samp(${summed(value, sorted)}) FILTER (${fits}) END`
}

/* Lists of values. The engine holds the values of a group in memory. */

function quantiles(
  { member, at }: Extract<Figure, { readonly kind: 'quantiles' }>,
  layer: Layer,
  parameters: Parameters,
): string {
  if (isNumber(member)) return `quantile_cont(${asDouble(member, parameters)}, ${doubles(at, parameters)})`
  return `quantile_disc(${exactValue(member, layer, parameters)}, ${doubles(at, parameters)})`
}

function doubles(numbers: readonly number[], parameters: Parameters): string {
  return `CAST(CAST(${parameters.text(JSON.stringify(numbers))} AS JSON) AS DOUBLE[])`
}

/** The engine's `first(x ORDER BY ...)` sorts all rows. A key that is compared byte by byte needs no sort. */
function ordered(
  { kind, member, orderBy }: Extract<Figure, { readonly kind: 'first' | 'last' }>,
  { source, parameters }: Rows,
): string {
  const terms = sortColumns(orderBy).map(
    ({ subject, descending, nullsFirst }) =>
      `${subject}, '${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}'`,
  )
  const natural = source.natural.map(({ sql }) => `${sql}, 'ASC NULLS LAST'`)
  const key = `create_sort_key(${[...terms, ...natural].join(', ')})`
  return `${kind === 'first' ? 'arg_min_null' : 'arg_max_null'}(${memberSql(member, parameters)}, ${key})`
}

/** SQL of a JSON list of the values with the highest counts. Of equal counts, the least value is the first. */
function values(
  { member, first, parts }: Extract<Figure, { readonly kind: 'values' }>,
  layer: Layer,
  parameters: Parameters,
): string {
  const value = exactValue(member, layer, parameters)
  // The engine's histogram does not distinguish NaN.
  const listed = member.type.kind === 'float' ? ` FILTER (isfinite(${value}))` : ''
  const entry = (name: string) => `struct_extract(e, '${name}')`
  const counted = `list_transform(map_entries(histogram(${value})${listed}), lambda e: {c: -CAST(${entry('value')} AS BIGINT), v: ${entry('key')}})`
  const items = `list_sort(${counted})[1:${parameters.bind(first)}]`
  return listOf(items, 'e', parts, { value: jsonText(member.type, entry('v')), count: `-${entry('c')}` }, parameters)
}

/** The range of values that have bins. The width of a bin is finite. */
const LARGEST_IN_BIN = '8e307'

/**
 * SQL of a JSON list of bins. Each includes its lower edge, and the last one its upper edge too. The place of a value is computed from the width,
 * and then corrected by the edges, as NumPy does.
 */
function histogram(
  { member, bins, edges, parts }: Extract<Figure, { readonly kind: 'histogram' }>,
  parameters: Parameters,
): string {
  const value = asDouble(member, parameters)
  const inRange = `FILTER (abs(${value}) <= ${LARGEST_IN_BIN})`
  const all =
    edges === 'EQUAL_WIDTH' ? equalEdges(value, inRange, parameters.bind(bins)) : quantileEdges(value, inRange, bins, parameters)
  // With one value only, there is one bin.
  const distinct = `list_transform([list_sort(list_distinct(${all}))], lambda d: CASE WHEN len(d) = 1 THEN [d[1], d[1]] ELSE d END)[1]`
  // `h.e` would be a member of a column named `h`, if there is one.
  const edge = (place: string) => `struct_extract(h, 'e')[${place}]`
  const last = `len(struct_extract(h, 'e')) - 1`
  const guess =
    edges === 'EQUAL_WIDTH'
      ? `list_transform([least(${last}, 1 + CAST(floor((x - ${edge('1')}) / (${edge('-1')} - ${edge('1')}) * (${last})) AS BIGINT))], lambda g: CASE WHEN x < ${edge('g')} THEN g - 1 WHEN g < ${last} AND x >= ${edge('g + 1')} THEN g + 1 ELSE g END)[1]`
      : `least(${last}, len(list_filter(struct_extract(h, 'e'), lambda v: v <= x)))`
  const place = `CASE WHEN ${edge('1')} = ${edge('-1')} THEN 1 ELSE ${guess} END`
  const places = `list_transform(struct_extract(h, 'l'), lambda x: ${place})`
  const bin = `{f: ${edge('i')}, t: ${edge('i + 1')}, c: coalesce(map_extract_value(m, i), 0)}`
  const counts = `list_transform([list_aggregate(${places}, 'histogram')], lambda m: list_transform(range(1, len(struct_extract(h, 'e'))), lambda i: ${bin}))[1]`
  const items = `list_transform([{e: ${distinct}, l: list(${value}) ${inRange}}], lambda h: CASE WHEN struct_extract(h, 'l') IS NOT NULL THEN ${counts} END)[1]`
  const side = (name: string) => `CAST(to_json(struct_extract(e, '${name}')) AS VARCHAR)`
  return listOf(items, 'e', parts, { from: side('f'), to: side('t'), count: `struct_extract(e, 'c')` }, parameters)
}

function equalEdges(value: string, inRange: string, bins: string): string {
  const n = `CAST(${bins} AS BIGINT)`
  const [low, high] = ["struct_extract(b, 'lo')", "struct_extract(b, 'hi')"]
  const edge = `CASE WHEN i = ${n} THEN ${high} ELSE ${low} + i * ((${high} - ${low}) / ${n}) END`
  const ends = `{lo: min(${value}) ${inRange}, hi: max(${value}) ${inRange}}`
  return `list_transform([${ends}], lambda b: list_transform(range(0, ${n} + 1), lambda i: ${edge}))[1]`
}

function quantileEdges(value: string, inRange: string, bins: number, parameters: Parameters): string {
  const shares = Array.from({ length: bins + 1 }, (_, edge) => edge / bins)
  return `quantile_cont(${value}, ${doubles(shares, parameters)}) ${inRange}`
}

/** SQL of a JSON list of objects. Response keys of the client are bound as JSON. */
function listOf(
  items: string,
  item: string,
  parts: readonly ItemPart[],
  sql: Partial<Record<ItemPart['member'], string>>,
  parameters: Parameters,
): string {
  const members = parts.map(({ key, member }, n) => {
    const name = parameters.text(`${n === 0 ? '' : ','}${JSON.stringify(key)}:`)
    const value = sql[member]
    if (value === undefined) return `${name} || '"${member}"'`
    return member === 'count' ? `${name} || '"' || ${value} || '"'` : `${name} || ${value}`
  })
  const object = `'{' || ${members.join(' || ')} || '}'`
  return `'[' || coalesce(array_to_string(list_transform(${items}, lambda ${item}: ${object}), ','), '') || ']'`
}
