/** One file of another format, and where the copies of its layers are. */

import type { Inspector } from '../../engines/duckdb/host/inspector.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { InspectionCache } from '../inspection-cache.ts'
import { bytesOf, type Snapshot, statOf, unchanged } from '../snapshot.ts'
import type { ForeignSource } from '../sources.ts'

export class ForeignFile {
  /** Its parts may become others: what is served of it does not change by that alone. */
  source: ForeignSource
  /** Of a GeoPackage, those that hold features; else a single null. */
  tables: readonly (string | null)[] = []
  /** Why none of it can be served. */
  failure: string | null = null
  readonly #inspector: Inspector
  readonly #inspections: InspectionCache
  #snapshot: Snapshot = []

  constructor(source: ForeignSource, inspector: Inspector, inspections: InspectionCache) {
    this.source = source
    this.#inspector = inspector
    this.#inspections = inspections
  }

  /** When it was looked at. */
  get bytes(): number {
    return bytesOf(this.#snapshot)
  }

  /** Whether its files are as they were. About 30 us a file. */
  async isCurrent(): Promise<boolean> {
    const { files } = this.source
    const same = files.length === this.#snapshot.length && this.#snapshot.every(({ path }, index) => path === files[index])
    return same && (await unchanged(this.#snapshot))
  }

  /** What layers it has. What is wrong with it is told in `failure`. @throws Error when it is not the file's fault */
  async look(): Promise<void> {
    this.#snapshot = await statOf(this.source.files)
    this.failure = null
    if (this.source.format !== 'GeoPackage') {
      this.tables = [null]
      return
    }
    try {
      const ask = () => this.#inspector.featureTables(this.source.file)
      this.tables = await this.#inspections.recall(['feature tables', this.#snapshot], ask)
      if (this.tables.length === 0) this.failure = 'it holds no table of features'
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      this.tables = []
      this.failure = error.message
    }
  }

  /** The digest of its content, if it was taken when its files were as they are now. */
  knownDigest(): Promise<string | null> {
    return this.#inspections.known<string>(['digest', this.#snapshot])
  }

  digest(ask: () => Promise<string>): Promise<string> {
    return this.#inspections.recall(['digest', this.#snapshot], ask)
  }
}
