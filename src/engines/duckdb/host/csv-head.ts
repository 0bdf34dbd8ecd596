/** Reads the first line of a CSV file: its encoding, its dialects that are possible, and the names of its columns. */
import { csvGeometry } from './csv-columns.ts'
import { type Dialect, RecordCutter } from './csv-cutter.ts'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

export interface CsvHead {
  readonly dialect: Dialect
  /** Bytes before the first line with names, after the byte order mark. */
  readonly skip: number
  /** Names as in the file: they may be empty, or repeat others. */
  readonly names: readonly string[]
}

const DELIMITERS = [',', ';', '\t', '|']
/** RFC 4180, then MySQL's escapes, then apostrophes. */
const QUOTES = [
  { quote: '"', escaping: '"' },
  { quote: '"', escaping: '\\' },
  { quote: "'", escaping: "'" },
]

/** Characters of Windows-1252 for the bytes from 0x80 to 0x9f. Bytes that it does not define stay control characters. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** UTF-16 is known by its byte order mark. Everything else is UTF-8 until a byte shows that it is not. */
export function encodingOf(head: Buffer): Encoding {
  const mark = head.toString('latin1', 0, 2)
  return mark === '\xff\xfe' ? 'utf-16le' : mark === '\xfe\xff' ? 'utf-16be' : 'utf-8'
}

/** Returns a function that turns the bytes of a file, piece by piece, into UTF-8 without a byte order mark. It throws if they are not UTF-16. */
export function toUtf8(encoding: Encoding): (piece: Buffer) => Buffer {
  if (encoding === 'windows-1252') {
    return (piece) =>
      Buffer.from(piece.toString('latin1').replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252[char.charCodeAt(0) - 0x80] ?? char))
  }
  if (encoding !== 'utf-8') {
    const decoder = new TextDecoder(encoding, { fatal: true })
    return (piece) => {
      try {
        return Buffer.from(decoder.decode(piece, { stream: true }))
      } catch {
        throw new Error(NO_UTF_16)
      }
    }
  }
  let isFirst = true
  return (piece) => {
    const hasMark = isFirst && piece.toString('latin1', 0, 3) === '\xef\xbb\xbf'
    isFirst = false
    return hasMark ? piece.subarray(3) : piece
  }
}

const NO_UTF_16 = 'it begins with the byte order mark of UTF-16, and other bytes follow: save it as UTF-8'

/** The problem of a file with a byte that no text has. */
export const NUL_BYTES =
  'it has NUL bytes, so it is damaged or no text: save it as UTF-8 (UTF-16 is read too, if it has a byte order mark)'

/**
 * Returns the possible dialects, the most likely one first: those in which the names contain a geometry, or else those that find several names. If
 * there is none, returns the reason.
 *
 * @param bytes the first ones of the file
 */
export function csvHeads(bytes: Buffer, encoding = encodingOf(bytes)): readonly CsvHead[] | string {
  let head: Buffer
  try {
    head = toUtf8(encoding)(bytes)
  } catch {
    return NO_UTF_16
  }
  if (head.includes(0)) return NUL_BYTES
  const start = head.findIndex((code) => code !== 10 && code !== 13)
  if (start < 0) return 'it is empty: its first line must name its columns'
  // A line of Excel before the names.
  const [line = '', declared] = /^"?sep=([,;\t|])"?[\r\n]+/i.exec(head.toString('latin1', start, start + 16)) ?? []
  const skip = start + line.length
  const delimiters = declared === undefined ? DELIMITERS : [declared]
  const found = delimiters
    .flatMap((delimiter) => QUOTES.map((quotes) => ({ dialect: { delimiter, ...quotes }, skip })))
    .map((one) => ({ ...one, names: namesOf(head.subarray(skip), one.dialect) }))
    .sort((a, b) => b.names.length - a.names.length)
  const heads = found.filter(({ names }) => csvGeometry(names))
  if (heads.length > 0) return heads
  if (found[0]?.names.every((name) => /^\s*([+-]?\d+([.,]\d+)?)?\s*$/.test(name))) return NO_NAMES
  const several = found.filter(({ names }) => names.length > 1)
  return several.length > 0 ? several : found
}

/** The problem of a file whose first line is no header. */
const NO_NAMES =
  'its first line must have the names of its columns, and has only numbers or blanks: put a line with them before it'

function namesOf(bytes: Buffer, dialect: Dialect): string[] {
  const cutter = new RecordCutter(dialect)
  cutter.cut(bytes, 0, true)
  return Array.from({ length: cutter.fields }, (_, index) => cutter.value(bytes, index) ?? '')
}
