/** Where the rows come from, and the order they come in without being sorted. */
import type { Layer, Relation } from '../../../model/layer.ts'
import { numbered, type Parameters, readParquet, tableOf, virtualColumn } from './quote.ts'

/** A column of the natural order: ascending, never null; all of them together are unique. */
export interface NaturalKey {
  readonly sql: string
  /** SQL of its value in a position, where that is another: files are counted by the layer's list, whichever of them are read. */
  readonly value?: string
  readonly type: 'BIGINT' | 'UBIGINT'
}

/**
 * A scan gives its rows in the order of `natural`, with any number of threads, as long as nothing between it and the result gives
 * that up: joins do (and with them long `IN` lists and subqueries), scans by an RTREE do, filters and UNION ALL don't. So no plan
 * sorts by it, and none of the former is ever written, but for `index-scan.ts` and a subquery in front of a sort. Tests hold the engine to
 * this.
 */
export interface Source {
  readonly from: string
  readonly natural: readonly NaturalKey[]
  /** Rows before each file; [0] where there is one. */
  readonly offsets: readonly number[]
  /** Of the layer's files those that are read, in order; null: all of them. */
  readonly files: readonly number[] | null
}

const FILE_INDEX = 'file_index'
const FILE_ROW_NUMBER = 'file_row_number'
const ROWID = 'rowid'

/** Of a table whose columns have not taken the name. */
export const ROW_ID = virtualColumn(ROWID)

/** `wanted`: of the layer's files, the first and those that need to be read; null: all of them. */
export function sourceOf(layer: Layer, wanted: readonly number[] | null): Source {
  const { relation } = layer
  const names = virtualNames(relation)
  const taken = takenNames(layer)
  // A column of the source hides the virtual one of that name. Counting rows instead costs a pass over those before the position.
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

/** DuckDB's names know no case. */
function takenNames(layer: Layer): Set<string> {
  const names = [...layer.columns.map((column) => column.name), layer.geometryColumn, ...(layer.tailoring?.hidden ?? [])]
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

/** The row's number in the whole source, from 0: what `Feature.key` is where no column is a key. */
export function rowNumber({ natural, offsets }: Source): string {
  const [first, second] = natural as readonly [NaturalKey, NaturalKey?]
  return second ? `[${offsets.join(', ')}][CAST(${first.sql} AS BIGINT) + 1] + ${second.sql}` : first.sql
}

/** The one row of that number. */
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
