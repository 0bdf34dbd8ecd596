/** Separates the introspection fields of an operation from the others. */
import { type DocumentNode, Kind, visit } from 'graphql'

const FIELDS: ReadonlySet<string> = new Set(['__schema', '__type'])
/** The text of every document that has such a field. */
const NAMES = /__(?:schema|type)(?![_0-9A-Za-z])/

/**
 * Returns the document with `__typename` in place of each introspection field, under the same response key, so that the result has their place. Null
 * if the document has no introspection field. Validation ensures that they are fields of the query type only.
 */
export function withoutIntrospection(document: DocumentNode): DocumentNode | null {
  if (!NAMES.test(document.loc?.source.body ?? '')) return null
  let found = false
  const other = visit(document, {
    Field(node) {
      if (!FIELDS.has(node.name.value)) return undefined
      found = true
      const { selectionSet: _, arguments: __, ...rest } = node
      return { ...rest, alias: node.alias ?? node.name, name: { kind: Kind.NAME, value: '__typename' } }
    },
  })
  return found ? other : null
}
