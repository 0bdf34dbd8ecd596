/** What the server process asks of the process that prepares a file, and what that tells. Both sides import it. */
import type { Stage } from '../../../model/preparation.ts'
import type { Format } from './format.ts'

export interface PreparerOptions {
  readonly spatialExtension: string | null
  /** Every file of every source that it may be asked about; the engine refuses all others but those in `folder`. */
  readonly files: readonly string[]
  /** The process's own, for whatever is not finished: removed when it ends. */
  readonly folder: string
  readonly memoryLimitBytes: number
  readonly threads: number
}

/** OPEN once, before anything else. */
export type ToPreparer =
  | { readonly type: 'OPEN'; readonly options: PreparerOptions }
  | { readonly type: 'DIGEST'; readonly files: readonly string[] }
  | { readonly type: 'PREPARE'; readonly request: PrepareRequest }

export interface PrepareRequest {
  readonly file: string
  readonly format: Format
  /** Of a GeoPackage; null for all others. */
  readonly table: string | null
}

export interface Prepared {
  /** Where the copy is, whole, until the process is asked for another one. */
  readonly file: string
  readonly rows: number
  readonly bytes: number
}

/** Told a few times a second. */
export interface ProgressMessage {
  readonly stage: Stage
  /** Features that the stage is through with. */
  readonly rows: number
  /** Null while the reader does not know: GeoJSON is read through once for its columns first. */
  readonly total: number | null
}
