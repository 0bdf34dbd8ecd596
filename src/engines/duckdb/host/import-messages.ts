/** The messages between the import command and the importer, which writes and checks a new version of a database. */

import type { LayerKind } from '../../../model/layer.ts'
import type { InputFormat } from './format.ts'
import type { InspectorOptions } from './inspection.ts'

/** CREATE fails if a table of the name exists. APPEND and REPLACE follow the flags of the same name. */
export type ImportMode = 'CREATE' | 'APPEND' | 'REPLACE'

export interface InputFile {
  /** Absolute path. */
  readonly file: string
  readonly format: InputFormat
}

/** Writes into a copy of the database. The copy replaces the database only after it is verified. */
export interface WriteJob {
  readonly options: InspectorOptions
  readonly inputs: readonly InputFile[]
  /** Absolute path of the copy. If there is no file, a new database is created there. */
  readonly draft: string
  /** Absolute path of a database for intermediate rows. */
  readonly staging: string
  /**
   * Path of the original database. It is held open for reading, so that no other process can write to it meanwhile. Null if
   * there is none, or if it can't be opened.
   */
  readonly held: string | null
  /** True if the copy has a write-ahead log that is not replayed yet. */
  readonly hasLog: boolean
  readonly layer: string
  readonly mode: ImportMode
  readonly rtree: boolean
  /** The column to make the primary key. Null: the one that it was before. */
  readonly key: string | null
  /** Columns to make sorted copies by, beside those that there were before. */
  readonly index: readonly string[]
  /** True for a small table instead of a fast one. */
  readonly compress: boolean
  /** True to skip rows whose geometry can't be read safely. */
  readonly skipUnsafe: boolean
}

/** The content of the copy after it was written. */
export interface Written {
  /** Number of rows of the layer. */
  readonly rows: number
  readonly added: number
  readonly skipped: number
  /** Sentences about what was not read exactly as the files hold it, each with the name of its file. */
  readonly problems: readonly string[]
  /** The reason why the layer is not in Hilbert order as a whole; null if it is. */
  readonly unordered: string | null
  /** True if the layer has a covering column. */
  readonly covered: boolean
  /** Number of rows of every table, by schema and name. */
  readonly tables: Readonly<Record<string, number>>
  /** Names of all indexes that existed or were requested. */
  readonly indexes: readonly string[]
  /** Names of the layer's spatial indexes, which were built again. */
  readonly built: readonly string[]
  /** The primary key, if it is one column. */
  readonly key: string | null
  /** The columns of the sorted copies. */
  readonly sorted: readonly string[]
}

export interface VerifyJob {
  readonly options: InspectorOptions
  readonly draft: string
  readonly layer: string
  readonly written: Written
}

/** The layer as another process, which did not write it, has read it. */
export interface VerifiedLayer {
  readonly kind: LayerKind
  readonly geometryTypes: readonly string[]
  readonly crs: string | null
  readonly uncomputable: number
}

export type ToImporter = { readonly type: 'WRITE'; readonly job: WriteJob } | { readonly type: 'VERIFY'; readonly job: VerifyJob }

export interface Progress {
  readonly phase: 'copy' | 'check' | 'write' | 'index' | 'sort' | 'verify'
  /** 0 to 1; null if it is not known. */
  readonly share: number | null
}
