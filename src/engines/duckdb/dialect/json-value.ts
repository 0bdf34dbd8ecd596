/**
 * Nested values as JSON text, made in SQL: members in the same form that columns of their type have in JSON. DuckDB's own
 * `to_json` would write NaN, Infinity and integers beyond 2^53 as they are, and times without their `T`.
 */
import type { FieldMember, FieldType } from '../../../model/field-type.ts'
import { intervalText } from './interval-text.ts'
import { isoText } from './iso-text.ts'
import { literal } from './quote.ts'

/** VARCHAR, a JSON value; NULL for NULL. */
export function jsonText(type: FieldType, value: string): string {
  return `CAST(to_json(${jsonSafe(type, value, 0)}) AS VARCHAR)`
}

const EXACT_DIGITS = 15
/** Its values are nested in JSON, and no names of members. */
function isNested({ kind }: FieldType): boolean {
  return ['list', 'map', 'struct', 'union', 'variant', 'geometry'].includes(kind)
}

/** `to_json` writes its values rightly. */
function isPlain(type: FieldType): boolean {
  switch (type.kind) {
    case 'bool':
    case 'utf8':
      return true
    case 'int':
      return type.bits !== null && type.bits <= 32
    case 'decimal':
      return type.precision <= EXACT_DIGITS
    default:
      return false
  }
}

/**
 * SQL of a value that `to_json` writes rightly; of type JSON where it is nested. `depth` keeps the names of nested lambdas apart.
 */
function jsonSafe(type: FieldType, value: string, depth: number): string {
  switch (type.kind) {
    case 'json':
      return cleanJson(value)
    case 'variant':
      return `CASE WHEN ${value} IS NOT NULL THEN ${cleanJson(`CAST(${value} AS JSON)`)} END`
    case 'list':
      return list(type.child, value, depth)
    case 'struct':
      return struct(type.fields, value, depth)
    case 'map':
      return map(type.key, type.value, value, depth)
    case 'union':
      return union(type.fields, value, depth)
    case 'float':
      // As a double a float would have digits that it has not.
      return `CASE WHEN isfinite(${value}) THEN ${type.bits === 64 ? value : `CAST(CAST(${value} AS VARCHAR) AS JSON)`} END`
    default:
      return isPlain(type) ? value : scalarText(type, value)
  }
}

/** Text of what is text in JSON, and of keys. */
function scalarText(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'binary':
      return `base64(${value})`
    case 'date':
    case 'timestamp':
      return isoText(type, value)
    case 'interval':
      return intervalText(value)
    // Well-known text: the one function of the engine's that no stored geometry ends the process with.
    case 'geometry':
      return `TRY(CAST(${value} AS VARCHAR))`
    default:
      return `CAST(${value} AS VARCHAR)`
  }
}

function list(child: FieldType, value: string, depth: number): string {
  if (isPlain(child) && child.kind !== 'decimal') return `to_json(${value})`
  return `to_json(${transform(value, depth, (item) => jsonSafe(child, item, depth + 1))})`
}

function struct(fields: readonly FieldMember[], value: string, depth: number): string {
  const members = fields.map(
    ({ name, type }) => `${literal(name)}, ${jsonSafe(type, `struct_extract(${value}, ${literal(name)})`, depth)}`,
  )
  return `CASE WHEN ${value} IS NOT NULL THEN json_object(${members.join(', ')}) END`
}

/** An object, or a list of `{key, value}` where keys are nested themselves. */
function map(keyType: FieldType, valueType: FieldType, value: string, depth: number): string {
  const asObject = !isNested(keyType)
  const entries = transform(`map_entries(${value})`, depth, (entry) => {
    // Not `entry.key`: that would be a member of a column of that name, if there is one.
    const [entryKey, entryValue] = [`struct_extract(${entry}, 'key')`, `struct_extract(${entry}, 'value')`]
    const written = asObject ? scalarText(keyType, entryKey) : jsonSafe(keyType, entryKey, depth + 1)
    return `{key: ${written}, value: ${jsonSafe(valueType, entryValue, depth + 1)}}`
  })
  return asObject ? `to_json(map_from_entries(${entries}))` : `to_json(${entries})`
}

/** An object of one member, named by the tag. */
function union(fields: readonly FieldMember[], value: string, depth: number): string {
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
