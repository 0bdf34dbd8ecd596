// @ts-check
/** Classes of a column's values, which colour features: five of about equal counts for numbers and times, else the most frequent values. */
/** @import { Layer } from '../layers.js' */
/** @import { Column, ColumnKind } from './columns.js' */
/** @import { Test } from './conditions.js' */
import { count } from '../format.js'
import { ask } from '../graphql.js'
import { columnKind, columnOf, isWhole } from './columns.js'

/** The maximum number of values that each get a colour. */
const CATEGORIES = 8
/** Up to this number of different values, numbers are categories. */
const FEW = 6
const SHARES = [0.2, 0.4, 0.6, 0.8]

/** @typedef {'ordered' | 'category' | 'rest' | 'null'} Role what colour it gets */
/** @typedef {{ label: string, test: Test, role: Role, features: number | null }} Class */
/** @typedef {import('maplibre-gl').ExpressionSpecification} Expression */
/**
 * @typedef {object} Summary one value for many features, which colours a hexagon
 * @property {string} name
 * @property {string} figures of the column, in GraphQL
 * @property {(figures: any) => unknown} read returns the value
 */
/**
 * @typedef {object} Classes
 * @property {string} column
 * @property {readonly Class[]} list
 * @property {(value: unknown) => number} classOf returns an index of `list`
 * @property {Summary} summary
 * @property {Expression} classInTiles the same for a feature of a vector tile, which leaves out null values
 */

const FIGURES = `query Classes($layer: String!, $column: String!, $shares: [Float!]!, $values: Int!) {
  aggregate(layer: $layer, first: 1) { rows { count column(name: $column) { count distinctApproximate values(first: $values) { value count } quantiles(at: $shares) } } }
}`

/**
 * @param {Layer} layer
 * @param {string} name
 * @returns {Promise<Classes>}
 */
export async function loadClasses(layer, name) {
  const column = columnOf(layer, name)
  if (!column) throw new Error(`${layer.name} has no column ${name}`)
  const { aggregate } = await ask(FIGURES, { layer: layer.name, column: name, shares: SHARES, values: CATEGORIES + 1 })
  const [row] = aggregate.rows
  const figures = row.column
  const nulls = Number(row.count) - Number(figures.count)
  const kind = columnKind(column)
  const isOrdered = (kind === 'number' || kind === 'time') && figures.values.length > FEW
  const classes = isOrdered ? ordered(column, figures.quantiles) : categories(figures)
  if (nulls > 0) classes.list.push({ label: 'null', test: { isNull: true }, role: 'null', features: nulls })
  const { list, classOf, expression } = classes
  const rest = list.findIndex(({ role }) => role === 'rest')
  const absent = nulls > 0 ? list.length - 1 : Math.max(0, rest)
  return {
    column: name,
    list,
    summary: summaryOf(name, isOrdered ? kind : null),
    classOf: (value) => (value === null || value === undefined ? absent : classOf(value)),
    classInTiles: /** @type {Expression} */ (['case', ['has', name], expression(['get', name]), absent]),
  }
}

/** @param {string} name @param {ColumnKind | null} ordered the kind of a column whose classes have an order @returns {Summary} */
function summaryOf(name, ordered) {
  if (ordered === 'number') return { name: `average ${name}`, figures: 'avg', read: ({ avg }) => avg }
  if (ordered === 'time')
    return { name: `median ${name}`, figures: 'quantiles(at: [0.5])', read: ({ quantiles }) => quantiles?.[0] }
  return { name: `most frequent ${name}`, figures: 'values(first: 1) { value }', read: ({ values }) => values[0]?.value }
}

/** Three digits of the distance between classes are exact enough. @param {number} value @param {number} range @param {boolean} whole */
function rounded(value, range, whole) {
  if (whole) return Math.ceil(value)
  const step = 10 ** (Math.floor(Math.log10(range || 1)) - 2)
  const digits = Math.max(0, -Math.log10(step))
  return Number((Math.round(value / step) * step).toFixed(Math.min(15, Math.round(digits))))
}

/** @param {Column} column @param {unknown[] | null} quantiles */
function ordered(column, quantiles) {
  const isTime = columnKind(column) === 'time'
  const found = quantiles ?? []
  const range = isTime ? 0 : Number(found.at(-1)) - Number(found[0])
  const values = isTime ? found.map(String) : found.map((value) => rounded(Number(value), range, isWhole(column)))
  const edges = [...new Set(/** @type {(string | number)[]} */ (values))]
  const given = (/** @type {string | number} */ edge) => (column.jsonType === 'NUMBER' || isTime ? edge : String(edge))
  const shown = (/** @type {string | number} */ edge) =>
    isTime
      ? String(edge).slice(0, 10)
      : Number(edge).toLocaleString('en', { maximumFractionDigits: 6, useGrouping: Math.abs(Number(edge)) >= 10_000 })
  const list = [undefined, ...edges].map((from, n) => {
    const until = edges[n]
    /** @type {Test} */
    const test = {}
    if (from !== undefined) test['gte'] = given(from)
    if (until !== undefined) test['lt'] = given(until)
    const label =
      from === undefined
        ? `below ${until === undefined ? '' : shown(until)}`
        : until === undefined
          ? `${shown(from)} or more`
          : `${shown(from)} to below ${shown(until)}`
    return /** @type {Class} */ ({ label, test, role: 'ordered', features: null })
  })
  const classOf = (/** @type {unknown} */ value) => {
    const compared = isTime ? String(value) : Number(value)
    return edges.filter((edge) => edge <= compared).length
  }
  /** @param {unknown[]} value @returns {unknown} */
  const expression = (value) => {
    if (edges.length === 0) return 0
    const compared = isTime ? ['to-string', value] : ['to-number', value]
    return ['case', ...edges.flatMap((edge, n) => [['<', compared, edge], n]), edges.length]
  }
  return { list, classOf, expression }
}

/** @param {{ count: string, values: { value: unknown, count: string }[] }} figures */
function categories(figures) {
  const shown = figures.values.slice(0, CATEGORIES)
  /** @type {Class[]} */
  const list = shown.map(({ value, count: features }) => ({
    label: String(value),
    test: { eq: value },
    role: 'category',
    features: Number(features),
  }))
  const index = new Map(shown.map(({ value }, n) => [String(value), n]))
  const rest = Number(figures.count) - list.reduce((sum, { features }) => sum + (features ?? 0), 0)
  if (rest > 0)
    list.push({ label: 'other values', test: { not: { in: shown.map(({ value }) => value) } }, role: 'rest', features: rest })
  const other = rest > 0 ? shown.length : 0
  return {
    list,
    classOf: (/** @type {unknown} */ value) => index.get(String(value)) ?? other,
    /** @param {unknown[]} value @returns {unknown} */
    expression: (value) => (index.size === 0 ? other : ['match', ['to-string', value], ...[...index].flat(), other]),
  }
}

/** A class's text, with its number of features where that is known. @param {Class} found */
export const classText = ({ label, features }) => (features === null ? label : `${label} (${count(features)})`)
