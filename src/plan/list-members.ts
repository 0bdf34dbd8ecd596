/** Filters of properties that are lists, by what is in them. */
import { GeoduckError } from '../errors.ts'
import { valueList } from './in-list.ts'
import type { Member } from './member.ts'
import type { Parameters } from './parameters.ts'
import type { PropertyFilter } from './query.ts'
import type { Scalar } from './scalar/scalar.ts'
import { scalarOf } from './scalar/scalar-of.ts'

type Place = (member: Member, scalar: Scalar, operator: string, value: unknown) => ReturnType<Scalar['place']>

/** `place` refuses a value that is none of the elements' type. A null list neither has a value nor lacks it. */
export function compileListMembers(filter: PropertyFilter, member: Member, place: Place, parameters: Parameters): string[] {
  const sql: string[] = []
  const ask = (operator: 'has' | 'hasAny' | 'hasAll', values: readonly unknown[], all: boolean) => {
    const scalar = elementOf(member, operator)
    const places = values.map((value) => place(member, scalar, operator, value))
    const texts = new Set(places.flatMap((at) => (typeof at === 'object' && at?.exact ? [at.at] : [])))
    const possible = places.every((at) => typeof at === 'object' && at?.exact)
    const list = elements(member, scalar)
    if (all && !possible) sql.push(whereNotNull(member, false))
    else if (texts.size === 0) sql.push(whereNotNull(member, all))
    else sql.push(`${all ? 'list_has_all' : 'list_has_any'}(${list}, ${valueList(scalar, [...texts], parameters)})`)
  }
  if (filter.has !== undefined) ask('has', [filter.has], true)
  if (filter.hasAny) ask('hasAny', filter.hasAny, false)
  if (filter.hasAll) ask('hasAll', filter.hasAll, true)
  return sql
}

/** What elements are compared by. */
function elements({ sql }: Member, scalar: Scalar): string {
  const subject = scalar.subject('v')
  return subject === 'v' ? sql : `list_transform(${sql}, lambda v: ${subject})`
}

function elementOf({ name, type, duckType }: Member, operator: string): Scalar {
  const child = duckType.id === 'LIST' || duckType.id === 'ARRAY' ? duckType.child : undefined
  const scalar = child ? scalarOf(child) : null
  if (scalar) return scalar
  const is = child ? `a list of ${child.id}, which cannot be compared` : `${type.slice(0, 60)}, no list`
  throw new GeoduckError('BAD_INPUT', `\`${operator}\` asks what is in a list: property ${name} is ${is}.`)
}

export function whereNotNull({ sql }: Member, holds: boolean): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${holds} END`
}
