/** Finds the layers that a document names. Only they are in the schema of its operation. */
import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type TypeNode,
  type ValueNode,
} from 'graphql'
import { layerOfId } from '../model/feature-id.ts'

/** Finds layers by the names of their types and root fields. */
export interface TypedNames {
  /** Returns the layers to which a type of this name may belong. A longer layer name may begin with a shorter one. */
  ofType(type: string): readonly string[]
  /** Returns the layers to which a root field of this name may belong. */
  ofRootField(field: string): readonly string[]
}

export interface NamedLayers {
  /** Layers of which only the feature type is named: by a type condition, a `layer` argument, or an id. */
  readonly features: ReadonlySet<string>
  /** Layers whose other types or root fields are named. */
  readonly whole: ReadonlySet<string>
}

const ROOT_TYPES: ReadonlySet<string> = new Set(['Query', 'Subscription'])
const FEATURE = 'Feature'

/**
 * Returns the layers that the document names, which may not exist. The document need not be valid. All of its operations are searched, because all
 * are validated. It descends without recursion, so no document can overflow the stack.
 */
export function namedLayers(
  { definitions }: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  names: TypedNames,
): NamedLayers {
  const features = new Set<string>()
  const whole = new Set<string>()
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)

  const nameType = (type: string) => {
    const named = type.endsWith(FEATURE) ? features : whole
    for (const layer of names.ofType(type)) named.add(layer)
  }
  const nameValue = (value: ValueNode, layerOf: (text: string) => string | null) => {
    for (const text of textsOf(value, operations, variables)) {
      const layer = layerOf(text)
      if (layer !== null) features.add(layer)
    }
  }
  const nameRootField = ({ name, arguments: given = [] }: FieldNode) => {
    for (const layer of names.ofRootField(name.value)) whole.add(layer)
    for (const argument of given) {
      if (argument.name.value === 'layer') nameValue(argument.value, (text) => text)
      if (argument.name.value === 'id') nameValue(argument.value, layerOfId)
    }
  }

  const waiting: { readonly set: SelectionSetNode; readonly isRoot: boolean }[] = []
  const descend = (set: SelectionSetNode | undefined, isRoot: boolean) => set && waiting.push({ set, isRoot })
  for (const node of definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) {
      for (const { type } of node.variableDefinitions ?? []) nameType(namedType(type))
      descend(node.selectionSet, true)
    }
    if (node.kind === Kind.FRAGMENT_DEFINITION) {
      const type = node.typeCondition.name.value
      nameType(type)
      descend(node.selectionSet, ROOT_TYPES.has(type))
    }
  }
  const visit = (node: SelectionNode, isRoot: boolean) => {
    if (node.kind === Kind.FIELD) {
      if (isRoot) nameRootField(node)
      descend(node.selectionSet, false)
    }
    if (node.kind === Kind.INLINE_FRAGMENT) {
      if (node.typeCondition) nameType(node.typeCondition.name.value)
      descend(node.selectionSet, isRoot)
    }
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const node of next.set.selections) visit(node, next.isRoot)
  }
  return { features, whole }
}

function namedType(type: TypeNode): string {
  let inner = type
  while (inner.kind !== Kind.NAMED_TYPE) inner = inner.type
  return inner.name.value
}

/** Returns the texts that the value may have: a literal, the value of a variable, or its default in any operation. */
function textsOf(
  value: ValueNode,
  operations: readonly OperationDefinitionNode[],
  variables: Readonly<Record<string, unknown>>,
): readonly string[] {
  if (value.kind === Kind.STRING) return [value.value]
  if (value.kind !== Kind.VARIABLE) return []
  const name = value.name.value
  const given = Object.hasOwn(variables, name) ? variables[name] : undefined
  const defaults = operations.flatMap(({ variableDefinitions = [] }) =>
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      variable.name.value === name && defaultValue?.kind === Kind.STRING ? [defaultValue.value] : [],
    ),
  )
  return typeof given === 'string' ? [given, ...defaults] : defaults
}
