/** The statements that the server runs: what the engine alone is asked to drain is what it drains for us. */
import { viewOf } from '../../src/ask/view.ts'
import { openCatalog } from '../../src/catalog/catalog.ts'
import type { Output } from '../../src/encode/batch.ts'
import { compileFeatures } from '../../src/engines/duckdb/dialect/compile.ts'
import type { Statement } from '../../src/engines/duckdb/dialect/plan.ts'
import type { Layer } from '../../src/model/layer.ts'

export type OutputKind = 'geojson' | 'arrow'

export interface Statements {
  /** Attached under these names. */
  readonly databases: readonly { readonly alias: string; readonly path: string }[]
  /** All features of a layer in one encoding. */
  wholeLayer(layer: string, output: OutputKind): Statement
}

/** Describes the sources as the server does. */
export async function openStatements(sources: readonly string[], spatialExtension: string): Promise<Statements> {
  const log = { info: () => {}, warn: () => {} }
  const catalog = await openCatalog({ sources, spatialExtension, log })
  await catalog.checked
  const layers = catalog.layers()
  await catalog.close()
  return { databases: catalog.access().databases, wholeLayer: (name, output) => wholeLayer(layers, name, output) }
}

function wholeLayer(layers: readonly Layer[], name: string, kind: OutputKind): Statement {
  const layer = layers.find((candidate) => candidate.name === name)
  if (!layer) throw new Error(`The server has no layer ${name}`)
  const output: Output = kind === 'geojson' ? { kind, precision: 7 } : { kind }
  const view = viewOf(layer)
  const everything = { where: null, orderBy: [], limit: null, after: null, properties: view.fields }
  return compileFeatures({ kind: 'features', view, ...everything, outputs: [output] }).statement
}
