import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

/** Its log is kept in `lines`. */
export async function testCatalog(...sources: string[]): Promise<Catalog & { readonly lines: string[] }> {
  const lines: string[] = []
  const note = (_fields: object, message: string) => lines.push(message)
  const catalog = await openCatalog({ sources, spatialExtension: SPATIAL_EXTENSION, log: { info: note, warn: note } })
  return Object.assign(catalog, { lines })
}

export function layerOf(catalog: Catalog, name: string): Layer {
  const layer = catalog.layer(name)
  if (!layer) {
    const names = catalog.layers().map((layer) => layer.name)
    throw new Error(`no layer ${name} among ${names.join(', ')}; problems: ${JSON.stringify(catalog.problems())}`)
  }
  return layer
}

/** Why a source is not served, or not wholly. */
export function problemOf(catalog: Catalog, source: string): string | undefined {
  return catalog.problems().find((problem) => problem.source === source)?.reason
}
