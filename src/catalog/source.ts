/** What every kind of source is to the catalogue. A source that needs a copy is wrapped by `prepared` and is the same thing. */
import type { CheckResult, Description } from '../engines/duckdb/host/inspection.ts'
import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { FileAccess } from '../engines/engine.ts'
import type { Preparation } from '../model/preparation.ts'
import type { InspectionCache } from './inspection-cache.ts'

export interface Source {
  /** What problems call it: the name of the file, folder or pattern. */
  readonly label: string
  /** Wishes for its layer's name, shortest first. */
  readonly names: readonly string[]
  /** Every file that belongs to it. Another stamp of one of them means that it may hold something else; some may not exist. */
  readonly files: readonly string[]
  /** Size of the files at the last look. */
  readonly bytes: number
  /** The same source has other files from now on; they count at the next look. */
  replaceFiles(files: readonly string[]): void
  /**
   * Brings what is known of it up to date: about 30 us per file while nothing changes, else it is read again. What is wrong with the source
   * is part of the description. Returns whether it was read.
   *
   * @throws Error when it is not the source's fault: the process that reads it cannot start
   */
  look(): Promise<boolean>
  /** What it holds, as of the last look. */
  describe(): Contents
  /** What workers must be allowed to read for that. */
  access(): FileAccess
  /** Starts what goes on between looks, and calls `changed` when its description is another without a look. */
  watch(changed: () => void): void
  /** Stops that: it is no source any more. */
  close(): void
}

export interface Contents {
  /** The same list means that nothing has changed. */
  readonly parts: readonly SourcePart[]
  /** What is not served of it, or not wholly. */
  readonly problems: readonly string[]
  /** Why it cannot be read as it is now; one of the problems. Parts are those of the last time that it could be. */
  readonly failure: string | null
}

/** What can become a layer: a table, or the source as a whole. */
export interface SourcePart {
  /** In its source: `schema.table`, a GeoPackage's table, or empty for the whole. */
  readonly id: string
  /** Wishes for the layer's name, shortest first. */
  readonly names: readonly string[]
  /** How far its copy is; null: it needs none, or there will be none. */
  readonly preparation: Preparation | null
  /** What is queried; null while there is nothing. The same object means the same data. */
  readonly version: Version | null
}

export interface Version {
  readonly description: Description
  /** Digest of the source's content that two servers with the same data agree on. */
  readonly fingerprint: string
  readonly reader: Reader
  /** Whether its files have the stamps that they had when it was read. */
  isUnchanged(): Promise<boolean>
}

/** The files that a version is read from: the source's own, or those of its copy. */
export interface Reader {
  /** Why they cannot be read as they are now. */
  readonly failure: string | null
  /** How often they were seen to be written to in place. */
  readonly writes: number
  isCurrent(): Promise<boolean>
  /** Scans a layer, unless that has been done. @throws SourceError */
  check(description: Description): Promise<CheckResult>
}

/** As pino's. */
export interface CatalogLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** What sources are read with. */
export interface SourceContext {
  readonly inspector: Inspector
  readonly inspections: InspectionCache
  readonly log: CatalogLog
  /** The name under which workers attach a database. Never another database's, also when it is gone: a worker may have it yet. */
  readonly alias: (file: string, name: string) => string
}
