/** A layer's rows as SQL. */
import type { Relation } from '../layer.ts'
import { fileList, identifier, literal } from './quote.ts'

export function fromOf(relation: Relation): string {
  if (relation.kind === 'parquet') return `read_parquet(${fileList(relation.files)})`
  return [relation.database, relation.schema, relation.table].map(identifier).join('.')
}

/** Text that tells a row to whoever looks for it: `row 7`, counted from 0, with its file where there are several. */
export function rowLabel(relation: Relation): string {
  if (relation.kind === 'table') return "'row ' || rowid"
  if (relation.files.length === 1) return "'row ' || file_row_number"
  const names = relation.files.map((file) => literal(file.replace(/^.*[\\/]/, '')))
  return `'row ' || file_row_number || ' of ' || [${names.join(', ')}][file_index + 1]`
}
