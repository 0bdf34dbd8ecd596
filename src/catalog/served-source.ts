/** One source and what is known of it: read, and read again when its files have changed. */
import { fingerprintOfDatabase, fingerprintOfParquet } from './fingerprint.ts'
import type { CheckRequest, CheckResult, Described } from './inspection.ts'
import type { InspectionCache } from './inspection-cache.ts'
import type { Inspector } from './inspector.ts'
import type { Problem } from './layer.ts'
import { type Snapshot, statOf, unchanged, writtenInPlace } from './snapshot.ts'
import { SourceError } from './source-error.ts'
import { filesOf, type Source } from './sources.ts'

export class ServedSource {
  readonly source: Source
  /** A database's, under which it is attached; empty for files. */
  readonly alias: string
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

  constructor(source: Source, alias: string, inspector: Inspector, cache: InspectionCache) {
    this.source = source
    this.alias = alias
    this.#inspector = inspector
    this.#cache = cache
  }

  /** Of its files when they were read. */
  get bytes(): number {
    return this.#snapshot.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get problems(): Problem[] {
    const reasons = this.failure === null ? [...this.described.problems, ...this.findings] : [this.failure]
    return reasons.map((reason) => ({ source: this.source.label, reason }))
  }

  /** About 30 us a file. */
  async isCurrent(): Promise<boolean> {
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

  #question(fingerprint: string, about: unknown): unknown {
    return [fingerprint, this.#snapshot, about]
  }

  async #read(): Promise<void> {
    // Before anything is read: what changes from here on is seen by the next look.
    const snapshot = await statOf(filesOf(this.source))
    if (writtenInPlace(this.#snapshot, snapshot)) this.writes++
    this.#snapshot = snapshot
    const { source } = this
    try {
      const isParquet = source.kind === 'parquet'
      const fingerprint = await fingerprintOf(source)
      if (fingerprint === this.fingerprint && this.failure === null) return
      const describe = (): Promise<Described> =>
        isParquet ? this.#inspector.describeFiles(source.files) : this.#inspector.describeStore(source.file, this.alias)
      const described = await this.#cache.recall(this.#question(fingerprint, this.alias), describe)
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
