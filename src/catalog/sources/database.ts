/** A DuckDB database: one part per table with geometry. */
import { pathsFor } from '../../engines/duckdb/host/files.ts'
import type { Description } from '../../engines/duckdb/host/inspection.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { fingerprintOfDatabase } from '../fingerprint.ts'
import { tableNames } from '../names.ts'
import type { Contents, SourceContext, SourcePart } from '../source.ts'
import { FileSource, type SourceLocation } from './file-source.ts'

export class DatabaseSource extends FileSource {
  protected override readonly database: string
  readonly #alias: string

  constructor(place: SourceLocation, context: SourceContext) {
    super(place, context)
    this.database = place.files[0] ?? ''
    this.#alias = context.alias(this.database, place.names[0] ?? '')
  }

  access(): FileAccess {
    const { fingerprint, failure, database: path } = this
    const version = this.snapshot.map(({ stamp }) => stamp).join(' ')
    const databases = failure === null && fingerprint !== null ? [{ alias: this.#aliasOf(fingerprint), path, version }] : []
    return { allowedPaths: pathsFor(this.files), databases }
  }

  protected digest(): Promise<string> {
    return fingerprintOfDatabase(this.database)
  }

  protected async read(_: readonly string[], fingerprint: string): Promise<Pick<Contents, 'parts' | 'problems'>> {
    const { inspector, inspections } = this.context
    const alias = this.#aliasOf(fingerprint)
    const ask = () => inspector.describeStore(this.database, alias)
    const { layers, problems } = await inspections.recall([fingerprint, this.snapshot, alias], ask)
    return { parts: layers.map((description) => this.#table(description, fingerprint)), problems }
  }

  #table(description: Description, fingerprint: string): SourcePart {
    const { relation, names } = description
    const id = relation.kind === 'table' ? `${relation.schema}.${relation.table}` : ''
    return this.part(id, tableNames(this.names, names), description, fingerprint)
  }

  /** A new alias for every version of its content, because a query for one version must not be answered from another. */
  #aliasOf(fingerprint: string): string {
    return `${this.#alias}_${fingerprint.slice(0, 12)}`
  }
}
