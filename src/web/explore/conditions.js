// @ts-check
/** Conditions that a user builds by clicking, and the filter of the server that they mean. */
/** @import { Column, ColumnKind } from './columns.js' */
/** @import { Layer } from '../layers.js' */
import { columnKind, columnOf } from './columns.js'

/** @typedef {Record<string, unknown>} Test members of `PropertyFilter` without `name`; `not` holds the members that must be false */

/**
 * @typedef {object} Condition
 * @property {string} column
 * @property {string} op a key of OPERATORS; `classes` is the choice of classes in a legend, `time` that of the slider
 * @property {unknown} value as the server takes it; a list of tests for `classes`
 */

/** A pattern of `like` that a text without wildcards matches. @param {string} text */
const literal = (text) => text.replaceAll(/[\\%_]/g, '\\$&')

/** @type {Record<string, { label: string, kinds: readonly ColumnKind[], test: (value: any) => Test, bare?: boolean }>} */
export const OPERATORS = {
  contains: { label: 'contains', kinds: ['text'], test: (value) => ({ ilike: `%${literal(String(value))}%` }) },
  startsWith: {
    label: 'starts with',
    kinds: ['text'],
    test: (value) => ({ startsWith: value, collate: ['NOCASE'] }),
  },
  eq: { label: 'is', kinds: ['text', 'number', 'boolean', 'time', 'value'], test: (value) => ({ eq: value }) },
  ne: { label: 'is not', kinds: ['text', 'number', 'time', 'value'], test: (value) => ({ ne: value }) },
  gte: { label: 'is at least', kinds: ['number', 'time', 'value', 'text'], test: (value) => ({ gte: value }) },
  gt: { label: 'is more than', kinds: ['number', 'time', 'value', 'text'], test: (value) => ({ gt: value }) },
  lte: { label: 'is at most', kinds: ['number', 'time', 'value', 'text'], test: (value) => ({ lte: value }) },
  lt: { label: 'is less than', kinds: ['number', 'time', 'value', 'text'], test: (value) => ({ lt: value }) },
  isNull: {
    label: 'is null',
    kinds: ['text', 'number', 'boolean', 'time', 'value', 'other'],
    test: () => ({ isNull: true }),
    bare: true,
  },
  notNull: {
    label: 'is not null',
    kinds: ['text', 'number', 'boolean', 'time', 'value', 'other'],
    test: () => ({ isNull: false }),
    bare: true,
  },
}

/** The operators for a kind of column, the likeliest first. @param {ColumnKind} kind */
export const operatorsFor = (kind) => Object.entries(OPERATORS).filter(([, { kinds }]) => kinds.includes(kind))

/**
 * The value of an input as the server takes it; null if it is none.
 * @param {Column} column
 * @param {string} text
 */
export function readValue(column, text) {
  const kind = columnKind(column)
  if (kind === 'text') return text === '' ? null : text
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (kind === 'boolean') return trimmed === 'true'
  if (kind === 'time') return readTime(column, trimmed)
  if (kind !== 'number') return trimmed
  if (Number.isNaN(Number(trimmed))) return null
  return column.jsonType === 'NUMBER' ? Number(trimmed) : trimmed
}

/** An input of a browser has no zone and may have no seconds. @param {Column} column @param {string} text */
function readTime({ type }, text) {
  if (type === 'DATE') return text.slice(0, 10)
  const seconds = text.length === 16 ? `${text}:00` : text
  return /TIME ZONE/.test(type) && !/Z$|[+-]\d\d:?\d\d$/.test(seconds) ? `${seconds}Z` : seconds
}

/** Returns whether a value from a link is a condition for this layer. @param {unknown} value @param {Layer} layer @returns {value is Condition} */
export function isCondition(value, layer) {
  if (typeof value !== 'object' || value === null) return false
  const { column, op, value: given } = /** @type {Record<string, unknown>} */ (value)
  if (typeof column !== 'string' || typeof op !== 'string' || !columnOf(layer, column)) return false
  if (op === 'classes')
    return Array.isArray(given) && given.length > 0 && given.every((test) => typeof test === 'object' && test !== null)
  if (op === 'time') return Array.isArray(given) && given.length === 2 && given.some((edge) => edge !== null)
  return Object.hasOwn(OPERATORS, op) && (OPERATORS[op]?.bare || given !== undefined)
}

/** @param {Condition} condition @returns {object} a FeatureFilter */
function filterOf({ column, op, value }) {
  if (op === 'classes') return anyOf(column, /** @type {Test[]} */ (value))
  if (op === 'time') {
    const [from, until] = /** @type {[string | null, string | null]} */ (value)
    return { property: { name: column, ...(from !== null && { gte: from }), ...(until !== null && { lt: until }) } }
  }
  return { property: { name: column, ...OPERATORS[op]?.test(value) } }
}

/** @param {string} column @param {readonly Test[]} tests */
function anyOf(column, tests) {
  const isEqual = (/** @type {Test} */ test) => Object.keys(test).join() === 'eq'
  const equal = tests.filter(isEqual).map(({ eq }) => eq)
  const filters = tests.filter((test) => !isEqual(test)).map((test) => one(column, test))
  if (equal.length > 0)
    filters.unshift({ property: equal.length === 1 ? { name: column, eq: equal[0] } : { name: column, in: equal } })
  return filters.length === 1 ? /** @type {object} */ (filters[0]) : { or: filters }
}

/** @param {string} column @param {Test} test @returns {object} */
function one(column, { not, ...test }) {
  return not === undefined
    ? { property: { name: column, ...test } }
    : { not: { property: { name: column, .../** @type {Test} */ (not) } } }
}

/**
 * The filter of all conditions; undefined without any.
 * @param {readonly Condition[]} conditions
 * @returns {object | undefined}
 */
export function whereOf(conditions) {
  if (conditions.length === 0) return undefined
  const filters = conditions.map(filterOf)
  return filters.length === 1 ? filters[0] : { and: filters }
}

/** A condition for people. @param {Condition} condition */
export function describeCondition({ column, op, value }) {
  if (op === 'classes') return `${column}: ${plain(/** @type {Test[]} */ (value))}`
  if (op === 'time') {
    const [from, until] = /** @type {[string | null, string | null]} */ (value)
    return [column, from === null ? '' : ` from ${from}`, until === null ? '' : ` until before ${until}`].join('')
  }
  const { label, bare } = OPERATORS[op] ?? { label: op, bare: false }
  return bare ? `${column} ${label}` : `${column} ${label} ${String(value)}`
}

/** @param {readonly Test[]} tests */
function plain(tests) {
  return tests
    .map(({ eq, gte, lt, isNull, not }) => {
      if (not !== undefined) return 'other values'
      if (isNull) return 'null'
      if (eq !== undefined) return String(eq)
      if (gte === undefined) return `below ${String(lt)}`
      return lt === undefined ? `${String(gte)} or more` : `${String(gte)} to below ${String(lt)}`
    })
    .join(' or ')
}
