/**
 * Reads the attribute table of a Shapefile: dBase III to 7, and the numbers of FoxPro. A number is text in the file, so each column gets a type that
 * holds all of its texts exactly.
 */
import { BlockFile } from './blocks.ts'
import { type Decoder, decoderOf } from './dbf-encoding.ts'
import { Faults, plural, type ReadColumn, type ReadType, type ReadValue } from './reader.ts'

const DESCRIPTOR_BYTES = 32
const END_OF_FIELDS = 0x0d
const LANGUAGE_DRIVER = 29
const DELETED = 0x2a

interface Field {
  readonly name: string
  readonly kind: string
  readonly at: number
  readonly bytes: number
  readonly decimals: number
}

/** A field that is served, with its type and the reader of its bytes. */
interface Served extends Field {
  readonly type: ReadType
  readonly read: (bytes: Buffer) => ReadValue
}

export class DbfTable {
  readonly columns: readonly ReadColumn[]
  /** The number of rows, including deleted ones. */
  readonly rows: number
  readonly #file: BlockFile
  readonly #headBytes: number
  readonly #rowBytes: number
  readonly #fields: readonly Served[]
  readonly #decoder: Decoder
  readonly #problems: string[] = []

  /**
   * @param encoding the text of the `.cpg`; null if there is none
   * @throws Error with the reason why the table cannot be read
   */
  constructor(path: string, encoding: string | null) {
    this.#file = new BlockFile(path)
    try {
      const head = this.#file.at(0, DESCRIPTOR_BYTES)
      if (head.length < DESCRIPTOR_BYTES) throw new Error('its .dbf is cut short')
      this.rows = head.readUInt32LE(4)
      this.#headBytes = head.readUInt16LE(8)
      this.#rowBytes = head.readUInt16LE(10)
      this.#decoder = decoderOf(encoding, head[LANGUAGE_DRIVER]!)
      const there = this.#rowBytes === 0 ? 0 : Math.floor((this.#file.size - this.#headBytes) / this.#rowBytes)
      if (there < this.rows) throw new Error(`its .dbf is cut short: it has ${Math.max(0, there)} of its ${this.rows} rows`)
      const fields = this.#readFields()
      const unserved = fields.filter(({ kind }) => !(kind in KINDS))
      for (const { name, kind } of unserved)
        this.#problems.push(`its column ${name} is not served: the type ${JSON.stringify(kind)} of dBase is not known`)
      this.#fields = this.#typed(fields.filter((field) => !unserved.includes(field)))
      this.columns = this.#fields.map(({ name, type, kind }) => ({ name, type, isMoment: kind === 'D' && type === 'VARCHAR' }))
    } catch (error) {
      this.#file.close()
      throw error
    }
  }

  /** Returns the values of a row. Null if the row is deleted. */
  row(index: number): ReadValue[] | null {
    const bytes = this.#bytesOf(index)
    if (bytes[0] === DELETED) return null
    return this.#fields.map(({ at, bytes: length, read }) => read(bytes.subarray(at, at + length)))
  }

  /** Complete after all rows are read. */
  problems(): readonly string[] {
    return [...this.#problems, ...this.#decoder.problems()]
  }

  close(): void {
    this.#file.close()
  }

  #bytesOf(row: number): Buffer {
    return this.#file.at(this.#headBytes + row * this.#rowBytes, this.#rowBytes)
  }

  #readFields(): Field[] {
    const head = this.#file.at(0, this.#headBytes)
    const fields: Field[] = []
    let at = 1
    for (
      let from = DESCRIPTOR_BYTES;
      from + DESCRIPTOR_BYTES <= head.length && head[from] !== END_OF_FIELDS;
      from += DESCRIPTOR_BYTES
    ) {
      const descriptor = head.subarray(from, from + DESCRIPTOR_BYTES)
      const end = descriptor.indexOf(0)
      const name = this.#decoder.text(descriptor.subarray(0, end < 0 || end > 11 ? 11 : end), 'a column name').trim()
      const kind = String.fromCharCode(descriptor[11]!)
      // Clipper stores the high byte of a long text where other types have their decimals.
      const bytes = descriptor[16]! + (kind === 'C' ? 256 * descriptor[17]! : 0)
      fields.push({ name, kind, at, bytes, decimals: kind === 'C' ? 0 : descriptor[17]! })
      at += bytes
    }
    if (at > this.#rowBytes && fields.length > 0) throw new Error('its .dbf is corrupt: its columns are longer than its rows')
    return fields
  }

  /** Scans the table once, because the types of numbers and dates depend on their texts. */
  #typed(fields: readonly Field[]): Served[] {
    const scans = fields.map((field) => KINDS[field.kind]!(field, this.#decoder))
    const scanned = scans.flatMap((scan, index) => (scan.look ? [{ look: scan.look, field: fields[index]! }] : []))
    for (let row = 0; row < this.rows && scanned.length > 0; row++) {
      const bytes = this.#bytesOf(row)
      if (bytes[0] === DELETED) continue
      for (const { look, field } of scanned) look(bytes.subarray(field.at, field.at + field.bytes), row)
    }
    return fields.map((field, index) => {
      const { type, read, problems } = scans[index]!.decide()
      this.#problems.push(...(problems ?? []))
      return { ...field, type, read }
    })
  }
}

interface Scan {
  /** Sees the bytes of each value. */
  readonly look?: (bytes: Buffer, row: number) => void
  readonly decide: () => Pick<Served, 'type' | 'read'> & { readonly problems?: readonly string[] }
}

/** The kinds of fields that are read. */
const KINDS: Readonly<Record<string, (field: Field, decoder: Decoder) => Scan>> = {
  C: ({ name }, decoder) => ({
    decide: () => ({ type: 'VARCHAR', read: (bytes) => decoder.text(trimmed(bytes), `the column ${name}`) || null }),
  }),
  N: numbers,
  F: numbers,
  D: dates,
  L: logicals,
  I: () => ({ decide: () => ({ type: 'INTEGER', read: (bytes) => (bytes.length === 4 ? bytes.readInt32LE(0) : null) }) }),
  O: doubles,
  B: (field) => (field.bytes === 8 ? doubles() : memo(field)),
  Y: () => ({
    decide: () => ({ type: 'DECIMAL(18,4)', read: (bytes) => (bytes.length === 8 ? bytes.readBigInt64LE(0) : null) }),
  }),
}

/** Null for "not known". Any other letter makes the column a text. */
const LOGICAL: Readonly<Record<string, boolean | null>> = {
  T: true,
  Y: true,
  F: false,
  N: false,
  '?': null,
  '': null,
}

/** The values of a column that are not of its kind. With one of them the column is a text, which has each value as it is in the file. */
class Strays {
  readonly #faults = new Faults()
  readonly #column: string
  readonly #kind: string
  readonly #decoder: Decoder

  constructor({ name }: Field, decoder: Decoder, kind: string) {
    this.#column = `its column ${name}`
    this.#kind = kind
    this.#decoder = decoder
  }

  get any(): boolean {
    return this.#faults.count > 0
  }

  /** @param found the bytes as Latin-1 */
  add(found: string, row: number): void {
    this.#faults.add(`row ${row} has ${JSON.stringify(Buffer.from(found, 'latin1').toString())}`)
  }

  text(found: string): string {
    return this.#decoder.text(Buffer.from(found, 'latin1'), this.#column)
  }

  get problems(): readonly string[] {
    return this.#faults.problem(
      (count) =>
        `${plural(count, 'value', 'values')} of ${this.#column} ${count === 1 ? 'is' : 'are'} no ${this.#kind}, so it is served as text`,
    )
  }
}

function logicals(field: Field, decoder: Decoder): Scan {
  const strays = new Strays(field, decoder, 'logical value')
  const look = (bytes: Buffer, row: number) => {
    const found = ascii(bytes)
    if (!(found.toUpperCase() in LOGICAL)) strays.add(found, row)
  }
  const decide = () => ({
    type: strays.any ? ('VARCHAR' as const) : ('BOOLEAN' as const),
    read: (bytes: Buffer) => {
      const found = ascii(bytes)
      return strays.any ? strays.text(found) || null : LOGICAL[found.toUpperCase()]!
    },
    problems: strays.problems,
  })
  return { look, decide }
}

function doubles(): Scan {
  return { decide: () => ({ type: 'DOUBLE', read: (bytes) => (bytes.length === 8 ? bytes.readDoubleLE(0) : null) }) }
}

function memo({ name }: Field): Scan {
  const problems = [`its column ${name} is not served: its texts are in another file (a memo of dBase)`]
  return { decide: () => ({ type: 'VARCHAR', read: () => null, problems }) }
}

/** Without blanks and NULs at both ends, with which writers fill a field. */
function trimmed(bytes: Buffer): Buffer {
  let [from, to] = [0, bytes.length]
  const nul = bytes.indexOf(0)
  if (nul >= 0 && isFill(bytes, nul)) to = nul
  while (to > from && bytes[to - 1] === 0x20) to--
  while (from < to && bytes[from] === 0x20) from++
  return bytes.subarray(from, to)
}

/** True if only NULs and blanks follow. A NUL between letters is part of the text. */
function isFill(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0 && bytes[at] !== 0x20) return false
  return true
}

/** Other bytes that JavaScript takes for blanks, such as 0xA0, are part of the value. */
const ascii = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replaceAll('\0', ' ')
    .replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')

const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const STARS = /^\*+$/
const MOST_INT64 = 2n ** 63n - 1n
/** The number of digits of Parquet's and the engine's DECIMAL. */
const MOST_DECIMAL_DIGITS = 38
/** Every decimal of up to 15 digits is the shortest text of its double. */
const EXACT_DIGITS = 15

/**
 * A field of more than nine digits may exceed 32 bits, and of more than 18 digits 64 bits. Stars are null: writers put them where a number is null, or
 * does not fit.
 */
function numbers(field: Field, decoder: Decoder): Scan {
  const { bytes: width, decimals } = field
  const strays = new Strays(field, decoder, 'number')
  let [least, most] = [0n, 0n]
  let [isWhole, isPlain, isExact] = [true, true, true]
  let [wholeDigits, fractionDigits] = [1, 0]
  let [leastShort, mostShort] = [0, 0]
  const text = (bytes: Buffer) => {
    const found = ascii(bytes)
    return found === '' || STARS.test(found) ? null : found
  }
  const look = (bytes: Buffer, row: number) => {
    // Most values are short integers.
    const short = shortInteger(bytes)
    if (!Number.isNaN(short)) {
      if (short < leastShort) leastShort = short
      if (short > mostShort) mostShort = short
      return
    }
    const found = text(bytes)
    if (found === null) return
    if (!NUMBER.test(found)) return strays.add(found, row)
    isExact &&= isExactDouble(found)
    if (INTEGER.test(found)) {
      const value = BigInt(found.replace('+', ''))
      if (value < least) least = value
      if (value > most) most = value
    } else {
      isWhole = false
      isPlain &&= !/[eE]/.test(found)
    }
    const [whole = '', fraction = ''] = found.replace(/^[+-]/, '').split('.')
    wholeDigits = Math.max(wholeDigits, whole.length)
    fractionDigits = Math.max(fractionDigits, fraction.length)
  }
  const typeNow = (): ReadType => {
    if (strays.any) return 'VARCHAR'
    wholeDigits = Math.max(wholeDigits, String(Math.max(-leastShort, mostShort)).length)
    if (decimals === 0 && isWhole) {
      if (width < 10) return 'INTEGER'
      if (least >= -MOST_INT64 - 1n && most <= MOST_INT64) return 'BIGINT'
      return wholeDigits <= MOST_DECIMAL_DIGITS ? `DECIMAL(${MOST_DECIMAL_DIGITS},0)` : 'VARCHAR'
    }
    if (isExact) return 'DOUBLE'
    const digits = wholeDigits + fractionDigits
    return isPlain && digits <= MOST_DECIMAL_DIGITS ? `DECIMAL(${digits},${fractionDigits})` : 'VARCHAR'
  }
  const decide = () => {
    const type = typeNow()
    const read = (bytes: Buffer): ReadValue => {
      const found = text(bytes)
      if (found === null) return null
      if (type === 'VARCHAR') return strays.text(found)
      if (type === 'DOUBLE') return Number(found)
      return type.startsWith('DECIMAL') ? unscaled(found, fractionDigits) : BigInt(found.replace('+', ''))
    }
    return { type, read, problems: strays.problems }
  }
  return { look, decide }
}

/** Reads an integer of up to 15 digits. NaN for other texts. */
function shortInteger(bytes: Buffer): number {
  let at = 0
  while (bytes[at] === 0x20) at++
  const isNegative = bytes[at] === 0x2d
  if (isNegative) at++
  if (at === bytes.length || bytes.length - at > EXACT_DIGITS) return Number.NaN
  let value = 0
  for (; at < bytes.length; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = 10 * value + digit
  }
  return isNegative ? -value : value
}

/** True if a writer of doubles prints this text for its double, with any number of decimals, or if it has so few digits that no other text does. */
function isExactDouble(text: string): boolean {
  const value = Number(text)
  if (!Number.isFinite(value)) return false
  const digits = significantDigits(text)
  if (digits.length <= EXACT_DIGITS || digits === significantDigits(String(value))) return true
  if (/[eE]/.test(text)) return digits === significantDigits(value.toExponential(Math.min(100, digits.length - 1)))
  const decimals = text.length - (text.includes('.') ? text.indexOf('.') + 1 : text.length)
  const printed = Math.abs(value) < 1e21 ? value.toFixed(Math.min(100, decimals)) : String(BigInt(value))
  return digits === significantDigits(printed)
}

/** The digits from the first to the last one that is not 0. */
function significantDigits(text: string): string {
  return text
    .replace(/[eE].*$/, '')
    .replace(/[+.-]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
}

function unscaled(text: string, decimals: number): bigint {
  const [whole = '0', fraction = ''] = text.replace(/^[+-]/, '').split('.')
  const value = BigInt(`${whole || '0'}${fraction.slice(0, decimals).padEnd(decimals, '0')}`)
  return text.startsWith('-') ? -value : value
}

const DAY = /^(\d{4})(\d{2})(\d{2})$/
/** Blanks, zeros and an empty text are all written for no date. */
const NO_DAY = /^(0*|-*)$/

/** Eight digits. A day that does not exist, such as 30 February, makes the column a text. */
function dates(field: Field, decoder: Decoder): Scan {
  const strays = new Strays(field, decoder, 'date')
  const text = (bytes: Buffer) => {
    const found = ascii(bytes)
    return NO_DAY.test(found) ? null : found
  }
  const look = (bytes: Buffer, row: number) => {
    const found = text(bytes)
    if (found !== null && !isDay(found)) strays.add(found, row)
  }
  const decide = () => ({
    type: 'VARCHAR' as const,
    read: (bytes: Buffer) => {
      const found = text(bytes)
      if (found === null) return null
      return strays.any ? strays.text(found) : found.replace(DAY, '$1-$2-$3')
    },
    problems: strays.problems,
  })
  return { look, decide }
}

function isDay(text: string): boolean {
  const [, year, month, day] = DAY.exec(text) ?? []
  if (year === undefined) return false
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}
