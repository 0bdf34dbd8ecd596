/** Writes the rows of a layer as SQL. */

import type { Relation } from '../../../../model/layer.ts'
import { fileList, literal, qualified } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'

export function fromOf(relation: Relation): string {
  if (relation.kind === 'parquet') return `read_parquet(${fileList(relation.files)})`
  return qualified(relation.database, relation.schema, relation.table)
}

/**
 * The row number in its file or table, from 0. It is counted if a column of the source has the name of the engine's row number.
 */
export function rowNumberOf(description: Description): string {
  const name = description.relation.kind === 'table' ? 'rowid' : 'file_row_number'
  return isTaken(name, description) ? '(row_number() OVER () - 1)' : name
}

/** `Feature.key` of a row if no column is the key: its number in the whole source. */
export function rowIdOf(description: Description): string {
  const { relation } = description
  const row = rowNumberOf(description)
  if (relation.kind === 'table' || relation.files.length === 1 || isTaken('file_index', description)) return row
  const offsets = relation.fileRows.map((_, index) => relation.fileRows.slice(0, index).reduce((sum, rows) => sum + rows, 0))
  return `${row} + [${offsets.join(', ')}][file_index::BIGINT + 1]`
}

/** Text that identifies a row for a person: `row 7`, with its file if there are several. */
export function rowLabelOf(description: Description): string {
  const { relation } = description
  const row = `'row ' || ${rowNumberOf(description)}`
  if (relation.kind === 'table' || relation.files.length === 1 || isTaken('file_index', description)) return row
  const names = relation.files.map((file) => literal(file.replace(/^.*[\\/]/, '')))
  return `${row} || ' of ' || [${names.join(', ')}][file_index::BIGINT + 1]`
}

/** DuckDB's names are case-insensitive. */
function isTaken(name: string, { geometryColumn, columnsUncovered, tailoring }: Description): boolean {
  return [geometryColumn ?? '', ...columnsUncovered.map((column) => column.name), ...(tailoring?.hidden ?? [])].some(
    (taken) => taken.toLowerCase() === name,
  )
}
