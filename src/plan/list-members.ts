/** Filters of properties that are lists, by what is in them. */
import { GeoduckError } from '../errors.ts'
import { valueList } from './in-list.ts'
import { isJson, type Member } from './member.ts'
import type { Parameters } from './parameters.ts'
import type { PropertyFilter } from './query.ts'
import { jsonScalarFor } from './scalar/json.ts'
import type { Scalar } from './scalar/scalar.ts'
import { scalarOf } from './scalar/scalar-of.ts'
import { show } from './show.ts'

type Place = (member: Member, scalar: Scalar, operator: string, value: unknown) => ReturnType<Scalar['place']>

/**
 * `place` refuses a value that is none of the elements' type. A null list neither has a value nor lacks it, and in JSON what is no array does
 * neither.
 */
export function compileListMembers(filter: PropertyFilter, member: Member, place: Place, parameters: Parameters): string[] {
  const sql: string[] = []
  const ask = (operator: 'has' | 'hasAny' | 'hasAll', values: readonly unknown[], all: boolean) => {
    const { list, scalar } = isJson(member.duckType) ? inJson(member, values, operator) : inList(member, operator)
    const places = values.map((value) => place(member, scalar, operator, value))
    const texts = new Set(places.flatMap((at) => (typeof at === 'object' && at?.exact ? [at.at] : [])))
    const possible = places.every((at) => typeof at === 'object' && at?.exact)
    if (all && !possible) sql.push(whereNotNull({ sql: list }, false))
    else if (texts.size === 0) sql.push(whereNotNull({ sql: list }, all))
    else sql.push(`${all ? 'list_has_all' : 'list_has_any'}(${list}, ${valueList(scalar, [...texts], parameters)})`)
  }
  if (filter.has !== undefined) ask('has', [filter.has], true)
  if (filter.hasAny) ask('hasAny', filter.hasAny, false)
  if (filter.hasAll) ask('hasAll', filter.hasAll, true)
  return sql
}

/** SQL of the elements as they are compared. */
interface Elements {
  readonly list: string
  readonly scalar: Scalar
}

function inList({ name, type, duckType, sql }: Member, operator: string): Elements {
  const child = duckType.id === 'LIST' || duckType.id === 'ARRAY' ? duckType.child : undefined
  const scalar = child ? scalarOf(child) : null
  if (scalar) return { list: each(sql, scalar), scalar }
  const is = child ? `a list of ${child.id}, which cannot be compared` : `${type.slice(0, 60)}, no list`
  throw new GeoduckError('BAD_INPUT', `\`${operator}\` asks what is in a list: property ${name} is ${is}.`)
}

/** Of the client's type: the others of an array are null to it. */
function inJson({ name, duckType, sql }: Member, [first = '']: readonly unknown[], operator: string): Elements {
  const scalar = jsonScalarFor(first)
  if (!scalar) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${operator}\` of property ${name}, which is JSON, takes strings, numbers or booleans, not ${show(first)}.`,
    )
  }
  const json = duckType.id === 'VARIANT' ? `CAST(${sql} AS JSON)` : sql
  const array = `CASE WHEN json_valid(${json}) THEN CASE WHEN json_type(${json}) = 'ARRAY' THEN json_extract(${json}, '$[*]') END END`
  return { list: each(array, scalar), scalar }
}

function each(list: string, scalar: Scalar): string {
  const subject = scalar.subject('v')
  return subject === 'v' ? list : `list_transform(${list}, lambda v: ${subject})`
}

export function whereNotNull({ sql }: Pick<Member, 'sql'>, holds: boolean): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${holds} END`
}
