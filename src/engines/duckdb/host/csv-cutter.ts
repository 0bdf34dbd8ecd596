/** Cuts the bytes of a CSV file into records and fields. */

export interface Dialect {
  readonly delimiter: string
  readonly quote: string
  /** The character before a quote in a quoted field: the quote itself, or a backslash. */
  readonly escaping: string
}

export const LINE_BREAK = { lf: 1, crlf: 2, cr: 4 } as const

const [LF, CR, BLANK] = [10, 13, 32]

/** Reads one record at a time. Its properties describe the last record. */
export class RecordCutter {
  readonly dialect: Dialect
  /** The number of fields. 0 for a line without any character. */
  fields = 0
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** A `LINE_BREAK`; 0 if the file ends without one. */
  lineBreak = 0
  /** True if a field has quotes. */
  hasQuotes = false
  /** True if there are blanks around quotes, which a strict reader takes in another way. */
  hasLooseQuotes = false
  /** True if there is text after a closing quote. */
  hasTextAfterQuote = false
  /** True if the file ends in a quoted field. */
  isOpen = false
  readonly #delimiter: number
  readonly #quote: number
  readonly #escaping: number

  constructor(dialect: Dialect) {
    this.dialect = dialect
    this.#delimiter = dialect.delimiter.charCodeAt(0)
    this.#quote = dialect.quote.charCodeAt(0)
    this.#escaping = dialect.escaping.charCodeAt(0)
  }

  /** Returns the position after the record that begins at `from`; -1 if its end is not in `bytes` and more bytes follow. */
  cut(bytes: Uint8Array, from: number, isLast: boolean): number {
    const { length } = bytes
    this.fields = 0
    this.lineBreak = 0
    this.hasQuotes = false
    this.hasLooseQuotes = false
    this.hasTextAfterQuote = false
    this.isOpen = false
    for (let at = from; ; at++) {
      const start = at
      at = this.#fieldEnd(bytes, at)
      if (at >= length && !isLast) return -1
      const code = bytes[at]
      // A carriage return at the end may be the first half of a line break.
      if (code === CR && at + 1 >= length && !isLast) return -1
      this.#starts[this.fields] = start
      this.#ends[this.fields] = at
      this.fields++
      if (code === this.#delimiter) continue
      if (this.fields === 1 && at === from) this.fields = 0
      if (at >= length) return length
      const isPair = code === CR && bytes[at + 1] === LF
      this.lineBreak = isPair ? LINE_BREAK.crlf : code === CR ? LINE_BREAK.cr : LINE_BREAK.lf
      return at + (isPair ? 2 : 1)
    }
  }

  /** The position of the delimiter or line break after the field. */
  #fieldEnd(bytes: Uint8Array, from: number): number {
    const { length } = bytes
    let at = from
    while (bytes[at] === BLANK) at++
    if (bytes[at] !== this.#quote) return this.#plainEnd(bytes, at)
    this.hasQuotes = true
    this.hasLooseQuotes ||= at > from
    at = this.#quoteEnd(bytes, at + 1)
    if (at >= length) return length
    const after = at
    while (bytes[at] === BLANK) at++
    const end = this.#plainEnd(bytes, at)
    this.hasLooseQuotes ||= at > after
    this.hasTextAfterQuote ||= end > at
    return end
  }

  #plainEnd(bytes: Uint8Array, from: number): number {
    const { length } = bytes
    const delimiter = this.#delimiter
    let at = from
    for (; at < length; at++) {
      const code = bytes[at]
      if (code === delimiter || code === LF || code === CR) break
    }
    return at
  }

  /** The position after the closing quote. */
  #quoteEnd(bytes: Uint8Array, from: number): number {
    const { length } = bytes
    const [quote, escaping] = [this.#quote, this.#escaping]
    for (let at = from; at < length; at++) {
      const code = bytes[at]
      if (code === escaping && (escaping !== quote || bytes[at + 1] === quote)) at++
      else if (code === quote) return at + 1
    }
    this.isOpen = true
    return length
  }

  /** The number of fields without the empty ones at the end. */
  get filled(): number {
    let count = this.fields
    while (count > 0 && this.#starts[count - 1] === this.#ends[count - 1]) count--
    return count
  }

  /** The value of a field of the last record of `bytes`. Null if it is empty and has no quotes. */
  value(bytes: Buffer, index: number): string | null {
    const { quote, escaping } = this.dialect
    const text = bytes.toString('utf8', this.#starts[index], this.#ends[index])
    if (text === '') return null
    const opened = text.replace(/^ +/, '')
    if (opened[0] !== quote) return text
    let end = 1
    for (; end < opened.length && (opened[end] !== quote || this.#isEscape(opened, end)); end++) {
      if (this.#isEscape(opened, end)) end++
    }
    const inner = opened.slice(1, end)
    const plain = escaping === quote ? inner.replaceAll(quote + quote, quote) : inner.replace(/\\(.)/gs, '$1')
    return plain + opened.slice(end + 1).replace(/ +$/, '')
  }

  #isEscape(text: string, at: number): boolean {
    const { quote, escaping } = this.dialect
    return text[at] === escaping && (escaping !== quote || text[at + 1] === quote)
  }
}
