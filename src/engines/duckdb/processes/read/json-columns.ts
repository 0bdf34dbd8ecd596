/** Finds the type of a property from all of its values, so that each value is kept exactly. Values of several types become texts. */
import { type Json, JsonReal, jsonText } from './json-parser.ts'
import type { ReadColumn, ReadType, ReadValue } from './reader.ts'

const MOST_INT32 = 2 ** 31 - 1
const MOST_INT64 = 2n ** 63n - 1n
const MOST_UINT64 = 2n ** 64n - 1n
/** Parquet has no type for larger integers. */
const MOST_DECIMAL = 10n ** 38n

/** Collects facts about the values of one property. */
export class JsonColumn {
  #hasBoolean = false
  #hasText = false
  #hasObject = false
  #hasReal = false
  #hasInteger = false
  /** True if each text may be a date or a time. */
  #isMoment = true
  /** True if an integer is beyond 2^53, so that a double cannot hold it. */
  #hasLarge = false
  /** True if a number is beyond the doubles. */
  #hasEndless = false
  #least = 0n
  #most = 0n
  #leastSmall = 0
  #mostSmall = 0
  /** The items of lists, if all lists are flat. */
  #items: JsonColumn | null = null
  #isNested = false

  add(value: Json): void {
    if (value === null) return
    if (typeof value === 'string') {
      this.#hasText = true
      this.#isMoment &&= value.length >= 10 && value.length <= 27 && value[4] === '-' && value[7] === '-'
    } else if (typeof value === 'boolean') this.#hasBoolean = true
    else if (typeof value === 'object') this.#addObject(value)
    else if (typeof value === 'number' && !Number.isInteger(value)) this.#hasReal = true
    else this.#addInteger(value)
  }

  /** The type that holds all values. */
  column(name: string): ReadColumn {
    const type = this.#type()
    return { name, type, isMoment: type === 'VARCHAR' && this.#hasText && this.#isMoment && !this.#isMixed }
  }

  #addObject(value: JsonReal | readonly Json[] | ReadonlyMap<string, Json>): void {
    if (value instanceof JsonReal) {
      this.#hasReal = true
      this.#hasEndless ||= !Number.isFinite(value.value)
    } else if (Array.isArray(value)) {
      this.#items ??= new JsonColumn()
      for (const item of value as readonly Json[]) {
        this.#isNested ||= typeof item === 'object' && item !== null && !(item instanceof JsonReal)
        this.#items.add(item)
      }
    } else this.#hasObject = true
  }

  #addInteger(value: number | bigint): void {
    this.#hasInteger = true
    if (typeof value === 'number') {
      if (value < this.#leastSmall) this.#leastSmall = value
      if (value > this.#mostSmall) this.#mostSmall = value
    } else {
      this.#hasLarge = true
      if (value < this.#least) this.#least = value
      if (value > this.#most) this.#most = value
    }
  }

  get #isNumber(): boolean {
    return this.#hasInteger || this.#hasReal
  }

  get #isMixed(): boolean {
    return [this.#hasBoolean, this.#hasText, this.#hasObject, this.#isNumber, this.#items !== null].filter(Boolean).length > 1
  }

  #type(): ReadType {
    if (this.#isMixed || this.#hasObject) return 'VARCHAR'
    if (this.#items !== null) return this.#listType(this.#items)
    if (this.#hasBoolean) return 'BOOLEAN'
    if (!this.#isNumber) return 'VARCHAR'
    if (this.#hasReal) return this.#hasLarge || this.#hasEndless ? 'VARCHAR' : 'DOUBLE'
    if (this.#hasLarge) return this.#largeType()
    return this.#leastSmall >= -MOST_INT32 - 1 && this.#mostSmall <= MOST_INT32 ? 'INTEGER' : 'BIGINT'
  }

  #largeType(): ReadType {
    const isSigned = this.#least < 0n || this.#leastSmall < 0
    const isWithin = (most: bigint) => this.#least > -most && this.#most < most
    if (this.#least >= -MOST_INT64 - 1n && this.#most <= MOST_INT64) return 'BIGINT'
    if (!isSigned && this.#most <= MOST_UINT64) return 'UBIGINT'
    return isWithin(MOST_DECIMAL) ? 'DECIMAL(38,0)' : 'VARCHAR'
  }

  #listType(items: JsonColumn): ReadType {
    if (this.#isNested || items.#isMixed || items.#hasBoolean) return 'VARCHAR'
    const type = items.#type()
    if (type === 'INTEGER' || type === 'BIGINT') return 'BIGINT[]'
    if (type === 'DOUBLE') return 'DOUBLE[]'
    return type === 'VARCHAR' && !items.#isNumber ? 'VARCHAR[]' : 'VARCHAR'
  }
}

/** The value for a column of that type. */
export function readValue(value: Json | undefined, type: ReadType): ReadValue {
  if (value === null || value === undefined) return null
  if (type === 'VARCHAR') {
    if (typeof value === 'string') return value
    return value instanceof JsonReal ? value.literal : typeof value === 'object' ? jsonText(value) : String(value)
  }
  if (value instanceof JsonReal) return value.value
  if (typeof value === 'object')
    return (value as readonly Json[]).map((item) => readValue(item, itemType(type)) as string | number | null)
  return value
}

const itemType = (type: ReadType): ReadType => (type === 'VARCHAR[]' ? 'VARCHAR' : type === 'DOUBLE[]' ? 'DOUBLE' : 'BIGINT')
