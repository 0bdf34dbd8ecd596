/** Writes the source of the rows, and the order in which they arrive without a sort. */
import type { Field, Layer, Relation, SortedCopy } from '../../../model/layer.ts'
import type { Predicate } from '../../../model/predicate.ts'
import type { FeatureQuery, View } from '../../../model/query.ts'
import { type Comparison, comparisonOf, isComparedAsStored } from './comparison.ts'
import {
  COPIED_ROW,
  columnOf,
  extended,
  identifier,
  LIVE_COLUMNS,
  liveRows,
  numbered,
  type Parameters,
  readParquet,
  tableOf,
  virtualColumn,
} from './quote.ts'

/** A column of the natural order: ascending and never null. All of them together are unique. */
export interface NaturalKey {
  readonly sql: string
  /** SQL of its value in a position, if that differs: files are counted in the layer's list, even if only some are read. */
  readonly value?: string
  /** The comparison of the layer's key, if that is the natural order. */
  readonly type: 'BIGINT' | 'UBIGINT' | Comparison
}

/** SQL of a value of the natural order from the SQL of its text. */
export function castTo({ type }: Pick<NaturalKey, 'type'>, text: string): string {
  return typeof type === 'string' ? `CAST(${text} AS ${type})` : type.cast(text)
}

/**
 * A scan returns its rows in the order of `natural`, with any number of threads, unless something between it and the result loses that order. Joins
 * lose it (and so do long `IN` lists and subqueries), and scans by an RTREE; filters and UNION ALL keep it. So no plan sorts by the natural order,
 * and no plan contains an operation that loses it, except for the index scan in `compile.ts` and a subquery before a sort. Tests check that
 * the engine keeps this.
 */
export interface Source {
  readonly from: string
  readonly natural: readonly NaturalKey[]
  /** The number of rows before each file; [0] for a single file. */
  readonly offsets: readonly number[]
  /** The layer's files that are read, in order. Null: all of them. */
  readonly files: readonly number[] | null
  /** The sorted copy that is read instead of the table. @default the table itself */
  readonly copy?: ReadCopy
}

export interface ReadCopy {
  readonly column: string
  /** True: the scan returns the rows in the order of the query. False: a filter leaves one value, whose rows are in natural order. */
  readonly isOrder: boolean
  /** True if a filter leaves one value, which few rows have. */
  readonly isFew: boolean
  /** True if the column has nulls, which are the last rows. */
  readonly hasNulls: boolean
}

const FILE_INDEX = 'file_index'
const FILE_ROW_NUMBER = 'file_row_number'
const ROWID = 'rowid'

/** For a table without columns of that name. */
export const ROW_ID = virtualColumn(ROWID)

/** `wanted`: the layer's files that must be read, and the first. Null: all of them. */
export function sourceOf(layer: Layer, wanted: readonly number[] | null): Source {
  const { relation } = layer
  if (relation.kind === 'live') {
    const row = virtualColumn(identifier(LIVE_COLUMNS.row))
    return { from: liveRows(relation), natural: [{ sql: row, type: 'BIGINT' }], offsets: [0], files: null }
  }
  // Without files, the statement is only explained.
  if (relation.kind === 'gathered')
    return { from: readParquet(relation.files ?? []), natural: [orderOfKey(relation.key)], offsets: [0], files: null }
  const names = virtualNames(relation)
  const taken = takenNames(layer)
  // A column of the source hides the virtual column of the same name. To count rows instead costs a pass over the rows before the position.
  if (names.some((name) => taken.has(name))) {
    const name = freeName(taken)
    const from = numbered(fromOf(relation, null), name)
    return { from, natural: [{ sql: virtualColumn(name), type: 'BIGINT' }], offsets: [0], files: null }
  }
  const offsets = relation.kind === 'parquet' ? offsetsOf(relation.fileRows) : [0]
  return {
    from: fromOf(relation, wanted),
    natural: names.map((name) => (name === FILE_INDEX ? fileKey(wanted) : { sql: virtualColumn(name), type: 'BIGINT' })),
    offsets: wanted?.map((file) => offsets[file]!) ?? offsets,
    files: wanted,
  }
}

/*
 * A sorted copy has the same rows and row numbers as its table, so positions and keys are the same, and a query may change between both. Processor
 * time for 500,000 buildings by table and copy: a text with few rows 14 and 1.7 ms, the first 100 of an order after a filter 53 and 1.7 ms.
 */

/** With more rows per value, the order is worth more than the filter. */
export const FEW_ROWS = 2_048

/**
 * The source of a sorted copy that answers the query, or null.
 *
 * @param pruned true if a box prunes, for which the rows of a copy are in no order
 */
export function copyFor(query: Pick<FeatureQuery, 'where' | 'orderBy'> & { view: View }, pruned: boolean): Source | null {
  const { layer, rule } = query.view
  const { relation, sortedCopies = [], featureCount } = layer
  if (relation.kind !== 'table' || query.orderBy.some(({ kind }) => kind === 'distance')) return null
  const names = [query.where, rule].flatMap((filter) => (filter ? equalIn(filter.predicate) : []))
  const equal = sortedCopies.find(({ column }) => names.includes(column))
  const order = pruned ? null : orderedCopy(query.orderBy, sortedCopies)
  const isFew = equal !== undefined && (featureCount ?? 0) / Math.max(1, equal.values) <= FEW_ROWS
  // A box reads less of the table than a value that many rows have reads of its copy.
  const copy = isFew ? equal : (order ?? (pruned ? null : equal))
  if (!copy) return null
  return {
    from: tableOf(relation.database, copy.schema, copy.table),
    natural: [{ sql: virtualColumn(identifier(COPIED_ROW)), type: 'BIGINT' }],
    offsets: [0],
    files: null,
    copy: { column: copy.column, isOrder: copy === order, isFew, hasNulls: copy.nulls > 0 },
  }
}

/** The columns that have one value in all rows for which the predicate is true. */
function equalIn(predicate: Predicate): string[] {
  if (predicate.kind === 'and') return predicate.members.flatMap(equalIn)
  if (predicate.kind !== 'property') return []
  const { member, tests, collate } = predicate
  const isPlain = member.steps.length === 0 && !collate && isComparedAsStored(member)
  const isEqual = tests.some(
    (test) =>
      (test.kind === 'compare' && test.sign === '=' && !test.as) ||
      (test.kind === 'among' && test.texts.length === 1 && !test.as),
  )
  return isPlain && isEqual ? [member.column] : []
}

/** Descending, the rows of one value would be in the wrong order. */
function orderedCopy([key, ...more]: FeatureQuery['orderBy'], copies: readonly SortedCopy[]): SortedCopy | null {
  if (key?.kind !== 'property' || more.length > 0 || key.descending || !isComparedAsStored(key.field)) return null
  return copies.find(({ column }) => column === key.field.name) ?? null
}

/** The same rows, those that meet a condition, with one more column. */
export function withColumn(source: Source, column: string, sql: string, where: string): Source {
  const { from, natural } = source
  const rows = natural.map((key) => key.sql).filter((key) => VIRTUAL.includes(key))
  return { ...source, from: extended(from, [...rows, `${sql} AS ${identifier(column)}`], where) }
}

/** A name that no column of the layer has. */
export function freeColumn(layer: Layer): string {
  return freeName(takenNames(layer))
}

const VIRTUAL: readonly string[] = [FILE_INDEX, FILE_ROW_NUMBER, ROWID].map(virtualColumn)

function fromOf(relation: Relation, wanted: readonly number[] | null): string {
  if (relation.kind === 'table') return tableOf(relation.database, relation.schema, relation.table)
  return readParquet(wanted?.map((file) => relation.files[file]!) ?? relation.files)
}

function fileKey(wanted: readonly number[] | null): NaturalKey {
  const sql = virtualColumn(FILE_INDEX)
  const type = 'UBIGINT'
  return wanted ? { sql, value: `CAST([${wanted.join(', ')}][CAST(${sql} AS BIGINT) + 1] AS ${type})`, type } : { sql, type }
}

/** The files are sorted by the key, which is proven before they are read. */
function orderOfKey(key: Field): NaturalKey {
  const type = comparisonOf(key.type)
  if (!type || !isComparedAsStored(key)) throw new RangeError('the key of gathered rows is compared as it is stored')
  return { sql: columnOf(key), type }
}

function virtualNames(relation: Relation): string[] {
  if (relation.kind === 'table') return [ROWID]
  return relation.files.length > 1 ? [FILE_INDEX, FILE_ROW_NUMBER] : [FILE_ROW_NUMBER]
}

/** DuckDB's names are case-insensitive. */
function takenNames(layer: Layer): Set<string> {
  const names = [...layer.columns.map((column) => column.name), ...(layer.tailoring?.hidden ?? [])]
  if (layer.geometryColumn !== null) names.push(layer.geometryColumn)
  if (layer.pruning.kind === 'COVERING_COLUMN' && layer.pruning.column !== null) names.push(layer.pruning.column)
  return new Set(names.map((name) => name.toLowerCase()))
}

function freeName(taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) if (!taken.has(`row_${n}`)) return `row_${n}`
}

function offsetsOf(fileRows: readonly number[]): number[] {
  let rows = 0
  return fileRows.map((count) => {
    const offset = rows
    rows += count
    return offset
  })
}

/** The row number in the whole source, from 0: `Feature.key` if no column is a key. */
export function rowNumber({ natural, offsets }: Source): string {
  const [first, second] = natural as readonly [NaturalKey, NaturalKey?]
  return second ? `[${offsets.join(', ')}][CAST(${first.sql} AS BIGINT) + 1] + ${second.sql}` : first.sql
}

/** The row with that number. */
export function isRow({ natural, offsets }: Source, row: bigint, parameters: Parameters): string {
  const [first, second] = natural as readonly [NaturalKey, NaturalKey?]
  if (!second) return `${first.sql} = ${castTo(first, parameters.bind(String(row)))}`
  const file = offsets.findLastIndex((offset) => BigInt(offset) <= row)
  const inFile = row - BigInt(offsets[file] ?? 0)
  return (
    `${first.sql} = ${castTo(first, parameters.bind(String(file)))}` +
    ` AND ${second.sql} = ${castTo(second, parameters.bind(String(inFile)))}`
  )
}
