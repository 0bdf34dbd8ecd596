/** Parquet files that are one layer. */
import { pathsFor } from '../../engines/duckdb/host/files.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { fingerprintOfParquet } from '../fingerprint.ts'
import type { Contents, SourceContext } from '../source.ts'
import { FileSource, type SourceLocation } from './file-source.ts'

export class ParquetSource extends FileSource {
  readonly #original: string | null

  /** @param original fingerprint of the source, if the file is a copy; otherwise null */
  constructor(place: SourceLocation, context: SourceContext, original: string | null = null) {
    super(place, context)
    this.#original = original
  }

  access(): FileAccess {
    return { allowedPaths: pathsFor(this.files), databases: [] }
  }

  protected digest(files: readonly string[]): string | Promise<string> {
    return this.#original ?? fingerprintOfParquet(files)
  }

  protected async read(files: readonly string[], fingerprint: string): Promise<Pick<Contents, 'parts' | 'problems'>> {
    const { inspector, inspections } = this.context
    const ask = () => inspector.describeFiles(files)
    const { layers, problems } = await inspections.recall([fingerprint, this.snapshot, ''], ask)
    return { parts: layers.map((description) => this.part('', this.names, description, fingerprint)), problems }
  }
}
