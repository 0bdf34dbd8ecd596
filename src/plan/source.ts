/** Where the rows come from, and the order they come in without being sorted. */
import type { Layer, Relation } from '../catalog/layer.ts'
import type { Parameters } from './parameters.ts'
import { numbered, readParquet, tableOf, virtualColumn } from './quote.ts'

/** A column of the natural order: ascending, never null; all of them together are unique. */
export interface NaturalKey {
  readonly sql: string
  readonly type: 'BIGINT' | 'UBIGINT'
}

/**
 * A scan gives its rows in the order of `natural`, with any number of threads, as long as nothing between it and the result gives
 * that up: joins do (and with them long `IN` lists and subqueries), scans by an RTREE do, filters and UNION ALL don't. So no plan
 * sorts by it, and none of the former is ever written, but for a subquery in front of a sort. Tests hold the engine to this.
 */
export interface Source {
  readonly from: string
  readonly natural: readonly NaturalKey[]
  /** Rows before each file; [0] where there is one. */
  readonly offsets: readonly number[]
}

const FILE_INDEX = 'file_index'
const FILE_ROW_NUMBER = 'file_row_number'
const ROWID = 'rowid'

export function sourceOf(layer: Layer): Source {
  const { relation } = layer
  const from =
    relation.kind === 'parquet' ? readParquet(relation.files) : tableOf(relation.database, relation.schema, relation.table)
  const names = virtualNames(relation)
  const taken = takenNames(layer)
  // A column of the source hides the virtual one of that name. Counting rows instead costs a pass over those before the position.
  if (names.some((name) => taken.has(name))) {
    const name = freeName(taken)
    return { from: numbered(from, name), natural: [{ sql: virtualColumn(name), type: 'BIGINT' }], offsets: [0] }
  }
  return {
    from,
    natural: names.map((name) => ({ sql: virtualColumn(name), type: name === FILE_INDEX ? 'UBIGINT' : 'BIGINT' })),
    offsets: relation.kind === 'parquet' ? offsetsOf(relation.fileRows) : [0],
  }
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

/** The row's number in the whole source, from 0: what `Feature.id` is where no column is a key. */
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
