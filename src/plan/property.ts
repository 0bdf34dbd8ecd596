/** Comparisons of a property with values of the client, typed by the column. */
import type { Layer } from '../catalog/layer.ts'
import { GeoduckError } from '../errors.ts'
import { inList } from './in-list.ts'
import { compileListMembers, whereNotNull } from './list-members.ts'
import { isJson, type Member, memberAt } from './member.ts'
import type { Parameters } from './parameters.ts'
import type { PropertyFilter } from './query.ts'
import { jsonScalarFor } from './scalar/json.ts'
import type { Place, Scalar } from './scalar/scalar.ts'
import { scalarOf } from './scalar/scalar-of.ts'
import { show } from './show.ts'
import { compileText } from './text-filter.ts'

const OPERATORS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const
type Operator = keyof typeof OPERATORS
const OPERATOR_NAMES = Object.keys(OPERATORS) as Operator[]

/**
 * SQL of three values: a comparison with a null property is NULL, as it is to the engine. Null: no member is set, it always
 * holds.
 */
export function compileProperty(filter: PropertyFilter, layer: Layer, parameters: Parameters): string | null {
  const member = memberAt(layer, filter.name, filter.path ?? [], parameters)
  const sql: string[] = []
  for (const operator of OPERATOR_NAMES) {
    const value = filter[operator]
    if (value !== undefined) sql.push(compare(member, operator, value, parameters))
  }
  if (filter.between !== undefined && filter.between !== null) sql.push(...between(member, filter.between, parameters))
  if (filter.in !== undefined && filter.in !== null) sql.push(compareWithMany(member, filter.in, parameters))
  sql.push(...compileText(filter, member, parameters), ...compileListMembers(filter, member, placeOf, parameters))
  if (typeof filter.isNull === 'boolean') sql.push(isNull(member, filter.isNull))
  return sql.length === 0 ? null : sql.join(' AND ')
}

/** A null inside JSON is null, too. */
function isNull({ sql, duckType }: Member, wanted: boolean): string {
  const value = isJson(duckType) ? `nullif(CAST(${sql} AS VARCHAR), 'null')` : sql
  return `${value} IS ${wanted ? 'NULL' : 'NOT NULL'}`
}

function between(member: Member, ends: readonly unknown[], parameters: Parameters): string[] {
  const [low, high] = ends
  if (ends.length !== 2) {
    throw new GeoduckError('BAD_INPUT', `\`between\` of property ${member.name} takes two values, the least and the largest.`)
  }
  return [compare(member, 'gte', low, parameters, 'between'), compare(member, 'lte', high, parameters, 'between')]
}

function compare(member: Member, operator: Operator, value: unknown, parameters: Parameters, called: string = operator): string {
  const scalar = comparable(member, value)
  const place = placeOf(member, scalar, called, value)
  const subject = scalar.subject(member.sql)
  const is = (sign: string, { at }: { at: string }) => `${subject} ${sign} ${scalar.cast(parameters.text(at))}`
  if (typeof place === 'object' && place.exact) return is(OPERATORS[operator], place)
  // The value is none of the type's: it lies between two of them, or beyond the last.
  if (operator === 'eq') return whereNotNull(member, false)
  if (operator === 'ne') return whereNotNull(member, true)
  const below = operator === 'lt' || operator === 'lte'
  if (typeof place === 'string') return whereNotNull(member, below === (place === 'ABOVE'))
  return is(below ? '<=' : '>', place)
}

function compareWithMany(member: Member, values: unknown, parameters: Parameters): string {
  if (!Array.isArray(values)) throw new GeoduckError('BAD_INPUT', `\`in\` of property ${member.name} takes a list.`)
  const scalar = comparable(member, values[0])
  const places = values.map((value) => placeOf(member, scalar, 'in', value))
  const texts = new Set(places.flatMap((place) => (typeof place === 'object' && place.exact ? [place.at] : [])))
  return texts.size === 0 ? whereNotNull(member, false) : inList(scalar, scalar.subject(member.sql), [...texts], parameters)
}

function comparable({ name, type, duckType }: Member, value: unknown): Scalar {
  const scalar = isJson(duckType) ? jsonScalarFor(value) : scalarOf(duckType)
  if (scalar) return scalar
  if (isJson(duckType)) {
    throw new GeoduckError(
      'BAD_INPUT',
      `Property ${name} is JSON: it is compared with a string, number or boolean, not ${show(value)}.`,
    )
  }
  const list = duckType.id === 'LIST' || duckType.id === 'ARRAY' ? '`has`, `hasAny`, `hasAll` and ' : ''
  throw new GeoduckError('BAD_INPUT', `Property ${name} is ${type.slice(0, 60)}: only ${list}\`isNull\` can be asked of it.`)
}

function placeOf({ name, type }: Member, scalar: Scalar, operator: string, value: unknown): Place {
  const place = scalar.place(value)
  if (place !== null) return place
  const takes = `\`${operator}\` of property ${name} (${type.slice(0, 60)}) takes ${scalar.takes}`
  throw new GeoduckError('BAD_INPUT', value === null ? `${takes}; ask \`isNull\` for null.` : `${takes}, not ${show(value)}.`)
}
