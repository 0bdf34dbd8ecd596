/** Filters of properties that are text, by how it reads. */
import { GeoduckError } from '../errors.ts'
import { isJson, type Member } from './member.ts'
import type { Parameters } from './parameters.ts'
import { matches } from './pattern.ts'
import type { PropertyFilter } from './query.ts'
import { JSON_TEXT } from './scalar/json.ts'
import { show } from './show.ts'

export function compileText(filter: PropertyFilter, member: Member, parameters: Parameters): string[] {
  const { like, ilike, startsWith } = filter
  const sql: string[] = []
  if (like !== undefined && like !== null) {
    sql.push(matches(textOf(member, 'like', like), like, false, called(member, 'like'), parameters))
  }
  if (ilike !== undefined && ilike !== null) {
    sql.push(matches(textOf(member, 'ilike', ilike), ilike, true, called(member, 'ilike'), parameters))
  }
  if (startsWith !== undefined && startsWith !== null) {
    sql.push(`starts_with(${textOf(member, 'startsWith', startsWith)}, ${parameters.text(startsWith.toWellFormed())})`)
  }
  return sql
}

function called({ name }: Member, operator: string): string {
  return `\`${operator}\` of property ${name}`
}

/** SQL of the text. */
function textOf(member: Member, operator: string, value: unknown): string {
  const { sql, duckType, type } = member
  if (typeof value !== 'string')
    throw new GeoduckError('BAD_INPUT', `${called(member, operator)} takes a string, not ${show(value)}.`)
  if (isJson(duckType)) return JSON_TEXT.subject(sql)
  if (duckType.id === 'VARCHAR') return sql
  if (duckType.id === 'ENUM') return `CAST(${sql} AS VARCHAR)`
  throw new GeoduckError('BAD_INPUT', `${called(member, operator)} (${type.slice(0, 60)}) is for properties that are text.`)
}
