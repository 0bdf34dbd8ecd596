/** A compiled query: SQL with its values, frozen. It is sent to a worker unchanged. */
import type { BatchLayout, Output } from '../../../encode/batch.ts'
import type { CursorKey } from '../../../model/cursor-seal.ts'
import type { LiveRelation } from '../../../model/layer.ts'
import type { DifferencePart } from '../../../model/query.ts'

/** The first row number of each part of a difference is a multiple of this. */
export const PART_ROWS = 2 ** 40

/** A bound value. Values are bound only as these JavaScript types; a cast in the SQL gives them their DuckDB type. */
export type Parameter = string | number | bigint | boolean | null | Uint8Array

export interface Statement {
  readonly sql: string
  /** $1, $2, ... */
  readonly parameters: readonly Parameter[]
}

/** Statements that fill the tables of a difference between two versions of files. The first one fills the list of keys. */
export interface ComparedFiles {
  /** It is equal for equal tables. */
  readonly name: string
  readonly statements: readonly string[]
  /** Most keys. */
  readonly most: number
}

/** The rows of a plan as one result, which the engine returns as a whole or not at all. So it needs no sentinel. */
export interface Held {
  /** It has the parameters of the plan's statement. */
  readonly sql: string
  /** The limit in place of the last parameter. A result with this number of rows may be cut. Null: the limit of the query. */
  readonly cut: number | null
  /**
   * True if it reads a table of a database, which stays as it is while the database is attached. So a worker may prepare the statement before it is
   * needed. The engine binds it again when it runs, because it has parameters.
   */
  readonly isOfTable: boolean
}

/**
 * The result has the columns of `layout.columns` in order, and then one BOOLEAN. It is false in every row, and true in one last row of NULLs, the
 * sentinel. The sentinel proves that the engine reached the end.
 */
export interface Plan {
  readonly statement: Statement
  /** A page reads this, if its rows are few enough. @default none: the result is only streamed */
  readonly held?: Held
  readonly layout: BatchLayout
  /** Result columns whose values in a batch's last row are its position: sort keys, then the natural order. */
  readonly keys: readonly number[]
  readonly outputs: readonly Output[]
  /** The part of a difference that each output has. @default every output has all rows */
  readonly parts?: readonly DifferencePart[]
  /** Signs the cursors in the outputs. Null if they contain none. */
  readonly cursorKey: CursorKey | null
  /** True if a sort must read every row before its first. Then time slices are longer, and parking costs more. */
  readonly sorted: boolean
  /** True if an index finds the rows. Then the rows that the engine counts as read are not the rows that were read. */
  readonly indexed: boolean
  /** True if the engine reads few row groups, as far as that is known. One thread reads them with less processor time than two. */
  readonly few: boolean
  /** The version of a live layer that it reads. @default none: another layer */
  readonly live?: LiveRelation
  /** The version of a live layer of fences that it reads as well. @default none */
  readonly liveFences?: LiveRelation
  /** The versions of files whose difference it reads. @default none */
  readonly compared?: ComparedFiles
  /** Digest of statement and values without the position. It identifies a plan that is quarantined because it kills workers. */
  readonly digest: string
}
