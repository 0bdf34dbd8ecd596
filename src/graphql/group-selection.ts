/** Finds the columns of groups that a selection needs, and the JSON that a worker writes for each group. */
import type { FieldNode, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import type { GroupColumns, Place, SimpleFigure } from '../ask/groups/group-columns.ts'
import type { GroupSelection } from '../ask/groups/read-groups.ts'
import type { FeatureField, Output } from '../encode/batch.ts'
import type { GroupColumn } from '../model/query.ts'
import type { GroupColumnArgs, GroupTimeArgs } from './generated.ts'
import { argumentsOf, isWithStartCursor, messageOf, selectedFields } from './selection.ts'

/** Returns the selection of a field whose type is GroupConnection or GroupBatch. */
export function selectGroups(info: GraphQLResolveInfo, columns: GroupColumns): GroupSelection {
  const outputs: Output[] = []
  const indexes = new Map<string, number>()
  let startCursor: number | null = null
  for (const [key, nodes] of selectedFields(info.fieldNodes, info)) {
    if (nodes[0]!.name.value === 'rows') {
      indexes.set(key, outputs.push({ kind: 'features', fields: groupFields(nodes, info, columns) }) - 1)
    } else if (startCursor === null && isWithStartCursor(nodes, info)) {
      startCursor = outputs.push({ kind: 'start-cursor' }) - 1
    }
  }
  const times = outputs.map(({ kind }) => (kind === 'features' ? 1 : 0))
  return { outputs, indexes, startCursor, message: messageOf(info, times) }
}

function typeNamed(info: GraphQLResolveInfo, name: string): GraphQLObjectType {
  return info.schema.getType(name) as GraphQLObjectType
}

function groupFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo, columns: GroupColumns): readonly FeatureField[] {
  const type = typeNamed(info, 'Group')
  return [...selectedFields(nodes, info)].map(([key, inner]): FeatureField => {
    const node = inner[0]!
    switch (node.name.value) {
      case '__typename':
        return { key, field: '__typename', name: type.name }
      case 'keys':
        return { key, field: 'object', fields: columns.named.map(([label, { field }]) => property(label, field.name)) }
      case 'time': {
        const time = columns.times[argumentsOf<GroupTimeArgs>(type, node, info).index ?? 0]
        return time ? property(key, time.field.name) : { key, field: 'null' }
      }
      case 'count':
        return property(key, columns.features().field.name)
      case 'column': {
        const { name, path } = argumentsOf<GroupColumnArgs>(type, node, info)
        return { key, field: 'object', fields: columnFields(inner, info, columns, { column: name, path }) }
      }
      default:
        throw new Error(`No encoder knows Group.${node.name.value}`)
    }
  })
}

/** Returns the fields of ColumnAggregates under the nodes. */
export function columnFields(
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  columns: GroupColumns,
  place: Place,
): readonly FeatureField[] {
  return [...selectedFields(nodes, info)].map(([key, [node]]): FeatureField => {
    const name = node!.name.value
    if (name === '__typename') return { key, field: '__typename', name: 'ColumnAggregates' }
    return property(key, figureOf(name, columns, place).field.name)
  })
}

function figureOf(name: string, columns: GroupColumns, place: Place): GroupColumn {
  switch (name) {
    case 'count':
    case 'distinct':
    case 'distinctApproximate':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stddev':
      return columns.figure(name satisfies SimpleFigure, place)
    default:
      throw new Error(`No encoder knows ColumnAggregates.${name}`)
  }
}

function property(key: string, name: string): FeatureField {
  return { key, field: 'property', name }
}
