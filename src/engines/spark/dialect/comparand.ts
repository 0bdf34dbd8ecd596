/** Values in Spark: from the text form of a checked filter to what the column is compared with. */
import type { FieldType } from '../../../model/field-type.ts'
import type { Field } from '../../../model/layer.ts'
import { type Condition, condition, type Literal } from './condition.ts'

/**
 * Returns the literal for the text of a value, and the SQL around it. Null for types and values for which it is not proven that both
 * engines compare them in the same way.
 */
export function comparandOf(type: FieldType, text: string): Condition | null {
  const literal = literalOf(type, text)
  if (literal === null) return null
  if (type.kind === 'date') return condition`date_from_unix_date(${literal})`
  if (type.kind !== 'timestamp') return condition`${literal}`
  // The time zone of the session is UTC.
  const moment = condition`timestamp_micros(${literal})`
  return type.utc ? moment : condition`CAST(${moment} AS TIMESTAMP_NTZ)`
}

function literalOf(type: FieldType, text: string): Literal | null {
  switch (type.kind) {
    case 'bool':
      return { boolean: text === 'true' }
    case 'int':
      return type.signed && type.bits !== null && type.bits <= 64 ? { long: text } : null
    case 'float':
      return float(type.bits, text)
    case 'decimal':
      return { decimal: { value: text, precision: type.precision, scale: type.scale } }
    case 'utf8':
      return { string: text }
    case 'binary':
      return { binary: Buffer.from(text, 'hex') }
    case 'date':
      return date(text)
    case 'timestamp':
      return type.unit === 'us' ? (type.utc ? moment(text) : localTime(text)) : null
    default:
      return null
  }
}

/** The texts of DuckDB for numbers that are not finite. */
const NOT_FINITE = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

/** JavaScript and both engines read the nearest number. */
function float(bits: 32 | 64, text: string): Literal | null {
  const number = NOT_FINITE.get(text) ?? Number(text)
  if (Number.isNaN(number) && text !== 'nan') return null
  return bits === 32 ? { float: number } : { double: number }
}

/** Years of four digits. Spark knows others too, but its text forms of them differ. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const DAY_MS = 86_400_000

function date(text: string): Literal | null {
  const ms = midnight(text)
  return ms === null ? null : { integer: ms / DAY_MS }
}

/** Milliseconds since 1970, in the Gregorian calendar for all years, as in both engines. */
function midnight(text: string): number | null {
  const [, year, month, day] = DATE.exec(text) ?? []
  // `Date.UTC` takes the years before 100 for those after 1900.
  return year === undefined ? null : new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day))
}

/** Its text form is microseconds since 1970. */
function moment(text: string): Literal | null {
  return /^-?\d{1,19}$/.test(text) ? { long: text } : null
}

const LOCAL_TIME = /^(\S+) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/

function localTime(text: string): Literal | null {
  const [, day = '', hour, minute, second, fraction = ''] = LOCAL_TIME.exec(text) ?? []
  const ms = midnight(day)
  if (ms === null) return null
  const seconds = ms / 1_000 + (Number(hour) * 60 + Number(minute)) * 60 + Number(second)
  return { long: String(BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))) }
}

/** True if both engines sort the values of the column in the same way. */
export function isCompared({ type, readAs }: Pick<Field, 'type' | 'readAs'>): boolean {
  if (readAs) return false
  switch (type.kind) {
    case 'int':
      return type.signed && type.bits !== null && type.bits <= 64
    case 'timestamp':
      return type.unit === 'us'
    default:
      return ['bool', 'float', 'decimal', 'utf8', 'binary', 'date'].includes(type.kind)
  }
}
