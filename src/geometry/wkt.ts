/**
 * Reads well-known text (OGC Simple Features 1.2.1, 7.2) in upper or lower case. Heights and measures may have Z, M and ZM tags
 * or not.
 */
import { show } from '../model/show.ts'
import type { GeometryBuilder } from './builder.ts'
import { GEOMETRY_TYPES, type GeometryTypeName, typeLabelled, typeOf } from './geometry-type.ts'

/** The number of ordinates of a position, by the tag after the type. */
const ORDINATES: Readonly<Record<string, readonly number[]>> = { '': [2, 3, 4], Z: [3], M: [3], ZM: [4] }
/** More ordinates than a position may have. */
const MOST_NUMBERS = 5
/** The value of `#token` for a number. */
const NUMBER = '0'

/** PostGIS's extended text begins with the number of its CRS. */
const SRID = /^\s*SRID\s*=\s*(\d{1,10})\s*;/i

/** The SRID at the start of the text (EWKT). Null if it has none. */
export function sridOfWkt(text: string): number | null {
  const [, srid] = SRID.exec(text) ?? []
  return srid === undefined ? null : Number(srid)
}

export function readWkt(text: string, to: GeometryBuilder): void {
  // It is replaced by blanks, so that messages count characters as the client does.
  new WktReader(
    text.replace(SRID, ({ length }) => ' '.repeat(length)),
    to,
  ).read()
}

/** The builder limits the recursion. */
class WktReader {
  readonly #text: string
  readonly #to: GeometryBuilder
  #at = 0
  /** The token at `#at`: a word in upper case, a parenthesis or comma, or `NUMBER`. Empty at the end. */
  #token = ''
  /** The value of a number. */
  #value = 0
  #next = 0

  constructor(text: string, to: GeometryBuilder) {
    this.#text = text
    this.#to = to
    this.#look()
  }

  read(): void {
    this.#geometry()
    if (this.#token !== '') throw this.#expected('the end of the text')
  }

  #geometry(): void {
    const [type, ordinates] = this.#type()
    this.#to.begin(type)
    if (!this.#skip('EMPTY')) this.#body(type, ordinates)
    this.#to.end()
  }

  /** Reads `POINT`, `POINT Z` and `POINTZ`. */
  #type(): [GeometryTypeName, readonly number[]] {
    const word = this.#token
    const tag = typeLabelled(word) ? '' : (/(?:ZM|Z|M)$/.exec(word.slice(-2))?.[0] ?? '')
    const type = typeLabelled(tag === '' ? word : word.slice(0, -tag.length))?.name
    if (!type) throw this.#expected(`one of ${GEOMETRY_TYPES.map(({ label }) => label).join(', ')}`)
    this.#take()
    const separate = tag === '' && (this.#token === 'Z' || this.#token === 'M' || this.#token === 'ZM') ? this.#take() : tag
    return [type, ORDINATES[separate] as readonly number[]]
  }

  #body(type: GeometryTypeName, ordinates: readonly number[]): void {
    const memberType = typeOf(type).member
    const most = type === 'Point' ? 1 : Number.POSITIVE_INFINITY
    if (type === 'GeometryCollection') this.#list(() => this.#geometry(), most)
    else if (type === 'Polygon') this.#list(() => this.#ring(ordinates), most)
    else if (memberType) this.#list(() => this.#member(memberType, ordinates), most)
    else this.#list(() => this.#position(ordinates), most)
  }

  #ring(ordinates: readonly number[]): void {
    this.#to.beginRing()
    if (!this.#skip('EMPTY')) this.#list(() => this.#position(ordinates), Number.POSITIVE_INFINITY)
    this.#to.end()
  }

  /** Points of a MULTIPOINT may have parentheses or not. */
  #member(type: GeometryTypeName, ordinates: readonly number[]): void {
    this.#to.begin(type)
    if (!this.#skip('EMPTY')) {
      if (type === 'Point' && this.#token !== '(') this.#position(ordinates)
      else this.#body(type, ordinates)
    }
    this.#to.end()
  }

  #list(item: () => void, most: number): void {
    if (!this.#skip('(')) throw this.#expected('(')
    for (let count = 1; ; count++) {
      item()
      if (count < most && this.#skip(',')) continue
      if (this.#skip(')')) return
      throw this.#expected(count < most ? ', or )' : ')')
    }
  }

  #position(ordinates: readonly number[]): void {
    let count = 0
    let [x, y] = [0, 0]
    let finite = true
    while (count < MOST_NUMBERS && this.#token === NUMBER) {
      if (count === 0) x = this.#value
      if (count === 1) y = this.#value
      finite &&= Number.isFinite(this.#value)
      count++
      this.#take()
    }
    if (!ordinates.includes(count)) throw this.#expected(`a position of ${ordinates.join(', ')} numbers`)
    if (!finite) throw this.#to.wrong('coordinates are finite numbers')
    if (count > 2) this.#to.isWhole = false
    this.#to.position(x, y)
  }

  #skip(token: string): boolean {
    if (this.#token !== token) return false
    this.#take()
    return true
  }

  #take(): string {
    const token = this.#token
    this.#at = this.#next
    this.#look()
    return token
  }

  #look(): void {
    const text = this.#text
    let at = this.#at
    while (isSpace(text.charCodeAt(at))) at++
    const code = text.charCodeAt(at)
    this.#next = at + 1
    if (at === text.length) this.#token = ''
    else if (code === 0x28 || code === 0x29 || code === 0x2c) this.#token = text[at] as string
    else if (isNumberStart(code)) this.#number(at)
    else if (isLetter(code)) {
      this.#next = wordEnd(text, at)
      this.#token = text.slice(at, this.#next).toUpperCase()
    } else throw this.#notUnderstood()
  }

  #number(at: number): void {
    const found = numberAt(this.#text, at)
    if (found.end === at) throw this.#notUnderstood()
    this.#token = NUMBER
    this.#value = found.value
    this.#next = found.end
  }

  #notUnderstood(): Error {
    return this.#to.wrong(`WKT is not understood at ${this.#here()}`)
  }

  #expected(what: string): Error {
    return this.#to.wrong(`WKT: expected ${what} at ${this.#here()}`)
  }

  #here(): string {
    let at = this.#at
    while (isSpace(this.#text.charCodeAt(at))) at++
    return at === this.#text.length ? 'its end' : `character ${this.#at + 1}, before ${show(this.#text.slice(at, at + 20))}`
  }
}

/**
 * Reads the characters of well-known text one after the other, without a regular expression. A regular expression for numbers would scan `111...1x`
 * again from every digit: 900 ms for 20 KB.
 */

/** The number of digits that a double always represents exactly. */
const EXACT_DIGITS = 15
/**
 * Powers of ten that a double represents exactly. An integer of `EXACT_DIGITS` divided by one of them is rounded once, which is
 * correct.
 */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

const [PLUS, MINUS, DOT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39]

const isSpace = (code: number) => code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
const isLetter = (code: number) => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
const isDigit = (code: number) => code >= ZERO && code <= NINE
const isNumberStart = (code: number) => isDigit(code) || code === MINUS || code === PLUS || code === DOT

function wordEnd(text: string, from: number): number {
  let at = from
  while (isLetter(text.charCodeAt(at))) at++
  return at
}

/** The result of the last `numberAt`. A new object per number would cost as much as to read it. */
const found = { value: 0, end: 0 }

/**
 * Reads the number that begins there, and its end. `end` is `from` if there is no number. The result is valid until the next
 * call.
 */
function numberAt(text: string, from: number): Readonly<typeof found> {
  const sign = text.charCodeAt(from)
  const start = sign === MINUS || sign === PLUS ? from + 1 : from
  let at = start
  let mantissa = 0
  for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) mantissa = mantissa * 10 + code - ZERO
  let digits = at - start
  let fraction = 0
  if (text.charCodeAt(at) === DOT) {
    const behind = ++at
    for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) mantissa = mantissa * 10 + code - ZERO
    fraction = at - behind
    digits += fraction
  }
  const end = exponentEnd(text, at)
  const isWhole = digits > 0 && !isPartOfWord(text.charCodeAt(end))
  found.end = isWhole ? end : from
  if (!isWhole) return found
  const exact = digits <= EXACT_DIGITS && end === at
  if (exact) found.value = (sign === MINUS ? -mantissa : mantissa) / (POWERS[fraction] as number)
  else found.value = Number(text.slice(from, end))
  return found
}

/** Returns the end of an exponent that begins there, if there is one. */
function exponentEnd(text: string, from: number): number {
  if ((text.charCodeAt(from) | 0x20) !== 0x65) return from
  const sign = text.charCodeAt(from + 1)
  const start = sign === MINUS || sign === PLUS ? from + 2 : from + 1
  let at = start
  while (isDigit(text.charCodeAt(at))) at++
  return at === start ? from : at
}

/** Characters that may not follow a number. */
function isPartOfWord(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === DOT || code === 0x5f
}
