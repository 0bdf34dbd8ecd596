/** Finds the outputs that a worker makes for a selection, and the properties that they need. */
import { isDeepStrictEqual } from 'node:util'
import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { inRange, PRECISION, TWKB_PRECISION } from '../ask/arguments.ts'
import { LONGEST_CURSOR } from '../ask/cursor.ts'
import {
  arrowOutput,
  geoJsonOutput,
  propertiesNamed,
  type Selection,
  type SelectionContext,
  selectionOf,
} from '../ask/selection.ts'
import type { EdgeField, FeatureField, Output, StructMember } from '../encode/batch.ts'
import type { Message } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import { idPrefix } from '../model/feature-id.ts'
import type { Field } from '../model/layer.ts'
import type { View } from '../model/query.ts'
import type {
  FeatureBatchArrowArgs,
  FeatureBatchGeojsonArgs,
  FeatureBboxArgs,
  FeatureGeometryArgs,
  FeaturePropertiesArgs,
} from './generated.ts'
import { featureTypeOf } from './schema.ts'
import { StructType, type TypedColumn } from './typed/layer-types.ts'

/** Returns the selection of a field whose type is FeatureConnection or FeatureBatch. */
export function selectOutputs(info: GraphQLResolveInfo, asked: SelectionContext): Selection {
  const outputs: Output[] = []
  const places = new Map<string, number>()
  const indexes = new Map<string, number>()
  let startCursor: number | null = null
  let countsScan = false
  const indexOf = (output: Output) => {
    const text = JSON.stringify(output)
    const place = places.get(text) ?? outputs.push(output) - 1
    places.set(text, place)
    return place
  }
  for (const [key, nodes] of selectedFields(info.fieldNodes, info)) {
    const output = toOutput(nodes, getNamedType(info.returnType) as GraphQLObjectType, info, asked)
    if (output) indexes.set(key, indexOf(output))
    else if (isWithStartCursor(nodes, info)) startCursor = indexOf({ kind: 'start-cursor' })
    countsScan ||= isWithScan(nodes, info)
  }
  const times = outputs.map((_, place) => [...indexes.values()].filter((index) => index === place).length)
  return { ...selectionOf(asked, outputs), indexes, startCursor, message: messageOf(info, times), countsScan }
}

/** Returns the selection of a field whose type is Feature or Node. */
export function selectFeature(info: GraphQLResolveInfo, asked: SelectionContext): Selection {
  const outputs = [{ kind: 'features', fields: featureFields(info.fieldNodes, info, asked) }] as const
  return { ...selectionOf(asked, outputs), message: messageOf(info, [1]) }
}

/** Most bytes of a message around its `data`: an id that the client chose, type and payload. */
const FRAMING_BYTES = 1_024
/** Bytes that no value exceeds, except cursors and values that a worker makes. */
const MOST_VALUE_BYTES = 256

export function messageOf(info: GraphQLResolveInfo, times: readonly number[]): Message {
  const bytesBeside = FRAMING_BYTES + bytesOf(new Map([[String(info.path.key), info.fieldNodes]]), info)
  return { bytesBeside, times, pages: rootFields(info).size }
}

/** Returns the most bytes of the fields' keys and of values that are no encoding. For `explain` it is an estimate. */
function bytesOf(fields: SelectedFields, info: GraphQLResolveInfo): number {
  let bytes = 0
  for (const [key, nodes] of fields) {
    const { name, selectionSet } = nodes[0]!
    bytes += key.length + (/ursor$|^token$/.test(name.value) ? LONGEST_CURSOR : MOST_VALUE_BYTES)
    if (selectionSet) bytes += bytesOf(selectedFields(nodes, info), info)
  }
  return bytes
}

/** `type`: the type that has the field. */
export function toOutput(
  nodes: readonly FieldNode[],
  type: GraphQLObjectType,
  info: GraphQLResolveInfo,
  asked: SelectionContext,
): Output | null {
  const node = nodes[0]!
  switch (node.name.value) {
    case 'geojson':
      return geoJsonOutput('geojson', argumentsOf<FeatureBatchGeojsonArgs>(type, node, info), asked)
    case 'arrow':
      return arrowOutput('arrow-base64', argumentsOf<FeatureBatchArrowArgs>(type, node, info), asked)
    case 'features':
      return { kind: 'features', fields: featureFields(nodes, info, asked) }
    case 'edges':
      return { kind: 'edges', fields: edgeFields(nodes, info, asked) }
    default:
      return null
  }
}

export function isWithStartCursor(nodes: readonly FieldNode[], info: GraphQLResolveInfo): boolean {
  if (nodes[0]!.name.value !== 'pageInfo') return false
  return [...selectedFields(nodes, info).values()].some(([field]) => field!.name.value === 'startCursor')
}

const OF_SCAN = new Set(['rowGroupsRead', 'rowGroups', 'rowsScanned'])

/** True for an `execution` with a figure that the engine has to count. */
export function isWithScan(nodes: readonly FieldNode[], info: GraphQLResolveInfo): boolean {
  if (nodes[0]!.name.value !== 'execution') return false
  return [...selectedFields(nodes, info).values()].some(([field]) => OF_SCAN.has(field!.name.value))
}

function edgeFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo, asked: SelectionContext): readonly EdgeField[] {
  const connection = getNamedType(info.returnType) as GraphQLObjectType
  const edgeType = getNamedType(connection.getFields()['edges']!.type).name
  return [...selectedFields(nodes, info)].map(([key, inner]): EdgeField => {
    const [node] = inner
    switch (node!.name.value) {
      case 'cursor':
      case 'distance':
        return { key, field: node!.name.value as 'cursor' | 'distance' }
      case '__typename':
        return { key, field: '__typename', name: edgeType }
      case 'node':
        return { key, field: 'node', fields: featureFields(inner, info, asked) }
      default:
        throw new Error(`No encoder knows FeatureEdge.${node!.name.value}`)
    }
  })
}

export function featureFields(
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  asked: SelectionContext,
): readonly FeatureField[] {
  const { view, representations } = asked
  const { layer } = view
  const type = featureTypeOf(info.schema, layer)
  return [...selectedFields(nodes, info, type)].map(([key, inner]): FeatureField => {
    const [node] = inner
    const column = type.columnOf(node!.name.value)
    if (column) return columnField(key, column, inner, info, view)
    switch (node!.name.value) {
      case '__typename':
        return { key, field: '__typename', name: type.name }
      case 'id':
        return { key, field: 'id', prefix: idPrefix(layer) }
      case 'key':
        return { key, field: 'key' }
      case 'layer':
        return { key, field: 'layer', name: layer.name }
      case 'geometry': {
        const args = argumentsOf<FeatureGeometryArgs>(type, node!, info)
        const as = args.as ?? 'GEOJSON'
        const precision = inRange('precision', args.precision, as === 'TWKB' ? TWKB_PRECISION : PRECISION)
        return { key, field: 'geometry', as, precision, geometry: representations.add(args) }
      }
      case 'bbox':
        return { key, field: 'bbox', geometry: representations.add(argumentsOf<FeatureBboxArgs>(type, node!, info)) }
      case 'properties':
        return {
          key,
          field: 'properties',
          only: propertiesNamed(argumentsOf<FeaturePropertiesArgs>(type, node!, info).only, view),
        }
      default:
        throw new Error(`No encoder knows Feature.${node!.name.value}`)
    }
  })
}

/** @throws GeoduckError SOURCE_CHANGED if the source has other columns than when the operation began */
export function requireColumn(column: TypedColumn['column'], { layer, fields }: View): void {
  if (!fields.some((field) => field === column || isReadAs(column, field)))
    throw new GeoduckError('SOURCE_CHANGED', `The columns of layer ${layer.name} have just changed; ask again.`)
}

/** @throws GeoduckError as `requireColumn` */
function columnField(
  key: string,
  { column, output, labels }: TypedColumn,
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  view: View,
): FeatureField {
  requireColumn(column, view)
  const members = structMembers(output, nodes, info)
  return { key, field: 'property', name: column.name, ...(members && { members }), ...(labels && { labels }) }
}

/** Returns true if the values of the column now fit its type in the schema. An enum has only the values that it had. */
function isReadAs({ name, type, values }: Field, now: Field): boolean {
  const isListed = values === undefined || isDeepStrictEqual(now.values, values)
  return now.name === name && isDeepStrictEqual(now.type, type) && isListed
}

/** Returns the selected members of a struct, or of the structs in a list. Undefined for other types. */
function structMembers(
  output: GraphQLOutputType,
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
): readonly StructMember[] | undefined {
  const type = getNamedType(output)
  if (!(type instanceof StructType)) return undefined
  const fields = type.getFields()
  return [...selectedFields(nodes, info, type)].map(([key, inner]): StructMember => {
    const name = inner[0]!.name.value
    if (name === '__typename') return { key, text: type.name }
    const members = structMembers(fields[name]!.type, inner, info)
    return { key, index: type.indexOf(name), ...(members && { members }) }
  })
}

export function argumentsOf<Args>(
  type: GraphQLObjectType | GraphQLInterfaceType,
  node: FieldNode,
  info: GraphQLResolveInfo,
): Args {
  return getArgumentValues(type.getFields()[node.name.value]!, node, info.variableValues) as Args
}

/* Collects the fields of a selection as graphql-js does (GraphQL specification, 6.3.2). */

/** The fields by response key, in document order. Several nodes of a key are one field, and their selections merge. */
type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>

/**
 * Returns the fields under the nodes. It follows fragments and obeys @skip and @include.
 *
 * @param type the concrete type if the nodes' type is an interface. Without it every type condition holds, which validation ensures.
 */
export function selectedFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo, type?: GraphQLObjectType): SelectedFields {
  const collector = new Collector(info, type)
  for (const { selectionSet } of nodes) if (selectionSet) collector.collect(selectionSet)
  return collector.fields
}

/** Returns the root fields of the operation. */
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
