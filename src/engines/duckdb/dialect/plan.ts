/** A compiled question: SQL and its values never part, and nothing in it changes once it is made. It crosses to a worker as it is. */
import type { BatchLayout, Output } from '../../../encode/batch.ts'
import type { CursorKey } from '../../../model/cursor-seal.ts'

/** A bound value. Values are bound as these JavaScript types only; a cast in the SQL gives them their DuckDB type. */
export type Parameter = string | number | bigint | boolean | null | Uint8Array

export interface Statement {
  readonly sql: string
  /** $1, $2, ... */
  readonly parameters: readonly Parameter[]
}

/**
 * The statement's result columns are `layout.columns` in order, then one BOOLEAN: false on every row, true once on a last row of
 * NULLs, the sentinel, which proves that the engine came to the end.
 */
export interface Plan {
  readonly statement: Statement
  readonly layout: BatchLayout
  /** Result columns whose values in a batch's last row make its position, in order: sort keys, then the natural order. */
  readonly keys: readonly number[]
  readonly outputs: readonly Output[]
  /** Signs the cursors that outputs hold; null: they hold none. */
  readonly cursorKey: CursorKey | null
  /** A sort must see every row before its first: its slices are longer and parking it costs more. */
  readonly sorted: boolean
  /** An index finds its rows: what the engine counts as read is then not what was. */
  readonly indexed: boolean
  /** Digest of statement and values without the position: what is quarantined when it kills workers. */
  readonly digest: string
}
