/** The messages between the server and the preparer. */
import type { Stage } from '../../../model/preparation.ts'
import type { Format } from './format.ts'

export interface PreparerOptions {
  readonly spatialExtension: string | null
  /** All files of the sources that the process may read. The engine refuses every other file outside `folder`. */
  readonly files: readonly string[]
  /** Folder of the process for unfinished files. It is removed when the process ends. */
  readonly folder: string
  readonly memoryLimitBytes: number
  readonly threads: number
}

/** A message to the preparer. OPEN is the first one, and is sent once. */
export type ToPreparer =
  | { readonly type: 'OPEN'; readonly options: PreparerOptions }
  | { readonly type: 'DIGEST'; readonly files: readonly string[]; readonly format: Format }
  | { readonly type: 'PREPARE'; readonly request: PrepareRequest }

export interface PrepareRequest {
  readonly file: string
  readonly format: Format
  /** Table of a GeoPackage; null for other formats. */
  readonly table: string | null
  /** The digest of the content that must be read. */
  readonly content: string
}

export interface Prepared {
  /** Path of the complete copy. It is valid until the process receives another PREPARE. */
  readonly file: string
  readonly rows: number
  readonly bytes: number
}

/** Progress of the preparer, sent a few times per second. */
export interface ProgressMessage {
  readonly stage: Stage
  /** Number of features that the stage has finished. */
  readonly rows: number
  /** Total number of features; null while it is not known. GeoJSON is first read once completely to find its columns. */
  readonly total: number | null
}
