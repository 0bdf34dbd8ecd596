/** Which fields a selection asks for, as graphql-js itself would collect them (GraphQL specification, 6.3.2). */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  type InlineFragmentNode,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** By response key in document order; several nodes of a key are one field whose selections merge. */
export type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>

/**
 * Fields under the given nodes: through fragments, past @skip and @include.
 *
 * @param type what the selection is about, where the nodes' own type is an interface. Left out, every type condition holds: validation has
 *   seen to that.
 */
export function selectedFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo, type?: GraphQLObjectType): SelectedFields {
  const collector = new Collector(info, type)
  for (const { selectionSet } of nodes) if (selectionSet) collector.collect(selectionSet)
  return collector.fields
}

/** The operation's own. */
export function rootFields(info: GraphQLResolveInfo): SelectedFields {
  const collector = new Collector(info)
  collector.collect(info.operation.selectionSet)
  return collector.fields
}

class Collector {
  readonly fields = new Map<string, FieldNode[]>()
  readonly #info: GraphQLResolveInfo
  readonly #type: GraphQLObjectType | undefined
  readonly #seen = new Set<string>()

  constructor(info: GraphQLResolveInfo, type?: GraphQLObjectType) {
    this.#info = info
    this.#type = type
  }

  collect(set: SelectionSetNode): void {
    for (const node of set.selections) {
      if (!isIncluded(node, this.#info)) continue
      if (node.kind === Kind.FIELD) this.#add(node)
      else if (node.kind === Kind.INLINE_FRAGMENT) this.#enter(node)
      else if (!this.#seen.has(node.name.value)) {
        this.#seen.add(node.name.value)
        this.#enter(this.#info.fragments[node.name.value]!)
      }
    }
  }

  #add(node: FieldNode): void {
    const key = node.alias?.value ?? node.name.value
    const same = this.fields.get(key)
    if (same) same.push(node)
    else this.fields.set(key, [node])
  }

  #enter({ typeCondition, selectionSet }: InlineFragmentNode | FragmentDefinitionNode): void {
    if (!typeCondition || this.#holds(typeCondition.name.value)) this.collect(selectionSet)
  }

  #holds(condition: string): boolean {
    const type = this.#type
    if (!type || condition === type.name) return true
    const wanted = this.#info.schema.getType(condition)
    return isAbstractType(wanted) && this.#info.schema.isSubType(wanted, type)
  }
}

function isIncluded(node: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  if (getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] === true) return false
  return getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false
}
