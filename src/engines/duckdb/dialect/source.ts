/** Writes the source of the rows, and the order in which they arrive without a sort. */
import type { Layer, Relation } from '../../../model/layer.ts'
import { extended, identifier, numbered, type Parameters, readParquet, tableOf, virtualColumn } from './quote.ts'

/** A column of the natural order: ascending and never null. All of them together are unique. */
export interface NaturalKey {
  readonly sql: string
  /** SQL of its value in a position, if that differs: files are counted in the layer's list, even if only some are read. */
  readonly value?: string
  readonly type: 'BIGINT' | 'UBIGINT'
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
}

const FILE_INDEX = 'file_index'
const FILE_ROW_NUMBER = 'file_row_number'
const ROWID = 'rowid'

/** For a table without columns of that name. */
export const ROW_ID = virtualColumn(ROWID)

/** `wanted`: the layer's files that must be read, and the first. Null: all of them. */
export function sourceOf(layer: Layer, wanted: readonly number[] | null): Source {
  const { relation } = layer
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
  if (!second) return `${first.sql} = CAST(${parameters.bind(String(row))} AS ${first.type})`
  const file = offsets.findLastIndex((offset) => BigInt(offset) <= row)
  const inFile = row - BigInt(offsets[file] ?? 0)
  return (
    `${first.sql} = CAST(${parameters.bind(String(file))} AS ${first.type})` +
    ` AND ${second.sql} = CAST(${parameters.bind(String(inFile))} AS ${second.type})`
  )
}
