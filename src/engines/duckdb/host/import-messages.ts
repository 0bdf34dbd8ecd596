/** What the command asks of the process that writes and checks a new version of a store, and what it answers. Both sides import it. */

import type { InputFormat } from './format.ts'
import type { InspectorOptions } from './inspection.ts'

/** CREATE: there must be no table of the name. APPEND, REPLACE: as the flags. */
export type ImportMode = 'CREATE' | 'APPEND' | 'REPLACE'

export interface InputFile {
  /** Absolute path. */
  readonly file: string
  readonly format: InputFormat
}

/** A file that is copied, changed and put in the place of the store only when it is proven. */
export interface WriteJob {
  readonly options: InspectorOptions
  readonly inputs: readonly InputFile[]
  /** Absolute path of the copy; of a store to be made where it is not there. */
  readonly draft: string
  /** Absolute path of a database for rows in between. */
  readonly staging: string
  /** The store itself, held open for reading lest another process writes into it meanwhile. Null: there is none, or it cannot be. */
  readonly held: string | null
  /** The copy has a write-ahead log that nobody has replayed. */
  readonly hasLog: boolean
  readonly layer: string
  readonly mode: ImportMode
  readonly rtree: boolean
  /** Leave out rows whose geometry cannot be read safely. */
  readonly skipUnsafe: boolean
}

/** What the copy holds now. */
export interface Written {
  /** Rows of the layer. */
  readonly rows: number
  readonly added: number
  readonly skipped: number
  /** Why the layer is not in Hilbert order as a whole; null: it is. */
  readonly unordered: string | null
  /** Whether it has a covering column. */
  readonly covered: boolean
  /** Rows of every table, by schema and name. */
  readonly tables: Readonly<Record<string, number>>
  /** Names of every index that was there or was asked for. */
  readonly indexes: readonly string[]
  /** Names of the layer's own spatial indexes, which have been built anew. */
  readonly built: readonly string[]
}

export interface VerifyJob {
  readonly options: InspectorOptions
  readonly draft: string
  readonly layer: string
  readonly written: Written
}

/** The layer as a process has found it that did not write it. */
export interface VerifiedLayer {
  readonly geometryTypes: readonly string[]
  readonly crs: string | null
  readonly uncomputable: number
}

export type ToImporter = { readonly type: 'WRITE'; readonly job: WriteJob } | { readonly type: 'VERIFY'; readonly job: VerifyJob }

export interface Progress {
  readonly phase: 'copy' | 'check' | 'write' | 'index' | 'verify'
  /** 0 to 1; null where it is not known. */
  readonly share: number | null
}
