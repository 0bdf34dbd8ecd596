import { Tally } from '../../geometry/tally.ts'
import { GeoduckError } from '../../model/errors.ts'
import { FILTER_LIMITS, type FilterLimits } from '../filter-limits.ts'

/** In all lists together: each item costs time a row. */
export const MAX_LIST_ITEMS = 10_000
/** Of all `dWithin` together: each is some kilobytes of SQL. */
export const MAX_PIECES_IN_ALL = 128

/** What the filters of one operation may hold together, in however many root fields they stand. */
export class FilterBudget {
  readonly limits: FilterLimits
  readonly geometry: Tally
  readonly #read = new WeakMap<object, Map<string, unknown>>()
  #items = 0
  #pieces = 0

  constructor(limits: FilterLimits = FILTER_LIMITS) {
    this.limits = limits
    this.geometry = new Tally(limits.vertices)
  }

  /** What `read` makes of the argument, made once however often it is asked for. `key`: all else that it depends on. */
  once<Value>(argument: object, key: string, read: () => Value): Value {
    const known = this.#read.get(argument) ?? new Map<string, unknown>()
    this.#read.set(argument, known)
    if (!known.has(key)) known.set(key, read())
    return known.get(key) as Value
  }

  items(count: number): void {
    this.#items += count
    if (this.#items <= MAX_LIST_ITEMS) return
    throw tooLarge(`compare with ${this.#items} items in lists, more than ${MAX_LIST_ITEMS} items`)
  }

  pieces(count: number): void {
    this.#pieces += count
    if (this.#pieces <= MAX_PIECES_IN_ALL) return
    throw tooLarge(`measure distances from ${this.#pieces} parts of 200 km, more than ${MAX_PIECES_IN_ALL}`)
  }
}

function tooLarge(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\`: the filters of an operation ${what}; ask for less at once.`)
}
