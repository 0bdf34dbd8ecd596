/** A layer of a file of another format, which is served by its copy once there is one. */
import { hash } from 'node:crypto'
import type { Layer } from '../../model/layer.ts'
import type { Preparation } from '../../model/preparation.ts'
import type { ServedSource } from '../served-source.ts'
import type { ParquetSource } from '../sources.ts'
import type { ForeignFile } from './foreign-file.ts'
import { WAITING } from './progress.ts'

/** A finished one. */
export interface Copy {
  /** Of the source that it was made of. */
  readonly digest: string
  readonly path: string
}

export class ForeignLayer {
  readonly file: ForeignFile
  readonly table: string | null
  /** While there is no copy: how far it is. Null once it is given up. */
  preparation: Preparation | null = WAITING
  /** Its copy, when workers may read it. */
  served: ServedSource | null = null

  constructor(file: ForeignFile, table: string | null) {
    this.file = file
    this.table = table
  }

  /** Wishes for its name, shortest first: whether it is prepared already makes no difference. */
  get names(): readonly string[] {
    const { names } = this.file.source
    return this.table === null ? names : [this.table, `${names[0]}_${this.table}`]
  }

  /** Fingerprint of the whole content of what it was made of: servers with the same source agree. */
  sourceOf({ digest, path }: Copy): ParquetSource {
    const fingerprint = this.table === null ? digest : hash('sha256', `${digest}:${this.table}`).slice(0, 32)
    return { kind: 'parquet', label: this.file.source.label, names: this.names, files: [path], fingerprint }
  }
}

/** What is told of a layer that is not there yet. */
export function preparingLayer(name: string, preparation: Preparation): Layer {
  return {
    name,
    state: 'PREPARING',
    preparation,
    relation: { kind: 'parquet', files: [], fileRows: [] },
    columns: [],
    geometryColumn: 'geometry',
    geometryEncoding: 'WKB',
    geometryTypes: [],
    hasZ: null,
    crs: null,
    extent: null,
    featureCount: null,
    key: { kind: 'ROW_NUMBER' },
    pruning: { kind: 'NONE' },
    fingerprint: '',
  }
}
