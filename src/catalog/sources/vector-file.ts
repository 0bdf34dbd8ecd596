/** A file in a format that the engine cannot query. Its parts have no version until they are copied. */
import type { Format } from '../../engines/duckdb/host/format.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { FileAccess } from '../../engines/engine.ts'
import type { LayerKind } from '../../model/layer.ts'
import type { Preparation } from '../../model/preparation.ts'
import { tableNames } from '../names.ts'
import type { Contents, SourceContext } from '../source.ts'
import { FileSource, type SourceLocation } from './file-source.ts'

export const WAITING: Preparation = {
  stage: 'WAITING',
  rows: 0,
  total: null,
  percent: 0,
  rowsPerSecond: null,
  secondsLeft: null,
}

export class VectorFile extends FileSource {
  readonly format: Format

  constructor(place: SourceLocation, format: Format, context: SourceContext) {
    super(place, context)
    this.format = format
  }

  /** Workers read only the copy. */
  access(): FileAccess {
    return { allowedPaths: [], databases: [] }
  }

  /** The digest of the whole content, if the files are unchanged since it was computed. */
  knownContent(): Promise<string | null> {
    return this.context.inspections.known(['digest', this.snapshot])
  }

  content(ask: () => Promise<string>): Promise<string> {
    return this.context.inspections.recall(['digest', this.snapshot], ask)
  }

  protected digest(): string {
    return JSON.stringify(this.snapshot)
  }

  protected async read([file = '']: readonly string[]): Promise<Pick<Contents, 'parts' | 'problems'>> {
    const part = (id: string, names: readonly string[], kind: LayerKind = 'FEATURES') => ({
      ...{ id, names, kind, preparation: WAITING, version: null },
    })
    if (this.format !== 'GeoPackage') return { parts: [part('', this.names)], problems: [] }
    const { inspector, inspections } = this.context
    const { tables, problems } = await inspections.recall(['feature tables', this.snapshot], () => inspector.featureTables(file))
    if (tables.length === 0) throw new SourceError(problems[0] ?? 'it holds no table of features or attributes')
    return { parts: tables.map(({ name, kind }) => part(name, tableNames(this.names, [name]), kind)), problems }
  }
}
