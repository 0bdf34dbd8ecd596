/**
 * Compiles a query for groups. The groups are a derived relation, `t`, with one column per key and measure, which is filtered, sorted and
 * continued like a source. Every execution computes all groups again.
 */
import type { FeatureField, LayoutGeometry, Output } from '../../../encode/batch.ts'
import { GeoduckError } from '../../../model/errors.ts'
import { sridOf } from '../../../model/layer.ts'
import type { GroupColumn, GroupQuery, Measure, PropertySortKey, RowPosition } from '../../../model/query.ts'
import { allFields, Columns, type Wire, wireOf } from './columns.ts'
import { comparisonOf } from './comparison.ts'
import {
  compileWhere,
  digestOf,
  filterDigest,
  frozen,
  heldOf,
  limitOf,
  liveOf,
  type Scanned,
  scannedOf,
  sourceFor,
  type Where,
  withSentinel,
} from './compile.ts'
import { figureSql, quotient, type Rows } from './figures.ts'
import { compileFilter } from './filter.ts'
import { type KeySql, keysSql } from './group-keys.ts'
import { afterKeys, type SortColumn, sortColumns, sortTerm } from './order.ts'
import type { Plan } from './plan.ts'
import { columnOf, derived, identifier, Parameters, readParquet, virtualColumn } from './quote.ts'

/** @throws GeoduckError CURSOR_INVALID if `after` belongs to other keys or another order */
export function compileGroups(query: GroupQuery): Plan {
  const { view, having, outputs, cursorKey = null } = query
  const scanned = scannedOf(query)
  const parameters = new Parameters()
  const { prefix, groups, indexed, few, ofFilter } = gatheredGroups(query) ?? computedGroups(query, scanned, parameters)
  const meets = having ? compileFilter(having, view.layer, parameters).exact : null
  const others = parameters.values.slice(ofFilter)
  const counted = query.counted ? { ...query, keys: [], orderBy: [] } : query
  const from = query.counted ? derived(`SELECT count(*) AS ${identifier(COUNTED)} FROM ${groups}${whereOf(meets)}`) : groups
  const filter = query.counted ? null : meets
  const order = positionOf(counted)
  const { select, layout, positions } = resultOf(counted, order)
  const selected = `SELECT ${select.map((sql, n) => `${sql} AS c${n}`).join(', ')} FROM ${from}`
  const sorted = order.sort.length === 0 ? '' : ` ORDER BY ${order.sort.map(sortTerm).join(', ')}`
  const digest = digestOf(`${prefix}${selected}${whereOf(filter)}${sorted}`, filterDigest(scanned), others)
  const after = query.after ? afterGroup(query.after, order, from, parameters) : null
  // A group without keys is one row. Each clause that is left out spares a small count 3 % of the engine's time.
  const limit = counted.keys.length === 0 ? '' : limitOf(query, parameters)
  const body = `${selected}${whereOf(filter, after)}${sorted}${limit}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const plan = { statement, layout, keys: positions, outputs, cursorKey, sorted: order.sort.length > 0, indexed, few, digest }
  return frozen({ ...plan, ...heldOf(`${prefix}${body}`, query, false, parameters), ...liveOf(view.layer) })
}

function whereOf(...conditions: readonly (string | null)[]): string {
  const given = conditions.flatMap((condition) => (condition === null ? [] : [`(${condition})`]))
  return given.length === 0 ? '' : ` WHERE ${given.join(' AND ')}`
}

interface Groups extends Pick<Where, 'prefix' | 'indexed' | 'few'> {
  /** The derived relation. */
  readonly groups: string
  /** The number of values of the filter. */
  readonly ofFilter: number
}

function computedGroups(query: GroupQuery, scanned: Scanned, parameters: Parameters): Groups {
  const source = sourceFor(scanned)
  const { where, ...found } = compileWhere(scanned, source, parameters)
  const ofFilter = parameters.values.length
  const rows = { layer: query.view.layer, source, where, parameters }
  return { ...found, groups: groupsOf(query, rows, (measure) => figureSql(measure, rows)), ofFilter }
}

/** The groups that Spark has computed, if it has: see `engines/spark/dialect/groups.ts`. */
function gatheredGroups({ view, keys, measures }: GroupQuery): Groups | null {
  const { relation } = view.layer
  if (relation.kind !== 'gathered' || !relation.grouped || !relation.files) return null
  const columns = [...keys, ...measures].map((group, n) => {
    const isAverage = 'figure' in group && group.figure.kind === 'avg'
    return named(
      group,
      isAverage ? quotient(virtualColumn(`c${n}`), virtualColumn(`c${n}_count`)) : writtenValue(`c${n}`, group.field),
    )
  })
  const groups = derived(`SELECT ${columns.join(', ') || '*'} FROM ${readParquet(relation.files)}`)
  return { prefix: '', groups, indexed: false, few: false, ofFilter: 0 }
}

/** Times are whole numbers in the files, and the largest and least of them are infinite. */
function writtenValue(name: string, { type }: GroupColumn['field']): string {
  const column = virtualColumn(name)
  const { cast } = comparisonOf(type)!
  if (type.kind === 'binary') return column
  if (type.kind !== 'date' && type.kind !== 'timestamp') return cast(column)
  const [most, finite] =
    type.kind === 'timestamp'
      ? [2n ** 63n - 1n, `make_timestamp${type.utc ? 'tz' : ''}(${column})`]
      : [2n ** 31n - 1n, `CAST('1970-01-01' AS DATE) + CAST(${column} AS INTEGER)`]
  return `CASE ${column} WHEN ${most} THEN ${cast(`'infinity'`)} WHEN -${most} THEN ${cast(`'-infinity'`)} ELSE ${finite} END`
}

/** The groups as a derived relation. */
function groupsOf(
  { keys, measures }: GroupQuery,
  { layer, source, where, parameters }: Rows,
  figure: (measure: Measure) => string,
): string {
  const sqlOfKeys = keysSql(keys, layer, parameters)
  const ofKeys = keys.map((key, n) => ({ key, sql: sqlOfKeys[n] as KeySql }))
  const columns = [
    ...ofKeys.map(({ key, sql }) => named(key, sql.grouped)),
    ...measures.map((measure) => named(measure, figure(measure))),
  ]
  const ordinals = keys.map((_, n) => n + 1).join(', ')
  // The one group of a query that selects nothing of it still is a row.
  const groups = `SELECT ${columns.join(', ') || 'count(*)'} FROM ${source.from} WHERE ${where}${keys.length > 0 ? ` GROUP BY ${ordinals}` : ''}`
  const finished = ofKeys.flatMap(({ key, sql }) => (sql.key ? [named(key, sql.key(columnOf(key.field)))] : []))
  return derived(finished.length === 0 ? groups : `SELECT * REPLACE (${finished.join(', ')}) FROM ${derived(groups)}`)
}

function named({ field }: GroupColumn, sql: string): string {
  return `${sql} AS ${identifier(field.name)}`
}

/** The column of a query that only counts groups. */
export const COUNTED = 'groups'

/* The result: the position of each group first, then the columns that the outputs need. */

function resultOf(query: GroupQuery, { sort, digest }: GroupOrder) {
  const columns = new Columns()
  const positions = sort.map(({ comparison, subject }, n) => columns.add(`key ${n}`, { kind: 'utf8' }, comparison.text(subject)))
  if (digest !== null) positions.push(columns.add('digest', { kind: 'utf8' }, digest))
  const properties: number[] = []
  const geometries: LayoutGeometry[] = []
  const needed = namesIn(query.outputs)
  const counted: readonly GroupColumn[] = query.counted ? [COUNT_OF_GROUPS] : [...query.keys, ...query.measures]
  for (const { field, shown = field.type } of counted) {
    const column = columnOf(field)
    if (shown === 'GEOMETRY') {
      const { crs } = query.view.layer
      const index = columns.add(field.name, { kind: 'wkb' }, `ST_AsWKB(${column})`)
      geometries.push({ column: index, crs: crs?.definition ?? crs?.code ?? null, srid: sridOf(crs) })
    } else if (needed.has(field.name)) {
      const { wire, sql } = shown === 'JSON_TEXT' ? WRITTEN_JSON : wireOf(shown)
      properties.push(columns.add(field.name, wire, sql(column)))
    }
  }
  // A group without keys of which nothing is selected is still counted.
  if (columns.select.length === 0) columns.add('group', { kind: 'bool' }, 'true')
  const layout = { columns: columns.wires, geometries, key: null, properties, geometryName: '' }
  return { select: columns.select, layout, positions }
}

const WRITTEN_JSON: Wire = { wire: { kind: 'json' }, sql: (column) => column }

const COUNT_OF_GROUPS: GroupColumn = {
  field: {
    name: COUNTED,
    type: { kind: 'int', bits: 64, signed: true },
    native: 'BIGINT',
    jsonType: 'STRING',
    nullable: false,
  },
}

function namesIn(outputs: readonly Output[]): ReadonlySet<string> {
  const ofCells = outputs.flatMap((output) => (output.kind === 'tile-cells' ? Object.values(output.columns) : []))
  const fields = outputs.flatMap((output) => (output.kind === 'features' ? allFields(output.fields) : []))
  const ofFields = fields.flatMap((field: FeatureField) => {
    if (field.field === 'cell') return field.indexes
    return field.field === 'property' ? [field.name] : []
  })
  return new Set([...ofCells, ...ofFields])
}

/* The order and the position of groups. */

interface GroupOrder {
  /** The terms of the order, then the other keys. */
  readonly sort: readonly SortColumn[]
  /** The places of all keys in `sort`. */
  readonly keys: readonly number[]
  /** SQL of a digest of all keys, for groups of which a cursor cannot carry a key. Null if every key is short. */
  readonly digest: string | null
}

/** Characters of a text that a cursor always carries, also if each of them needs an escape in JSON. */
const CARRIED = 170

function positionOf({ keys, orderBy }: Pick<GroupQuery, 'keys' | 'orderBy'>): GroupOrder {
  const fields = orderBy.map(({ field }) => field.name)
  const others = keys.flatMap(({ field }): PropertySortKey[] =>
    fields.includes(field.name) ? [] : [{ kind: 'property', field, descending: false, nullsFirst: false }],
  )
  const terms = [...orderBy, ...others]
  const sort = sortColumns(terms)
  const places = keys.map((key) => terms.findIndex(({ field }) => field.name === key.field.name))
  const long = places
    .filter((_, n) => mayBeLong(keys[n] as GroupColumn))
    .map((place) => `strlen(${textAt(sort, place)}) > ${CARRIED}`)
  const digest = long.length === 0 ? null : `CASE WHEN ${long.join(' OR ')} THEN ${digestOfKeys(sort, places)} END`
  return { sort, keys: places, digest }
}

function mayBeLong({ field: { type } }: GroupColumn): boolean {
  return type.kind === 'utf8' || type.kind === 'binary' || type.kind === 'bits' || (type.kind === 'int' && type.bits === null)
}

/** SQL of a digest that differs for different groups. */
function digestOfKeys(sort: readonly SortColumn[], places: readonly number[]): string {
  return `sha256(CAST(to_json([${places.map((place) => textAt(sort, place)).join(', ')}]) AS VARCHAR))`
}

function textAt(sort: readonly SortColumn[], place: number): string {
  const { comparison, subject } = sort[place] as SortColumn
  return comparison.text(subject)
}

/** SQL for groups after a position. */
function afterGroup({ keys: position }: RowPosition, order: GroupOrder, from: string, parameters: Parameters): string {
  const { sort, keys, digest } = order
  if (position.length !== sort.length + (digest === null ? 0 : 1)) {
    throw new GeoduckError('CURSOR_INVALID', 'The cursor is not one of these groups and this order; start again without it.')
  }
  const carried = (n: number): string | null => {
    const text = position[n] ?? null
    return text === null || text === true ? null : (sort[n] as SortColumn).comparison.cast(parameters.text(text))
  }
  // A value that is too long is read from its group, which computes all groups again.
  const isGroup = () => {
    const identity = digest === null ? null : (position[sort.length] ?? null)
    if (typeof identity === 'string') return `${digestOfKeys(sort, keys)} = ${parameters.text(identity)}`
    return keys.map((n) => `${(sort[n] as SortColumn).subject} IS NOT DISTINCT FROM ${carried(n) ?? 'NULL'}`).join(' AND ')
  }
  const bound = (n: number) =>
    position[n] === true ? `(SELECT ${(sort[n] as SortColumn).subject} FROM ${from} WHERE ${isGroup()})` : carried(n)
  return afterKeys(sort, bound, 'false')
}
