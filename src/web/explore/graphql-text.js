// @ts-check
/** Writes a filter as a GraphQL document. */

/** Arguments whose texts are names of an enum. */
const ENUMS = new Set(['collate'])

/** A GraphQL literal. @param {unknown} value @param {boolean} [isEnum] @returns {string} */
export function literal(value, isEnum = false) {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, isEnum)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${name}: ${literal(member, ENUMS.has(name))}`)
    return `{ ${members.join(', ')} }`
  }
  return isEnum ? String(value) : JSON.stringify(value)
}

/**
 * A page of the layer's features that match a filter.
 * @param {string} layer
 * @param {object | undefined} where
 */
export function pageDocument(layer, where) {
  const filter = where === undefined ? '' : `\n    where: ${literal(where)}`
  return `{
  features(
    layer: ${literal(layer)}${filter}
    first: 100
  ) {
    totalCount
    features {
      id
      properties
      bbox
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`
}
