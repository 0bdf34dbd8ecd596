/** Comparisons of a property with values of the client, typed by the column. */
import type { Column, Layer } from '../catalog/layer.ts'
import { GeoduckError } from '../errors.ts'
import { inList } from './in-list.ts'
import type { Parameters } from './parameters.ts'
import { propertyOf } from './property-of.ts'
import type { PropertyFilter } from './query.ts'
import { columnOf } from './quote.ts'
import type { Place, Scalar } from './scalar/scalar.ts'
import { scalarOf } from './scalar/scalar-of.ts'
import { show } from './show.ts'

const OPERATORS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const
type Operator = keyof typeof OPERATORS
const OPERATOR_NAMES = Object.keys(OPERATORS) as Operator[]

/**
 * SQL of three values: a comparison with a null property is NULL, as it is to the engine. Null: no member is set, it always
 * holds.
 */
export function compileProperty(filter: PropertyFilter, layer: Layer, parameters: Parameters): string | null {
  const column = propertyOf(layer, filter.name)
  const sql: string[] = []
  for (const operator of OPERATOR_NAMES) {
    const value = filter[operator]
    if (value !== undefined) sql.push(compare(column, operator, value, parameters))
  }
  if (filter.in !== undefined && filter.in !== null) sql.push(compareWithMany(column, filter.in, parameters))
  if (typeof filter.isNull === 'boolean') sql.push(`${columnOf(column)} IS ${filter.isNull ? 'NULL' : 'NOT NULL'}`)
  return sql.length === 0 ? null : sql.join(' AND ')
}

function compare(column: Column, operator: Operator, value: unknown, parameters: Parameters): string {
  const scalar = comparable(column)
  const place = placeOf(column, scalar, operator, value)
  const subject = scalar.subject(columnOf(column))
  const is = (sign: string, { at }: { at: string }) => `${subject} ${sign} ${scalar.cast(parameters.text(at))}`
  if (typeof place === 'object' && place.exact) return is(OPERATORS[operator], place)
  // The value is none of the type's: it lies between two of them, or beyond the last.
  if (operator === 'eq') return whereNotNull(column, false)
  if (operator === 'ne') return whereNotNull(column, true)
  const below = operator === 'lt' || operator === 'lte'
  if (typeof place === 'string') return whereNotNull(column, below === (place === 'ABOVE'))
  return is(below ? '<=' : '>', place)
}

function compareWithMany(column: Column, values: unknown, parameters: Parameters): string {
  if (!Array.isArray(values)) throw new GeoduckError('BAD_INPUT', `\`in\` of property ${show(column.name)} takes a list.`)
  const scalar = comparable(column)
  const places = values.map((value) => placeOf(column, scalar, 'in', value))
  const texts = new Set(places.flatMap((place) => (typeof place === 'object' && place.exact ? [place.at] : [])))
  return texts.size === 0 ? whereNotNull(column, false) : inList(scalar, scalar.subject(columnOf(column)), [...texts], parameters)
}

function whereNotNull(column: Column, holds: boolean): string {
  return `CASE WHEN ${columnOf(column)} IS NOT NULL THEN ${holds} END`
}

function comparable(column: Column): Scalar {
  const scalar = scalarOf(column.duckType)
  if (scalar) return scalar
  throw new GeoduckError('BAD_INPUT', `Property ${show(column.name)} is ${column.type}: only \`isNull\` can be asked of it.`)
}

function placeOf(column: Column, scalar: Scalar, member: string, value: unknown): Place {
  const place = scalar.place(value)
  if (place !== null) return place
  const takes = `\`${member}\` of property ${show(column.name)} (${column.type.slice(0, 60)}) takes ${scalar.takes}`
  throw new GeoduckError('BAD_INPUT', value === null ? `${takes}; ask \`isNull\` for null.` : `${takes}, not ${show(value)}.`)
}
