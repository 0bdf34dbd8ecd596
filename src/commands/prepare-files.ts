/** Preparing without serving: what a server would make of these sources, made beforehand. */
import path from 'node:path'
import { type CatalogOptions, openCatalog } from '../catalog/catalog.ts'
import { PreparedCache, type Pruned } from '../catalog/prepare/prepared-cache.ts'
import type { Layer, Problem } from '../model/layer.ts'

export interface PreparedFiles {
  /** Every layer, as a server would begin to serve it: scanned, too. */
  readonly layers: readonly Layer[]
  readonly problems: readonly Problem[]
}

/** @param watch is given the layers, to look at while they are prepared */
export async function prepareFiles(
  options: CatalogOptions,
  watch: (layers: () => readonly Layer[]) => void,
): Promise<PreparedFiles> {
  const catalog = await openCatalog(options)
  try {
    watch(() => catalog.layers())
    await catalog.prepared
    await catalog.checked
    return { layers: catalog.layers(), problems: catalog.problems() }
  } finally {
    await catalog.close()
  }
}

/** Copies that nobody serves go, least recently used first, until the rest is within the limit; so does what killed processes have left. */
export async function pruneCache(cacheFolder: string, limitBytes: number): Promise<Pruned> {
  const { cache } = await PreparedCache.open({ folder: path.join(cacheFolder, 'prepared'), limitBytes })
  return await cache.prune()
}
