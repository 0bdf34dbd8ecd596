/** The names that the schema derives from `Layer.graphqlName`, for caches of clients. */

/** Root fields of the generic schema that return a connection. */
const GENERIC_LISTS = ['features', 'nearest', 'aggregate'] as const

/** Types whose pages are joined. */
const GENERIC_CONNECTIONS = ['FeatureConnection', 'GroupConnection'] as const

/** Arguments that choose a page of a list, but not the list. */
export const PAGING: ReadonlySet<string> = new Set(['first', 'after', 'deadline'])

/** Returns the root fields that return a connection. */
export function listFields(layers: readonly string[]): readonly string[] {
  return [...GENERIC_LISTS, ...layers.flatMap((layer) => [layer, `${layer}Nearest`, `${layer}Aggregate`])]
}

/** Returns the types of connections. */
export function connectionTypes(layers: readonly string[]): readonly string[] {
  const typed = layers.map(prefixOf).flatMap((prefix) => [`${prefix}Connection`, `${prefix}GroupConnection`])
  return [...GENERIC_CONNECTIONS, ...typed]
}

/** Returns the types that implement the interfaces `Feature` and `Node`: one per layer. */
export function featureTypes(layers: readonly string[]): string[] {
  return layers.map((layer) => `${prefixOf(layer)}Feature`)
}

function prefixOf(layer: string): string {
  return layer.charAt(0).toUpperCase() + layer.slice(1)
}

/** Types of columns that are structs, such as `Places_Address`. No other name has a capital or a `_` after a `_`. */
export const STRUCT_TYPE = '[A-Za-z0-9_]+_[A-Z_][A-Za-z0-9_]*'
