/**
 * Compares what is served with what a source holds, as Python wrote or read it. A value is served exactly, or as text that the source has for it.
 * Anything else is wrong, unless a problem names it.
 */
import { DataType, type Table, type Vector } from 'apache-arrow'

/** A kind (`int`, `num`, `dec`, `text`, `bool`, `bytes`, `date`, `time`, `moment`, `json`, `any`), the value, and the source's own texts of it. */
export type Held = { readonly k: string; readonly v: string; readonly lit: readonly string[] } | null

export interface HeldRow {
  readonly values: Readonly<Record<string, Held>>
  /** WKB (ISO) in hexadecimal. */
  readonly geometry: string | null
}

export type Outcome = 'exact' | 'text' | 'wrong'

/** `column` is the DuckDB type: numbers that a double cannot hold are strings in JSON, which is not text in the source. */
export function compareValue(held: Held, served: unknown, column: string): Outcome {
  if (held === null || served === null || served === undefined)
    return isNothing(held) && isNothing(served) ? 'exact' : nothing(held)
  if (isExact(held, served) || isSameFloat(held, served, column) || isSameNested(held, served, column))
    return typeof served === 'string' && isNumber(held) && isText(column) ? 'text' : 'exact'
  return typeof served === 'string' && (held.lit.includes(served) || isSameJson(held, served)) ? 'text' : 'wrong'
}

const isNothing = (value: unknown) => value === null || value === undefined
const isNumber = ({ k }: NonNullable<Held>) => ['int', 'num', 'dec'].includes(k)
const isText = (column: string) => /^(VARCHAR|JSON)/.test(column)

/** JSON has no numbers that are not finite. An empty cell of a CSV may be null. */
function nothing(held: Held): Outcome {
  if (held?.k === 'any' && held.v === '') return 'exact'
  return held?.k === 'num' && !Number.isFinite(toNumber(held.v)) ? 'exact' : 'wrong'
}

function isExact({ k, v, lit }: NonNullable<Held>, served: unknown): boolean {
  if (typeof served === 'object') return lit.concat(v).some((text) => parsed(text) === canonical(served))
  switch (k) {
    case 'int':
      return sameInteger(v, served)
    case 'num':
      return typeof served !== 'boolean' && sameDouble(toNumber(v), served)
    case 'dec':
      return sameDecimal(v, served)
    case 'bool':
      return served === (v === 'true') || served === Number(v === 'true')
    case 'time':
      return typeof served === 'string' && timeOf(served) === timeOf(v)
    case 'moment':
      return served === v || sameMoment(v, served)
    case 'any':
      return served === v || sameInteger(v, served) || sameMoment(v, served) || isCell(v.trim(), served)
    default:
      return served === v || sameMoment(v, served)
  }
}

/** A cell of a CSV has no type. */
function isCell(text: string, served: unknown): boolean {
  if (typeof served === 'boolean') return text.toLowerCase() === String(served)
  return typeof served === 'number' ? text !== '' && Number(text) === served : sameDecimal(text, served)
}

function sameInteger(text: string, served: unknown): boolean {
  if (typeof served === 'number') return Number.isInteger(served) && /^[-+]?\d+$/.test(text) && BigInt(served) === BigInt(text)
  return (typeof served === 'bigint' || typeof served === 'string') && sameDecimal(text, String(served))
}

const toNumber = (text: string) => Number(text.replace(/^(-?)inf$/, '$1Infinity'))

function sameDouble(value: number, served: unknown): boolean {
  const other = typeof served === 'string' ? (served.trim() === '' ? Number.NaN : toNumber(served)) : Number(served)
  // Zero has no sign in JSON.
  return value === other || (Number.isNaN(value) && Number.isNaN(other))
}

/** Members that a double cannot hold exactly by their type are strings in JSON. */
function isSameNested({ v }: NonNullable<Held>, served: unknown, column: string): boolean {
  if (!/\[\]$|^(STRUCT|MAP)/.test(column)) return false
  const plain = (json: string) => withoutSpaces(json.replaceAll('"', ''))
  return plain(v) === plain(typeof served === 'string' ? served : JSON.stringify(served))
}

/** A float is written with the digits that a float has. */
function isSameFloat({ k, v }: NonNullable<Held>, served: unknown, column: string): boolean {
  const value = toNumber(v)
  return k === 'num' && column === 'FLOAT' && Math.fround(value) === value && Math.fround(Number(served)) === value
}

function sameDecimal(text: string, served: unknown): boolean {
  const plain = decimalOf(text)
  return plain !== null && plain === decimalOf(String(served))
}

/** Digits and exponent without leading and trailing zeros. */
function decimalOf(text: string): string | null {
  const found = /^([-+]?)(\d*)\.?(\d*)(?:e([-+]?\d+))?$/i.exec(text)
  if (!found || `${found[2]}${found[3]}` === '') return null
  const digits = `${found[2]}${found[3]}`.replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${found[1] === '-' ? '-' : ''}${short}e${Number(found[4] ?? 0) - found[3]!.length + digits.length - short.length}`
}

function timeOf(text: string): string {
  const [clock = '', fraction = ''] = text.split('.')
  return `${clock}.${fraction.replace(/0+$/, '')}`
}

function sameMoment(text: string, served: unknown): boolean {
  const moment = momentOf(text)
  return moment !== null && typeof served === 'string' && moment === momentOf(served)
}

const MOMENT = /^(\d{4,5}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[-+]\d\d:?\d\d)?$/

/** Seconds and fraction; with a Z if it is an instant. */
function momentOf(text: string): string | null {
  const found = MOMENT.exec(text)
  if (!found) return null
  const [, day, clock, fraction = '', zone] = found
  const sign = zone?.startsWith('-') ? -1 : 1
  const offset = zone && zone !== 'Z' ? sign * (Number(zone.slice(1, 3)) * 3_600 + Number(zone.slice(-2)) * 60) : 0
  const seconds = Date.parse(`${day}T${clock}Z`) / 1_000 - offset
  return Number.isNaN(seconds) ? null : `${seconds}.${fraction.replace(/0+$/, '')}${zone ? 'Z' : ''}`
}

/** Nested values that are served as text: spaces between their parts do not matter. */
function isSameJson({ k, v }: NonNullable<Held>, served: string): boolean {
  return k === 'json' && withoutSpaces(v) === withoutSpaces(served)
}

/** Without spaces, and with each number in one form. */
function withoutSpaces(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|(-?\d[-+.\deE]*)|\s+/g, (_, text, number) => text ?? (number ? decimalOf(number) : ''))
}

function parsed(text: string): string | null {
  try {
    return canonical(JSON.parse(text))
  } catch {
    return null
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof member === 'bigint'
        ? Number(member)
        : member,
  )
}

/** A column of an Arrow table, in the form that JSON has; integers and decimals exactly. */
export function arrowColumn(table: Table, name: string): unknown[] {
  const vector = table.getChild(name)
  if (!vector) throw new Error(`no column ${name}`)
  return Array.from({ length: vector.length }, (_, row) => arrowValue(vector, row))
}

function arrowValue(vector: Vector, row: number): unknown {
  if (!vector.isValid(row)) return null
  const { type } = vector
  if (DataType.isDate(type)) return new Date(vector.get(row)).toISOString().slice(0, 10)
  if (DataType.isTimestamp(type)) return momentText(raw(vector, row), 10n ** BigInt(3 * type.unit), type.timezone ? 'Z' : '')
  if (DataType.isTime(type)) return momentText(raw(vector, row), 10n ** BigInt(3 * type.unit), '').slice(11)
  if (DataType.isDecimal(type)) return decimalText(vector.get(row), type.scale)
  const value = vector.get(row)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value !== null && typeof value === 'object' && 'toJSON' in value ? JSON.parse(canonical(value)) : value
}

/** The stored integer: apache-arrow returns milliseconds. */
function raw(vector: Vector, row: number): bigint {
  let at = row
  for (const data of vector.data) {
    if (at < data.length) return BigInt((data.values as BigInt64Array)[at]!)
    at -= data.length
  }
  throw new Error(`no row ${row}`)
}

function momentText(value: bigint, perSecond: bigint, zone: string): string {
  const fraction = ((value % perSecond) + perSecond) % perSecond
  const clock = new Date(Number((value - fraction) / perSecond) * 1_000).toISOString().slice(0, 19)
  return `${clock}${fraction ? `.${String(fraction).padStart(String(perSecond).length - 1, '0')}` : ''}${zone}`
}

function decimalText(words: Uint32Array, scale: number): string {
  const unsigned = [...words].reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n)
  return `${BigInt.asIntN(words.length * 32, unsigned)}e${-scale}`
}
