/** Chooses the layers of the sources, and their names. */
import type { Problem } from '../model/layer.ts'
import type { LayerOptions } from './layer-options.ts'
import { uniqueNames } from './names.ts'
import type { Source, SourcePart } from './source.ts'
import type { ListedSource } from './source-list.ts'

export interface NamedLayer {
  readonly name: string
  /** Null for a layer without configuration. */
  readonly options: LayerOptions | null
}

/** Layers by source, and then by part. */
export type LayerNames = ReadonlyMap<Source, ReadonlyMap<string, readonly NamedLayer[]>>

/**
 * Configured layers have their configured names. Otherwise, a table is named after itself, or after its database and itself; a file after itself, or
 * after its folder and itself. A layer keeps a name that it already has.
 */
export function nameLayers(
  sources: readonly ListedSource[],
  before: LayerNames,
): { readonly names: LayerNames; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const names = new Map(sources.map(({ source }) => [source, new Map<string, readonly NamedLayer[]>()]))
  const unnamed: { readonly source: Source; readonly part: SourcePart; readonly kept: string | undefined }[] = []
  for (const { source, layers, plain } of sources) {
    const { parts, failure } = source.describe()
    const named = names.get(source)!
    for (const options of layers) {
      const [part, ...more] = meantParts(parts, options)
      if (part && more.length === 0) named.set(part.id, [...(named.get(part.id) ?? []), { name: options.name, options }])
      // A source that cannot be read at all is already a problem.
      else if (failure === null) problems.push({ source: source.label, reason: unmet(options, part ? [part, ...more] : []) })
    }
    for (const part of plain ? parts.filter(({ id }) => !named.has(id)) : []) {
      const kept = before
        .get(source)
        ?.get(part.id)
        ?.find(({ options }) => options === null)?.name
      unnamed.push({ source, part, kept })
    }
  }
  // Existing names stay. New layers, which have several candidates, use another one.
  unnamed.sort((a, b) => Number(a.kept === undefined) - Number(b.kept === undefined))
  const configured = sources.flatMap(({ layers }) => layers.map(({ name }) => [name]))
  const wishes = unnamed.map(({ part, kept }) => (kept === undefined ? part.names : [kept]))
  const unique = uniqueNames([...configured, ...wishes]).slice(configured.length)
  for (const [index, { source, part }] of unnamed.entries()) {
    names.get(source)?.set(part.id, [{ name: unique[index] ?? '', options: null }])
  }
  return { names, problems }
}

/** Without `table`: the tables with geometry, or else all of them. */
function meantParts(parts: readonly SourcePart[], { table }: LayerOptions): readonly SourcePart[] {
  if (table !== undefined) return parts.filter(({ id }) => table === id || `main.${table}` === id)
  const spatial = parts.filter(({ kind }) => kind === 'FEATURES')
  return spatial.length > 0 ? spatial : parts
}

function unmet({ name, table }: LayerOptions, [found, ...more]: readonly SourcePart[]): string {
  const kind = found?.kind === 'FEATURES' ? ' with geometry' : ''
  if (found) return `layer ${name}: it holds ${more.length + 1} tables${kind}: name one with \`table\``
  if (table === undefined) return `layer ${name}: it holds no table`
  return `layer ${name}: it holds no table ${table}; one that is not in schema main is named schema.table`
}
