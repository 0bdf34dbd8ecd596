/** Reads the records of a CSV file one after the other, in any encoding and dialect. 100 MB take about 0.4 s to scan. */
import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { LINE_BREAK, RecordCutter } from '../../host/csv-cutter.ts'
import { type CsvHead, type Encoding, NUL_BYTES, toUtf8 } from '../../host/csv-head.ts'

export interface CsvText {
  readonly file: string
  readonly encoding: Encoding
  readonly head: CsvHead
}

/** Records of a kind: how many, and the number of the first. The header has the number 0. */
export interface Count {
  records: number
  first: number
  /** The number of fields of the first one. */
  fields: number
}

export interface Scan {
  /** The number of records after the header. */
  readonly records: number
  readonly isUtf8: boolean
  /** Bytes of the longest record. */
  readonly longest: number
  /** The largest number of fields. */
  readonly mostFields: number
  /** Records with fewer fields than the header, with more, and with text after a closing quote. */
  readonly short: Count
  readonly long: Count
  readonly torn: Count
  /** The number of the record whose quote is never closed. Null if there is none. */
  readonly open: number | null
  readonly hasQuotes: boolean
  /** True if a record has another number of fields than the header, or a quote is not closed as it should be. */
  readonly hasFaults: boolean
  /** True if a strict reader of RFC 4180 reads the same values. */
  readonly isStrict: boolean
}

const PIECE_BYTES = 1 << 20
/** The engine's limit of a string is larger, but a quote that is never closed must not fill the memory. */
const LONGEST_RECORD = 256 * 2 ** 20

/** @throws Error that names the fault */
export async function scanCsv(text: CsvText): Promise<Scan> {
  const width = text.head.names.length
  const [short, long, torn]: Count[] = [0, 0, 0].map(() => ({ records: 0, first: 0, fields: 0 })) as [Count, Count, Count]
  let [records, longest, mostFields, breaks, open, isText, isLoose, hasQuotes] = [
    -1,
    0,
    0,
    0,
    null as number | null,
    true,
    false,
    false,
  ]
  const note = (count: Count, fields: number) => {
    if (count.records++ === 0) Object.assign(count, { first: records, fields })
  }
  await eachRecord(text, {
    record: (cutter, _, from, to) => {
      records++
      const { lineBreak } = cutter
      const fields = Math.max(cutter.filled, Math.min(cutter.fields || 1, width))
      longest = Math.max(longest, to - from)
      mostFields = Math.max(mostFields, fields)
      breaks |= lineBreak
      hasQuotes ||= cutter.hasQuotes
      // The engine takes one delimiter too many at the end of a line, and no more.
      isLoose ||= cutter.hasLooseQuotes || cutter.fields > fields
      if (fields < width) note(short, fields)
      if (fields > width) note(long, fields)
      if (cutter.hasTextAfterQuote) note(torn, fields)
      if (cutter.isOpen) open = records
    },
    bytes: (bytes) => {
      if (bytes.includes(0)) throw new Error(NUL_BYTES)
      isText &&= isUtf8(bytes)
    },
  })
  const hasOneBreak = breaks === 0 || breaks === LINE_BREAK.lf || breaks === LINE_BREAK.crlf || breaks === LINE_BREAK.cr
  const { quote, escaping } = text.head.dialect
  const hasFaults = short.records + long.records + torn.records > 0 || open !== null
  return {
    ...{ records: Math.max(0, records), longest, mostFields, short, long, torn, open, hasFaults, hasQuotes, isUtf8: isText },
    isStrict: !hasFaults && !isLoose && hasOneBreak && quote === '"' && escaping === '"' && text.head.skip === 0,
  }
}

/** The line where a record begins, from 1. Blank lines and line breaks in quotes count. */
export async function lineOf(text: CsvText, record: number): Promise<number> {
  let [number, line, found] = [-1, 1, 0]
  const breaksIn = (bytes: Buffer, from: number, to: number) => {
    let breaks = 0
    for (let at = from; at < to; at++) if (bytes[at] === 10 || (bytes[at] === 13 && bytes[at + 1] !== 10)) breaks++
    return breaks
  }
  await eachRecord(text, {
    skipped: (bytes, from, to) => {
      line += breaksIn(bytes, from, to)
    },
    record: (_, bytes, from, to) => {
      if (++number === record) found = line
      line += breaksIn(bytes, from, to)
      return found > 0
    },
  })
  return found
}

interface Visitor {
  /** Returns true to end. */
  readonly record: (cutter: RecordCutter, bytes: Buffer, from: number, to: number) => unknown
  /** Blank lines, and what is before the header. */
  readonly skipped?: (bytes: Buffer, from: number, to: number) => void
  /** All bytes, in pieces that end with a record. */
  readonly bytes?: (bytes: Buffer) => void
}

/** Calls `visitor` for the header and every record. A line without any character is a record only in a file of one column. */
export async function eachRecord({ file, encoding, head }: CsvText, visitor: Visitor): Promise<void> {
  const cutter = new RecordCutter(head.dialect)
  const decode = toUtf8(encoding)
  const skipsBlank = head.names.length > 1
  let rest: Buffer = Buffer.alloc(0)
  let isStart = true
  const visit = (bytes: Buffer, isLast: boolean): boolean => {
    let at = 0
    if (isStart && bytes.length > 0) {
      at = Math.min(head.skip, bytes.length)
      visitor.skipped?.(bytes, 0, at)
      isStart = false
    }
    while (at < bytes.length) {
      const next = cutter.cut(bytes, at, isLast)
      if (next < 0) break
      if (cutter.fields === 0 && skipsBlank) visitor.skipped?.(bytes, at, next)
      else if (visitor.record(cutter, bytes, at, next) === true) return true
      at = next
    }
    visitor.bytes?.(bytes.subarray(0, at))
    rest = bytes.subarray(at)
    return false
  }
  let wanted = 0
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, decode(piece)])
    // A record that is longer than a piece is read again, each time with twice as much of it.
    if (rest.length < wanted) continue
    if (visit(rest, false)) return
    wanted = 2 * rest.length
    if (rest.length > LONGEST_RECORD) throw new Error('it has a line of more than 256 MB: perhaps a quote is not closed')
  }
  visit(rest, true)
}
