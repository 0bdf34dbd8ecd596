/** Which fields a selection asks for, as graphql-js itself would collect them (GraphQL specification, 6.3.2). */
import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** By response key in document order; several nodes of a key are one field whose selections merge. */
export type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>

/**
 * Fields under the given nodes: through fragments, past @skip and @include. No type of the schema is abstract, so validation has made sure
 * that every type condition holds.
 */
export function selectedFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo): SelectedFields {
  const fields = new Map<string, FieldNode[]>()
  const seen = new Set<string>()
  for (const { selectionSet } of nodes) if (selectionSet) collect(selectionSet, info, fields, seen)
  return fields
}

/** The operation's own. */
export function rootFields(info: GraphQLResolveInfo): SelectedFields {
  const fields = new Map<string, FieldNode[]>()
  collect(info.operation.selectionSet, info, fields, new Set())
  return fields
}

function collect(set: SelectionSetNode, info: GraphQLResolveInfo, fields: Map<string, FieldNode[]>, seen: Set<string>): void {
  for (const node of set.selections) {
    if (!isIncluded(node, info)) continue
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value
      const same = fields.get(key)
      if (same) same.push(node)
      else fields.set(key, [node])
    } else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet, info, fields, seen)
    else if (!seen.has(node.name.value)) {
      seen.add(node.name.value)
      collect(info.fragments[node.name.value]!.selectionSet, info, fields, seen)
    }
  }
}

function isIncluded(node: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  if (getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] === true) return false
  return getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false
}
