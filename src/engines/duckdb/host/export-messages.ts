/** Messages between an export and the exporter's process. */
import type { BatchLayout, Output } from '../../../encode/batch.ts'
import type { FileFormat } from '../../../model/file-format.ts'
import type { Statement } from '../dialect/plan.ts'
import type { WorkerOptions } from '../messages.ts'

export interface ExportJob {
  readonly options: WorkerOptions
  /** The checked query: the columns of `layout`, and the sentinel. */
  readonly statement: Statement
  readonly layout: BatchLayout
  readonly format: FileFormat
  readonly output: Output
  /** The name of the layer, which the file contains too. */
  readonly name: string
  /** An empty folder for this export. The file is made in it. */
  readonly folder: string
  /** True if the rows are sorted by the request. */
  readonly isSorted: boolean
}

export interface ExportedFile {
  readonly file: string
  readonly rows: number
  readonly bytes: number
}

/** `refused`: the format cannot hold the rows. Its text is for clients. */
export type ExportAnswer = ExportedFile | { readonly refused: string }

/** The step that the process is at. */
export interface ExportNote {
  readonly phase: 'read' | 'write'
  /** From 0 to 1. Null or absent if it is not known. */
  readonly share?: number | null
}
