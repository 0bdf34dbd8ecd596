/**
 * The interface between the catalogue and every kind of source. `prepared` wraps a source that needs a copy, and has the same
 * interface.
 */
import type { CheckResult, Description } from '../engines/duckdb/host/inspection.ts'
import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { FileAccess } from '../engines/engine.ts'
import type { GatheredRelation, LayerKind, Relation } from '../model/layer.ts'
import type { Preparation } from '../model/preparation.ts'
import type { FoundSource } from './find-sources.ts'
import type { InspectionCache } from './inspection-cache.ts'
import type { RemoteObjects } from './remote/remote-objects.ts'

export interface Source {
  /** Its name in problems: the name of the file, folder or pattern. */
  readonly label: string
  /** The names that its layer may have, the shortest first. They depend on its path alone. */
  readonly names: readonly string[]
  /**
   * Every file that belongs to it. A changed stamp of one of them means that the content may have changed. Some files may not
   * exist.
   */
  readonly files: readonly string[]
  /** The size of the files at the last look. */
  readonly bytes: number
  /** Changes the files of the source. They count at the next look. */
  replaceFiles(files: readonly string[]): void
  /**
   * Updates the description: 5 to 30 µs per file while nothing changes; otherwise the source is read again. Faults of the source are part of its
   * description. Returns true if it was read.
   *
   * @throws Error if the fault is not the source's: the process that reads it cannot start
   */
  look(): Promise<boolean>
  /** The content at the last look. */
  describe(): Contents
  /** Files and databases that workers must be able to read for that content. */
  access(): FileAccess
  /** Starts background work between looks. `changed` is called when the description changes without a look. */
  watch(changed: () => void): void
  /** Resolves when the copy of its objects is complete or has failed. Absent: it has none. */
  readonly mirrored?: Promise<void>
  /** Resolves when the current content is proven, or cannot be. Absent: the check proves it. */
  readonly proven?: Promise<void>
  /** True while its content has changed and is not described yet. Absent: a look describes it. */
  readonly hasChanged?: boolean
  /** Stops the background work, because this is no longer a source. */
  close(): void
}

export interface Contents {
  /** The same list object means that nothing has changed. */
  readonly parts: readonly SourcePart[]
  /** Problems of what is not served, or only in part. */
  readonly problems: readonly string[]
  /** Why it cannot be read now; also one of the problems. The parts are then those of the last successful reading. */
  readonly failure: string | null
}

/** A part of a source that can be a layer: a table, or the source as a whole. */
export interface SourcePart {
  /** The name in its source: `schema.table`, a table of a GeoPackage, or empty for the whole. */
  readonly id: string
  /** The names that its layer may have, the shortest first. They depend on the path and the table alone. No other part has the last one. */
  readonly names: readonly string[]
  /** FEATURES while it is not known. */
  readonly kind: LayerKind
  /** The progress of its copy. Null if it needs no copy, or will have none. */
  readonly preparation: Preparation | null
  /** The data to query. Null while there is none. The same object means the same data. */
  readonly version: Version | null
}

/** The description of a layer whose rows may also be gathered by another engine. */
export interface ServedDescription extends Omit<Description, 'relation'> {
  readonly relation: Relation | GatheredRelation
}

export interface Version {
  readonly description: ServedDescription
  /** The digest of the source's content, which is equal on servers with the same data. */
  readonly fingerprint: string
  readonly reader: Reader
  /** True if its files have the stamps that they had when it was read. */
  isUnchanged(): Promise<boolean>
}

/** Reads a version from its files: the source's own files, or those of its copy. */
export interface Reader {
  /** Why they cannot be read now. */
  readonly failure: string | null
  /** The number of times they were seen to be written in place. */
  readonly writes: number
  isCurrent(): Promise<boolean>
  /** Checks a layer, unless this was already done. @throws SourceError */
  check(description: ServedDescription): Promise<CheckResult>
}

/** A log with the interface of pino. */
export interface CatalogLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Engines that gather the rows of layers. */
export interface GatheringEngines {
  /** Files that workers must be able to open. */
  readonly allowedPaths: readonly string[]
  source(found: FoundSource, context: SourceContext): Source
}

/** The context that sources are read with. */
export interface SourceContext {
  readonly inspector: Inspector
  readonly inspections: InspectionCache
  readonly log: CatalogLog
  /** Null: the configuration has none. */
  readonly engines: GatheringEngines | null
  /** Returns the objects of other machines. They are opened at the first call. @throws SourceError */
  readonly remote: () => Promise<RemoteObjects>
  /**
   * Returns the alias under which workers attach a database. An alias is never used for another database, because a worker may
   * still have it.
   */
  readonly alias: (file: string, name: string) => string
}
