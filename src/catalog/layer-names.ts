/** Chooses the layers of the sources, and their names. */
import type { Names, Problem } from '../model/layer.ts'
import type { LayerOptions } from './layer-options.ts'
import { claimNames } from './names.ts'
import type { Source, SourcePart } from './source.ts'
import type { ListedSource } from './source-list.ts'

export interface NamedLayer extends Names {
  /** Null for a layer without configuration. */
  readonly options: LayerOptions | null
}

export interface LayerNames {
  /** Layers by source, and then by part. */
  readonly layers: ReadonlyMap<Source, ReadonlyMap<string, readonly NamedLayer[]>>
  /** The layers that ask for a name. It belongs to a layer that asks for it alone. */
  readonly claims: ReadonlyMap<string, readonly NamedLayer[]>
  readonly problems: readonly Problem[]
}

/**
 * Configured layers have their configured names, which belong to no other layer. Otherwise, a table is named after itself, or after its database and
 * itself; a file after itself, or after itself and its ending or folder.
 */
export function nameLayers(sources: readonly ListedSource[]): LayerNames {
  const problems: Problem[] = []
  const layers = new Map(sources.map(({ source }) => [source, new Map<string, readonly NamedLayer[]>()]))
  const claims = new Map<string, NamedLayer[]>()
  const plainParts: { readonly source: Source; readonly part: SourcePart }[] = []
  for (const { source, layers: configured, plain } of sources) {
    const { parts, failure } = source.describe()
    const named = layers.get(source)!
    for (const options of configured) {
      const layer = { name: options.name, options }
      claims.set(layer.name, [layer])
      const [part, ...more] = meantParts(parts, options)
      if (part && more.length === 0) named.set(part.id, [...(named.get(part.id) ?? []), layer])
      // A source that cannot be read at all is already a problem.
      else if (failure === null) problems.push({ source: source.label, reason: unmet(options, part ? [part, ...more] : []) })
    }
    for (const part of plain ? parts.filter(({ id }) => !named.has(id)) : []) plainParts.push({ source, part })
  }
  const asked = claimNames(
    plainParts.map(({ part }) => part.names),
    new Set(claims.keys()),
  )
  const plain = plainParts.map(({ source, part }) => {
    const own = part.names.filter((name) => asked.get(name)?.length === 1)
    const last = part.names.at(-1)!
    const name = own[0] ?? last
    const layer = { name, longName: own.find((longer) => longer !== part.names[0]) ?? name, names: part.names, options: null }
    layers.get(source)!.set(part.id, [layer])
    // No other layer asks for it, because it has a digest of the whole path.
    claims.set(last, [layer])
    return layer
  })
  for (const [name, indexes] of asked) {
    claims.set(
      name,
      indexes.map((index) => plain[index]!),
    )
  }
  return { layers, claims, problems }
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
