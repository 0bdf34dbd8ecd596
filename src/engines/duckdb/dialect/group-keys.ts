/** Writes the keys of groups as SQL. */
import { isJson } from '../../../model/field-type.ts'
import type { Layer } from '../../../model/layer.ts'
import type { Member } from '../../../model/predicate.ts'
import type { GroupKey } from '../../../model/query.ts'
import { memberSql } from './property.ts'
import type { Parameters } from './quote.ts'

export function keySql(key: GroupKey, layer: Layer, parameters: Parameters): string {
  return exactValue(key.member, layer, parameters)
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
