/** Well-known text (OGC Simple Features 1.2.1, 7.2), in any letter case. Heights and measures with or without Z, M and ZM. */
import { GEOMETRY_TYPES, type GeometryTypeName, typeLabelled, typeOf } from '../../geometry/geometry-type.ts'
import { show } from '../show.ts'
import type { GeometryBuilder } from './builder.ts'

const TOKEN = /[ \t\r\n]*(?:([A-Za-z]+)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|([(),]))/y
const END = /[ \t\r\n]*$/y
/** Ordinates that a position may have, by the tag behind the type. */
const ORDINATES: Readonly<Record<string, readonly number[]>> = { '': [2, 3, 4], Z: [3], M: [3], ZM: [4] }

export function readWkt(text: string, to: GeometryBuilder): void {
  if (/^\s*SRID\s*=/i.test(text))
    throw to.wrong('an SRID is not taken: say `crs` beside it, or leave both out for the layer’s CRS')
  new WktReader(text, to).read()
}

/** Recursion ends at the builder's depth. */
class WktReader {
  readonly #text: string
  readonly #to: GeometryBuilder
  #at = 0
  /** The token at `#at`, in upper case; empty at the end. */
  #token = ''
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

  /** `POINT`, `POINT Z` and `POINTZ`. */
  #type(): [GeometryTypeName, readonly number[]] {
    const word = this.#token
    const tag = typeLabelled(word) ? '' : (/(?:ZM|Z|M)$/.exec(word)?.[0] ?? '')
    const type = typeLabelled(tag === '' ? word : word.slice(0, -tag.length))?.name
    if (!type) throw this.#expected(`one of ${GEOMETRY_TYPES.map(({ label }) => label).join(', ')}`)
    this.#take()
    const separate = tag === '' && (this.#token === 'Z' || this.#token === 'M' || this.#token === 'ZM') ? this.#take() : tag
    return [type, ORDINATES[separate] as readonly number[]]
  }

  #body(type: GeometryTypeName, ordinates: readonly number[]): void {
    const memberType = typeOf(type).member
    this.#list(
      () => {
        if (type === 'GeometryCollection') this.#geometry()
        else if (type === 'Polygon') this.#ring(ordinates)
        else if (memberType) this.#member(memberType, ordinates)
        else this.#position(ordinates)
      },
      type === 'Point' ? 1 : Number.POSITIVE_INFINITY,
    )
  }

  #ring(ordinates: readonly number[]): void {
    this.#to.beginRing()
    if (!this.#skip('EMPTY')) this.#list(() => this.#position(ordinates), Number.POSITIVE_INFINITY)
    this.#to.end()
  }

  /** Points of a MULTIPOINT come with parentheses and without. */
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
    const numbers: number[] = []
    while (numbers.length <= 4 && /^[+\-.\d]/.test(this.#token)) numbers.push(Number(this.#take()))
    if (!ordinates.includes(numbers.length)) throw this.#expected(`a position of ${ordinates.join(', ')} numbers`)
    if (!numbers.every(Number.isFinite)) throw this.#to.wrong('coordinates are finite numbers')
    this.#to.position(numbers[0] as number, numbers[1] as number)
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
    TOKEN.lastIndex = this.#at
    const found = TOKEN.exec(this.#text)
    this.#token = found ? (found[1] ?? found[2] ?? found[3] ?? '').toUpperCase() : ''
    this.#next = found ? TOKEN.lastIndex : this.#at
    if (found) return
    END.lastIndex = this.#at
    if (!END.test(this.#text)) throw this.#to.wrong(`WKT is not understood at ${this.#here()}`)
  }

  #expected(what: string): Error {
    return this.#to.wrong(`WKT: expected ${what} at ${this.#here()}`)
  }

  #here(): string {
    const rest = this.#text.slice(this.#at).trimStart()
    return rest === '' ? 'its end' : `character ${this.#at + 1}, before ${show(rest.slice(0, 20))}`
  }
}
