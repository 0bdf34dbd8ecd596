/** One source and what is known of it: read, and read again when its files have changed. */

import type { CheckRequest, CheckResult, Described } from '../engines/duckdb/host/inspection.ts'
import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import type { DatabaseAccess } from '../engines/engine.ts'
import type { Problem } from '../model/layer.ts'
import { fingerprintOfDatabase, fingerprintOfParquet } from './fingerprint.ts'
import type { InspectionCache } from './inspection-cache.ts'
import { bytesOf, type Snapshot, statOf, unchanged, writtenInPlace } from './snapshot.ts'
import { filesOf, type Source } from './sources.ts'

/** One that changes while it is read is read again, so often. */
const MOST_READINGS = 5

export class ServedSource {
  readonly source: Source
  /** What the alias begins with. */
  readonly #name: string
  readonly #inspector: Inspector
  readonly #cache: InspectionCache
  /** Why the files, as they are now, cannot be read. */
  failure: string | null = null
  fingerprint = ''
  described: Described = { layers: [], problems: [] }
  /** What a scan found. */
  readonly findings: string[] = []
  /** How often its files were seen to be written to in place. */
  writes = 0
  #snapshot: Snapshot = []
  #reading: Promise<void> | null = null

  /** `name` is a database's; empty for files. */
  constructor(source: Source, name: string, inspector: Inspector, cache: InspectionCache) {
    this.source = source
    this.#name = name
    this.#inspector = inspector
    this.#cache = cache
  }

  /** Of its files when they were read. */
  get bytes(): number {
    return bytesOf(this.#snapshot)
  }

  /**
   * For workers to attach it; null for files, and for one that cannot be read. Under another alias for every version of its content: what was
   * asked of one version can't be answered from another.
   */
  get database(): DatabaseAccess | null {
    if (this.source.kind !== 'database' || this.failure !== null || this.fingerprint === '') return null
    const version = this.#snapshot.map(({ stamp }) => stamp).join(' ')
    return { alias: this.#aliasOf(this.fingerprint), path: this.source.file, version }
  }

  get problems(): Problem[] {
    const reasons = this.failure === null ? [...this.described.problems, ...this.findings] : [this.failure]
    return reasons.map((reason) => ({ source: this.source.label, reason }))
  }

  /** Whether its files are still those that were read; a reading under way is waited for. About 30 us a file. */
  async isCurrent(): Promise<boolean> {
    // Its snapshot is of what is not described yet.
    await this.#reading?.catch(() => {})
    return await this.#isAsRead()
  }

  async #isAsRead(): Promise<boolean> {
    return this.#snapshot.length > 0 && (await unchanged(this.#snapshot))
  }

  /**
   * Brings what is known up to date. Whoever asks meanwhile waits for the same reading. What is wrong with the source is told in `failure`.
   *
   * @throws Error when it is not the source's fault: the process that reads it cannot start
   */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  /** Scans one of its layers, unless that has been done. @throws SourceError */
  check(request: CheckRequest, timeoutMs: number): Promise<CheckResult> {
    return this.#cache.recall(this.#question(this.fingerprint, request), () => this.#inspector.check(request, timeoutMs))
  }

  #aliasOf(fingerprint: string): string {
    return `${this.#name}_${fingerprint.slice(0, 12)}`
  }

  #question(fingerprint: string, about: unknown): unknown {
    return [fingerprint, this.#snapshot, about]
  }

  async #read(): Promise<void> {
    for (let left = MOST_READINGS; left > 0; left--) {
      await this.#readOnce()
      // What was described may be another version than the one whose fingerprint was taken.
      if (this.failure !== null || (await this.#isAsRead())) return
    }
    this.failure = 'it changes faster than it can be read: put a whole new file in its place instead of writing into it'
  }

  async #readOnce(): Promise<void> {
    // Before anything is read: what changes from here on is seen by the next look.
    const snapshot = await statOf(filesOf(this.source))
    if (writtenInPlace(this.#snapshot, snapshot)) this.writes++
    this.#snapshot = snapshot
    const { source } = this
    try {
      const isParquet = source.kind === 'parquet'
      const fingerprint = await fingerprintOf(source)
      if (fingerprint === this.fingerprint && this.failure === null) return
      const alias = isParquet ? '' : this.#aliasOf(fingerprint)
      const describe = (): Promise<Described> =>
        isParquet ? this.#inspector.describeFiles(source.files) : this.#inspector.describeStore(source.file, alias)
      const described = await this.#cache.recall(this.#question(fingerprint, alias), describe)
      this.fingerprint = fingerprint
      this.described = described
      this.findings.length = 0
      this.failure = null
    } catch (error) {
      if (!(error instanceof SourceError)) {
        this.#snapshot = []
        throw error
      }
      this.failure = error.message
    }
  }
}

function fingerprintOf(source: Source): string | Promise<string> {
  if (source.kind === 'database') return fingerprintOfDatabase(source.file)
  return source.fingerprint ?? fingerprintOfParquet(source.files)
}
