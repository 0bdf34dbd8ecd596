/**
 * Writes nested values as JSON text in SQL. Members have the form that columns of their type have in JSON. DuckDB's `to_json` would write
 * NaN, Infinity and integers beyond 2^53 unchanged, and times without their `T`.
 */
import { type FieldMember, type FieldType, isExact, isNested } from '../../../model/field-type.ts'
import { literal } from './quote.ts'

/** VARCHAR with a JSON value. NULL for NULL. */
export function jsonText(type: FieldType, value: string): string {
  return `CAST(to_json(${jsonSafe(type, value, 0)}) AS VARCHAR)`
}

/** True if `to_json` writes values of the type correctly. */
function isPlain(type: FieldType): boolean {
  switch (type.kind) {
    case 'bool':
    case 'utf8':
      return true
    case 'int':
      return type.bits !== null && type.bits <= 32
    case 'decimal':
      return isExact(type)
    default:
      return false
  }
}

/**
 * SQL of a value that `to_json` writes correctly; of type JSON if it is nested. `depth` gives nested lambdas different names.
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
      // A float as a double would have digits that the float does not have.
      return `CASE WHEN isfinite(${value}) THEN ${type.bits === 64 ? value : `CAST(CAST(${value} AS VARCHAR) AS JSON)`} END`
    default:
      return isPlain(type) ? value : scalarText(type, value)
  }
}

/** Text of values that are strings in JSON, and of keys. */
function scalarText(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'binary':
      return `base64(${value})`
    case 'date':
    case 'timestamp':
      return isoText(type, value)
    case 'interval':
      return intervalText(value)
    // Well-known text is the only function of the engine that no stored geometry can crash.
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

/** An object, or a list of `{key, value}` if keys are nested. */
function map(keyType: FieldType, valueType: FieldType, value: string, depth: number): string {
  const asObject = !isNested(keyType)
  const entries = transform(`map_entries(${value})`, depth, (entry) => {
    // `entry.key` would be a member of a column named `entry`, if there is one.
    const [entryKey, entryValue] = [`struct_extract(${entry}, 'key')`, `struct_extract(${entry}, 'value')`]
    const written = asObject ? scalarText(keyType, entryKey) : jsonSafe(keyType, entryKey, depth + 1)
    return `{key: ${written}, value: ${jsonSafe(valueType, entryValue, depth + 1)}}`
  })
  return asObject ? `to_json(map_from_entries(${entries}))` : `to_json(${entries})`
}

/** An object with one member, named by the tag. */
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
 * Stored JSON without line breaks. The engine accepts NaN and infinities in JSON, in upper or lower case. Outside of strings they become null. To
 * distinguish them, every string gets a mark that cannot occur in JSON, and the mark is removed afterwards.
 */
function cleanJson(value: string): string {
  const mark = 'chr(1)'
  const marked = `regexp_replace(CAST(json(${value}) AS VARCHAR), ${literal(STRING_OR_INFINITE)}, '\\1' || ${mark}, 'gi')`
  const cleaned = `replace(replace(${marked}, '"' || ${mark}, '"'), ${mark}, 'null')`
  return `CASE WHEN regexp_matches(CAST(${value} AS VARCHAR), 'nan|inf', 'i') THEN CAST(${cleaned} AS JSON) ELSE json(${value}) END`
}

/**
 * SQL of a date or timestamp as ISO 8601 text, in the form of the encoders. Years outside 0000..9999 have a sign and six digits. A fraction has
 * 3, 6 or 9 digits. An instant has a `Z`. Infinities are NULL.
 */
function isoText(type: FieldType, value: string): string {
  const utc = type.kind === 'timestamp' && type.utc
  const clock = utc ? `timezone('UTC', ${value})` : value
  const year = `year(${clock})`
  // Four digits, or signed: printf counts the sign.
  const years = `printf(CASE WHEN ${year} BETWEEN 0 AND 9999 THEN '%04d' ELSE '%+07d' END, ${year})`
  const rest =
    type.kind === 'date' ? `strftime(${clock}, '-%m-%d')` : `strftime(${clock}, '-%m-%dT%H:%M:%S') || ${fraction(clock)}`
  const zone = utc ? ` || 'Z'` : ''
  return `CASE WHEN isfinite(${value}) THEN ${years} || ${rest}${zone} END`
}

function fraction(clock: string): string {
  const nanos = `strftime(${clock}, '.%n')`
  return `regexp_replace(regexp_replace(${nanos}, '(000)+$', ''), '^\\.$', '')`
}

/**
 * SQL of an INTERVAL as an ISO 8601 duration. Each part has its own sign, as in PostgreSQL's `iso_8601` style:
 * `P1Y-2M3DT-4H5.5S`.
 */
export function intervalText(interval: string): string {
  const whole = (part: string, letter: string) =>
    `CASE WHEN ${part}(${interval}) <> 0 THEN ${part}(${interval}) || '${letter}' ELSE '' END`
  const micros = `CAST(microsecond(${interval}) AS DECIMAL(18, 0))`
  const seconds = `rtrim(rtrim(CAST(CAST(${micros} / 1000000 AS DECIMAL(18, 6)) AS VARCHAR), '0'), '.')`
  const time = [whole('hour', 'H'), whole('minute', 'M'), `CASE WHEN ${micros} <> 0 THEN ${seconds} || 'S' ELSE '' END`].join(
    ' || ',
  )
  const date = [whole('year', 'Y'), whole('month', 'M'), whole('day', 'D')].join(' || ')
  const parts = `'P' || ${date} || CASE WHEN ${time} = '' THEN '' ELSE 'T' || ${time} END`
  return `CASE WHEN ${interval} IS NULL THEN NULL WHEN ${parts} = 'P' THEN 'PT0S' ELSE ${parts} END`
}
