/** What is there: the layers of all sources, kept true while they change. */

import os from 'node:os'
import path from 'node:path'
import { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { Access, DatabaseAccess } from '../engines/engine.ts'
import type { Layer, Problem } from '../model/layer.ts'
import { InspectionCache } from './inspection-cache.ts'
import type { LayerOptions } from './layer-options.ts'
import { OpenCatalog } from './open-catalog.ts'
import { pictureOf } from './picture.ts'
import { ForeignLayers } from './prepare/foreign-layers.ts'
import { PreparedCache } from './prepare/prepared-cache.ts'
import { Roster } from './roster.ts'

const DEFAULT_CACHE_BYTES = 20e9

/** As pino's. */
export interface CatalogLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface CatalogOptions {
  /** Files, folders and glob patterns, as `sources.ts` reads them. */
  readonly sources: readonly string[]
  /** Layers with wishes of their own; they take the place of what the sources would make of the same files. */
  readonly layers?: readonly LayerOptions[]
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  /** Folder in which answers of inspections and prepared copies are kept between starts; left out: they are not. */
  readonly cacheFolder?: string
  /** For what is needed only while this process runs. @default the system's */
  readonly tempFolder?: string
  /** Bytes of prepared copies to keep there. @default 20 GB */
  readonly cacheBytes?: number
  /** Lets the workers read what has been prepared, before it is offered. Left out: nobody has to be told. */
  readonly admit?: (access: Access) => Promise<void>
  /** Whether files that come, go or change are seen without a question. @default false */
  readonly watch?: boolean
  /** Is told of what turns up after the catalogue is open. */
  readonly log: CatalogLog
}

export interface Catalog {
  /** By name. */
  layers(): readonly Layer[]
  layer(name: string): Layer | undefined
  /** What is not served, or not wholly, as of now. */
  problems(): readonly Problem[]
  /** To be attached by workers, as they are now. */
  databases(): readonly DatabaseAccess[]
  /** For a worker's `allowed_paths`: every file that it may open, some of which may not exist. */
  readonly files: readonly string[]
  /** Every file of another format has its copy, or has been given up: no layer is PREPARING that was when the catalogue was opened. */
  readonly prepared: Promise<void>
  /** No scan is under way or waiting. */
  readonly checked: Promise<void>
  /**
   * The layer as its files are now, to be asked before and after each execution: another fingerprint means other data. About 30 us a file
   * while nothing changes; else it is described again.
   *
   * @throws GeoduckError SOURCE_UNREADABLE
   */
  fresh(layer: Layer): Promise<Layer>
  /**
   * How often a file of its source was seen to be written to in place. A footer may stay the same over other pages: what was read meanwhile is
   * not to be trusted, whatever the fingerprint says. As of the last call of `fresh`.
   */
  writes(layer: Layer): number
  /** Looks at every source: what has changed is described again. */
  refresh(): Promise<void>
  /** Ends scans that are under way. */
  close(): Promise<void>
}

/**
 * Resolves when every source is described. Files of other formats than the engine's own are prepared in the background, then scanned like
 * all others, small sources first. A source that cannot be read is a problem, not an error.
 *
 * @throws Error when the process that reads them cannot start
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const { spatialExtension, cacheFolder, cacheBytes = DEFAULT_CACHE_BYTES, admit = async () => {}, log } = options
  const { tempFolder = os.tmpdir() } = options
  const { sources: paths, layers = [] } = options
  const arguments_ = [...paths, ...layers.map((layer) => layer.path)]
  // Before anything is read: what changes from here on is seen by the next look.
  const picture = options.watch ? await pictureOf(arguments_, []) : ''
  const inspector = new Inspector(spatialExtension, [], tempFolder)
  const inspections = new InspectionCache(cacheFolder ? path.join(cacheFolder, 'inspections') : null)
  const { cache, fault } = await PreparedCache.open({
    folder: cacheFolder ? path.join(cacheFolder, 'prepared') : null,
    temporaryFolder: tempFolder,
    limitBytes: cacheBytes,
  })
  if (fault !== null)
    log.warn(
      { folder: cacheFolder, code: fault },
      `the cache directory cannot be written (${fault}): what is read and prepared is not kept for the next start. Name another: --cache-directory`,
    )
  const foreign = new ForeignLayers({ spatialExtension, inspector, inspections, cache, log })
  const roster = new Roster({ paths, layers, inspector, inspections })
  try {
    const lineup = await roster.look()
    await cache.prune()
    await foreign.look(lineup.wantedForeign.map(({ source }) => source))
    await inspections.prune()
    const catalog = new OpenCatalog({ log, inspector, roster, lineup, foreign, admit })
    if (options.watch) catalog.watch((parts) => pictureOf(arguments_, parts), picture)
    return catalog
  } catch (error) {
    await Promise.all([inspector.close(), foreign.close()])
    throw error
  }
}
