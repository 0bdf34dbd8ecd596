/** `geoduck prepare`: makes the copies that a server would make, and cleans the cache. */
import path from 'node:path'
import { styleText } from 'node:util'
import { type CatalogOptions, openCatalog } from '../catalog/catalog.ts'
import { PreparedCache, type Pruned } from '../catalog/sources/prepared-cache.ts'
import type { Config } from '../config/config.ts'
import { findHttpfsExtension } from '../config/extension.ts'
import { openLog } from '../config/logging.ts'
import { formatSize } from '../config/size.ts'
import type { Layer, Problem } from '../model/layer.ts'
import { showProgress } from './progress-bar.ts'

export interface PrepareResult {
  /** The output for stdout. */
  readonly lines: readonly string[]
  /** True if no source failed. */
  readonly whole: boolean
}

export async function prepareSources(config: Config, spatialExtension: string): Promise<PrepareResult> {
  const { sources, mirrors, layers: configured, stores, engines, cacheDirectory, cacheBytes, tempDirectory } = config
  const log = openLog(config)
  let stop = () => {}
  const { layers, problems } = await prepareFiles(
    {
      sources,
      mirrors,
      layers: configured,
      stores,
      engines,
      spatialExtension,
      httpfsExtension: () => findHttpfsExtension(spatialExtension, (line) => log.info(line)),
      cacheFolder: cacheDirectory,
      cacheBytes,
      tempFolder: tempDirectory,
      log,
    },
    (read) => {
      stop = showProgress(read)
    },
  ).finally(() => stop())
  const told = problems.map(({ source, reason }) => `${source}: ${reason}`)
  return { lines: [...table(layers), ...told], whole: problems.length === 0 }
}

export async function pruneCopies({ cacheDirectory, cacheBytes }: Config): Promise<string> {
  const { removed, removedBytes, kept, keptBytes } = await pruneCache(cacheDirectory, cacheBytes)
  return `removed ${removed} copies (${formatSize(removedBytes)}), kept ${kept} (${formatSize(keptBytes)})`
}

function table(layers: readonly Layer[]): string[] {
  const rows = layers.map(({ name, featureCount, geometryColumn, geometryTypes, crs, check }) => [
    name,
    featureCount?.toLocaleString('en') ?? '?',
    ...(geometryColumn === null
      ? ['table', '', '']
      : [
          geometryTypes.join(', '),
          crs?.code ?? crs?.name ?? 'unknown',
          check?.invalid === undefined ? '?' : String(check.invalid),
        ]),
  ])
  const head = ['layer', 'features', 'geometry', 'CRS', 'invalid']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [styleText('bold', line(head)), ...rows.map(line)]
}

/** Prepares sources without serving them. */
interface PreparedFiles {
  /** Every layer in the state in which a server would serve it, checked as well. */
  readonly layers: readonly Layer[]
  readonly problems: readonly Problem[]
}

/** @param watch receives the layers, to show them while they are prepared */
async function prepareFiles(options: CatalogOptions, watch: (layers: () => readonly Layer[]) => void): Promise<PreparedFiles> {
  const catalog = await openCatalog(options)
  try {
    watch(() => catalog.layers())
    await catalog.prepared
    await catalog.mirrored
    await catalog.checked
    return { layers: catalog.layers(), problems: catalog.problems() }
  } finally {
    await catalog.close()
  }
}

/**
 * Removes copies that are not served, the least recently used first, until the rest is within the limit. Also removes files of
 * killed processes.
 */
export async function pruneCache(cacheFolder: string, limitBytes: number): Promise<Pruned> {
  const { cache } = await PreparedCache.open({ folder: path.join(cacheFolder, 'prepared'), limitBytes })
  return await cache.prune()
}
