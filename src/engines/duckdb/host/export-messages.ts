/** Messages between an export and the exporter's process. */
import type { BatchLayout, Output } from '../../../encode/batch.ts'
import type { FileFormat } from '../../../model/file-format.ts'
import type { LiveRelation } from '../../../model/layer.ts'
import type { Statement } from '../dialect/plan.ts'
import type { WorkerOptions } from '../messages.ts'

export interface ExportJob {
  readonly options: WorkerOptions
  /** The checked query: the columns of `layout`, and the sentinel. */
  readonly statement: Statement
  /** See `Plan.live`. */
  readonly live?: LiveRelation
  readonly layout: BatchLayout
  readonly format: FileFormat
  readonly output: Output
  /** The name of the layer, which the file contains too. */
  readonly name: string
  /** An empty folder for this export. The file is made in it. */
  readonly folder: string
  /** True if the rows are sorted by the request. */
  readonly isSorted: boolean
  /** Null if the format has no tiles. */
  readonly pyramid: TilePyramid | null
}

/** The tiles of an archive. */
export interface TilePyramid {
  /** SQL of 1/2^n of the features, by n, with the parameters of the statement of the job. */
  readonly statements: readonly string[]
  readonly first: number
  /** Null: it follows from the features. */
  readonly last: number | null
  /** The first zoom whose tiles are not simplified. */
  readonly exactZoom: number
  /** Bytes of the columns of a tile. */
  readonly mostBytes: number
  readonly title: string
  readonly description: string | null
}

export interface ExportedFile {
  readonly file: string
  readonly rows: number
  readonly bytes: number
}

/** `refused`: the format cannot hold the rows, or a limit is exceeded. Its text is for clients. */
export type ExportAnswer = ExportedFile | { readonly refused: string; readonly code: 'UNSUPPORTED' | 'LIMIT_EXCEEDED' }

/** The step that the process is at. */
export interface ExportNote {
  readonly phase: 'read' | 'write'
  /** From 0 to 1. Null or absent if it is not known. */
  readonly share?: number | null
}
