/**
 * Nested values as JSON text, made in SQL: members in the same form that columns of their type have in JSON. DuckDB's own
 * `to_json` would write NaN, Infinity and integers beyond 2^53 as they are, and times without their `T`.
 */
import type { DuckType } from '../../../model/layer.ts'
import { intervalText } from './interval-text.ts'
import { isoText } from './iso-text.ts'
import { literal } from './quote.ts'

/** VARCHAR, a JSON value; NULL for NULL. */
export function jsonText(type: DuckType, value: string): string {
  return `CAST(to_json(${jsonSafe(type, value, 0)}) AS VARCHAR)`
}

const EXACT_DIGITS = 15
const AS_THEY_ARE = new Set(['BOOLEAN', 'TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'VARCHAR'])
const NESTED_KEYS = new Set(['STRUCT', 'MAP', 'UNION', 'LIST', 'ARRAY', 'VARIANT', 'GEOMETRY'])

/**
 * SQL of a value that `to_json` writes rightly; of type JSON where it is nested. `depth` keeps the names of nested lambdas apart.
 */
function jsonSafe(type: DuckType, value: string, depth: number): string {
  if (type.alias === 'JSON') return cleanJson(value)
  switch (type.id) {
    case 'LIST':
    case 'ARRAY':
      return list(type.child as DuckType, value, depth)
    case 'STRUCT':
      return struct(type, value, depth)
    case 'MAP':
      return map(type, value, depth)
    case 'UNION':
      return union(type, value, depth)
    case 'VARIANT':
      return `CASE WHEN ${value} IS NOT NULL THEN ${cleanJson(`CAST(${value} AS JSON)`)} END`
    default:
      return jsonScalar(type, value)
  }
}

function jsonScalar(type: DuckType, value: string): string {
  if (AS_THEY_ARE.has(type.id)) return value
  if (type.id === 'DOUBLE') return `CASE WHEN isfinite(${value}) THEN ${value} END`
  // As a double it would have digits that the float has not.
  if (type.id === 'FLOAT') return `CASE WHEN isfinite(${value}) THEN CAST(CAST(${value} AS VARCHAR) AS JSON) END`
  if (type.id === 'DECIMAL' && (type.width ?? 18) <= EXACT_DIGITS) return value
  return scalarText(type, value)
}

/** Text of what is text in JSON, and of keys. */
function scalarText(type: DuckType, value: string): string {
  if (type.id === 'BLOB') return `base64(${value})`
  if (type.id === 'DATE' || type.id.startsWith('TIMESTAMP')) return isoText(type.id, value)
  if (type.id === 'INTERVAL') return intervalText(value)
  // Well-known text: the one function of the engine's that no stored geometry ends the process with.
  if (type.id === 'GEOMETRY') return `TRY(CAST(${value} AS VARCHAR))`
  return `CAST(${value} AS VARCHAR)`
}

function list(child: DuckType, value: string, depth: number): string {
  if (AS_THEY_ARE.has(child.id) && child.alias !== 'JSON') return `to_json(${value})`
  return `to_json(${transform(value, depth, (item) => jsonSafe(child, item, depth + 1))})`
}

function struct({ fields = [] }: DuckType, value: string, depth: number): string {
  const members = fields.map(
    ({ name, type }) => `${literal(name)}, ${jsonSafe(type, `struct_extract(${value}, ${literal(name)})`, depth)}`,
  )
  return `CASE WHEN ${value} IS NOT NULL THEN json_object(${members.join(', ')}) END`
}

/** An object, or a list of `{key, value}` where keys are nested themselves. */
function map({ key, child }: DuckType, value: string, depth: number): string {
  const [keyType, valueType] = [key as DuckType, child as DuckType]
  const asObject = !NESTED_KEYS.has(keyType.id)
  const entries = transform(`map_entries(${value})`, depth, (entry) => {
    // Not `entry.key`: that would be a member of a column of that name, if there is one.
    const [entryKey, entryValue] = [`struct_extract(${entry}, 'key')`, `struct_extract(${entry}, 'value')`]
    const written = asObject ? scalarText(keyType, entryKey) : jsonSafe(keyType, entryKey, depth + 1)
    return `{key: ${written}, value: ${jsonSafe(valueType, entryValue, depth + 1)}}`
  })
  return asObject ? `to_json(map_from_entries(${entries}))` : `to_json(${entries})`
}

/** An object of one member, named by the tag. */
function union({ fields = [] }: DuckType, value: string, depth: number): string {
  const cases = fields.map(({ name, type }) => {
    const member = jsonSafe(type, `union_extract(${value}, ${literal(name)})`, depth)
    return `WHEN ${literal(name)} THEN json_object(${literal(name)}, ${member})`
  })
  return `CASE CAST(union_tag(${value}) AS VARCHAR) ${cases.join(' ')} END`
}

function transform(list: string, depth: number, item: (name: string) => string): string {
  const name = `v${depth}`
  return `list_transform(${list}, lambda ${name}: ${item(name)})`
}

const STRING_OR_INFINITE = String.raw`("(?:[^"\\]|\\.)*")|-?(?:nan|inf(?:inity)?)`

/**
 * Stored JSON without line breaks. The engine takes NaN and infinities for JSON, in any letter case: they become null, outside of
 * strings. To tell them apart every string gets a mark behind it that no JSON holds, and loses it again.
 */
function cleanJson(value: string): string {
  const mark = 'chr(1)'
  const marked = `regexp_replace(CAST(json(${value}) AS VARCHAR), ${literal(STRING_OR_INFINITE)}, '\\1' || ${mark}, 'gi')`
  const cleaned = `replace(replace(${marked}, '"' || ${mark}, '"'), ${mark}, 'null')`
  return `CASE WHEN regexp_matches(CAST(${value} AS VARCHAR), 'nan|inf', 'i') THEN CAST(${cleaned} AS JSON) ELSE json(${value}) END`
}
