/**
 * Parses JSON from a file of any size, one value at a time. Unlike `JSON.parse`, it keeps integers of any size exact, and knows 1 from 1.0. It also takes
 * `NaN` and infinities, which some writers print. RFC 8259.
 */
import type { BlockFile } from './blocks.ts'

/** A number with a fraction or an exponent whose value is a whole number, or too large for a double. */
export class JsonReal {
  readonly value: number
  readonly literal: string

  constructor(literal: string) {
    this.literal = literal
    this.value = Number(literal)
  }
}

/** A bigint is an integer beyond 2^53. A number that is whole was written without fraction and exponent. */
export type Json = null | boolean | number | bigint | string | JsonReal | readonly Json[] | JsonObject
/** The last of several members with one name counts. */
export type JsonObject = ReadonlyMap<string, Json>

const FIRST_BYTES = 1 << 22
const DEEPEST = 256
/** Every integer of up to 15 digits is exact as a number. */
const SAFE_DIGITS = 15

/** Thrown if the file continues after the bytes that were read. */
const MORE = Symbol('more')

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** The character before each record of a text sequence (RFC 8142). */
const RECORD_SEPARATOR = 0x1e

export class JsonParser {
  /** Texts that are not UTF-8, or hold half of a surrogate pair. They have the replacement character. */
  replaced = 0
  readonly #file: BlockFile
  #bytes: Buffer
  /** The position of the bytes in the file. */
  #from = 0
  #at = 0
  #depth = 0
  #length = FIRST_BYTES

  constructor(file: BlockFile) {
    this.#file = file
    this.#bytes = file.at(0, FIRST_BYTES)
    if (this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf) this.#at = 3
  }

  /** The position in the file. */
  get place(): number {
    return this.#from + this.#at
  }

  /** Skips blanks and record separators. True if there is nothing more. */
  isAtEnd(): boolean {
    return this.#whole(() => {
      let byte = this.#bytes[this.#at]
      while (isBlank(byte) || byte === RECORD_SEPARATOR) byte = this.#bytes[++this.#at]
      if (byte === undefined && !this.#isLast) throw MORE
      return byte === undefined
    })
  }

  /** True if the next byte is this one, which is then consumed. */
  takes(character: '{' | '}' | '[' | ']' | ','): boolean {
    return this.#whole(() => this.#take(character.charCodeAt(0)))
  }

  /** True if the next value is a list. */
  isList(): boolean {
    return this.#whole(() => this.#next() === OPEN_LIST)
  }

  /** Reads the name of a member and the colon. */
  name(): string {
    return this.#whole(() => this.#name())
  }

  /** @param isExact false for coordinates, which are numbers of any size */
  value(isExact = true): Json {
    return this.#whole(() => this.#value(isExact))
  }

  /** Skips a value without making anything of it. */
  skip(): void {
    this.#whole(() => this.#skip())
  }

  /**
   * Reads the members of an object. The values of `geometry`, `coordinates` and `geometries` have plain numbers, and are null if `isSkipping`. Null: the
   * value is no object.
   */
  feature(isSkipping: boolean): JsonObject | null {
    return this.#whole(() => {
      if (this.#next() === OPEN_OBJECT) return this.#object(true, isSkipping)
      this.#skip()
      return null
    })
  }

  wrong(what: string): Error {
    return new Error(`it is not JSON: ${what} at byte ${this.place}`)
  }

  get #isLast(): boolean {
    return this.#from + this.#bytes.length >= this.#file.size
  }

  /** Runs `read` again with more bytes if it reaches their end. */
  #whole<Result>(read: () => Result): Result {
    for (;;) {
      const start = this.#at
      const { replaced } = this
      try {
        this.#depth = 0
        return read()
      } catch (error) {
        if (error !== MORE) throw error
        this.replaced = replaced
        // A value that is larger than the bytes needs twice as many.
        this.#length = start === 0 ? 2 * this.#length : FIRST_BYTES
        this.#from += start
        this.#at = 0
        this.#bytes = this.#file.at(this.#from, this.#length)
      }
    }
  }

  /** The next byte that is not blank. */
  #next(): number {
    let byte = this.#bytes[this.#at]
    while (isBlank(byte)) byte = this.#bytes[++this.#at]
    if (byte === undefined) throw this.#end()
    return byte
  }

  #end(): Error | typeof MORE {
    return this.#isLast ? new Error('it is cut short: its JSON does not end') : MORE
  }

  #take(byte: number): boolean {
    if (this.#next() !== byte) return false
    this.#at++
    return true
  }

  #value(isExact: boolean): Json {
    const byte = this.#next()
    if (byte === QUOTE) return this.#string()
    if (byte === OPEN_OBJECT) return this.#object(false, false, isExact)
    if (byte === OPEN_LIST) return this.#list(isExact)
    return this.#scalar(isExact)
  }

  #name(): string {
    if (this.#next() !== QUOTE) throw this.wrong('a member has no name')
    const name = this.#string()
    if (!this.#take(COLON)) throw this.wrong('a name has no colon after it')
    return name
  }

  #object(isFeature: boolean, isSkipping: boolean, isExact = true): JsonObject {
    this.#enter()
    const members = new Map<string, Json>()
    if (!this.#take(CLOSE_OBJECT)) {
      do {
        const name = this.#name()
        const isGeometry = isFeature && (name === 'geometry' || name === 'coordinates' || name === 'geometries')
        if (isGeometry && isSkipping) {
          this.#skip()
          members.set(name, null)
        } else members.set(name, this.#value(isExact && !isGeometry))
      } while (this.#take(COMMA))
      if (!this.#take(CLOSE_OBJECT)) throw this.wrong('an object is not closed')
    }
    this.#depth--
    return members
  }

  #list(isExact: boolean): readonly Json[] {
    this.#enter()
    const items: Json[] = []
    if (!this.#take(CLOSE_LIST)) {
      do items.push(this.#value(isExact))
      while (this.#take(COMMA))
      if (!this.#take(CLOSE_LIST)) throw this.wrong('a list is not closed')
    }
    this.#depth--
    return items
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > DEEPEST) throw this.wrong(`values are nested deeper than ${DEEPEST}`)
  }

  #string(): string {
    const bytes = this.#bytes
    const from = ++this.#at
    let [isAscii, isEscaped] = [true, false]
    for (let at = from; ; at++) {
      const byte = bytes[at]
      if (byte === undefined) throw this.#end()
      if (byte === QUOTE) {
        this.#at = at + 1
        if (isAscii && !isEscaped) return bytes.toString('latin1', from, at)
        return this.#decoded(from, at, isEscaped)
      }
      if (byte === BACKSLASH) {
        isEscaped = true
        at++
      } else if (byte >= 0x80) isAscii = false
    }
  }

  #decoded(from: number, to: number, isEscaped: boolean): string {
    let text = this.#bytes.toString('utf8', from, to)
    if (text.includes('\uFFFD') && !Buffer.from(text).equals(this.#bytes.subarray(from, to))) this.replaced++
    if (!isEscaped) return text
    text = text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S]?)/g, (_match, escaped: string) => this.#unescaped(escaped))
    if (text.isWellFormed()) return text
    this.replaced++
    return text.toWellFormed()
  }

  #unescaped(escaped: string): string {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    const character = ESCAPES[escaped]
    if (character === undefined) throw this.wrong('a text has an unknown escape')
    return character
  }

  #scalar(isExact: boolean): Json {
    const bytes = this.#bytes
    const from = this.#at
    let at = from
    let isInteger = true
    for (let byte = bytes[at]; byte !== undefined && isOfScalar(byte); byte = bytes[++at]) {
      if (byte === 0x2e || byte > 0x39) isInteger = false
    }
    if (at === bytes.length && !this.#isLast) throw MORE
    this.#at = at
    const text = bytes.toString('latin1', from, at)
    if (isInteger && /^-?\d+$/.test(text)) return integer(text, isExact)
    if (text in WORDS) return WORDS[text]!
    if (!/^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
      if (at === bytes.length) throw this.#end()
      throw this.wrong('there is no value')
    }
    const value = Number(text)
    return isExact && !(Number.isFinite(value) && !Number.isInteger(value)) ? new JsonReal(text) : value
  }

  #skip(): void {
    const bytes = this.#bytes
    let depth = 0
    this.#next()
    for (let at = this.#at; ; at++) {
      const byte = bytes[at]
      if (byte === undefined) {
        if (depth > 0 || !this.#isLast) throw this.#end()
        this.#at = at
        return
      }
      if (byte === QUOTE) {
        for (at++; bytes[at] !== QUOTE; at++) {
          if (bytes[at] === undefined) throw this.#end()
          if (bytes[at] === BACKSLASH) at++
        }
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        // The end of the object or list around a scalar.
        if (depth === 0) {
          this.#at = at
          return
        }
        depth--
      } else if (depth > 0 || (byte !== COMMA && !isBlank(byte))) continue
      if (depth > 0) continue
      this.#at = byte === COMMA || isBlank(byte) ? at : at + 1
      return
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const WORDS: Readonly<Record<string, Json>> = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Letters, digits, signs and the point. */
const isOfScalar = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  byte === 0x2d ||
  byte === 0x2e ||
  byte === 0x2b ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a)

function integer(text: string, isExact: boolean): Json {
  if (!isExact || text.length <= SAFE_DIGITS) return isExact && text === '-0' ? new JsonReal(text) : Number(text)
  const value = BigInt(text)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Writes a value as JSON with the numbers as they were written. */
export function jsonText(value: Json): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Map) return Object.fromEntries(item)
    if (item instanceof JsonReal) return raw(item.literal)
    if (typeof item === 'bigint') return raw(String(item))
    // JSON has no such numbers.
    return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item
  })
}

/** The types of TypeScript do not have it yet. */
const raw = (literal: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(literal)
