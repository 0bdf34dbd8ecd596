/** Finds the columns of groups that a selection needs, and the JSON that a worker writes for each group. */
import { type FieldNode, type GraphQLObjectType, type GraphQLResolveInfo, getNamedType, isObjectType } from 'graphql'
import { inRange, PRECISION, TWKB_PRECISION } from '../ask/arguments.ts'
import type { GroupColumns, Place } from '../ask/groups/group-columns.ts'
import type { GroupSelection } from '../ask/groups/read-groups.ts'
import type { CellField, FeatureField, Output } from '../encode/batch.ts'
import type { GroupColumn, ItemPart } from '../model/query.ts'
import type {
  ColumnAggregatesFirstArgs,
  ColumnAggregatesHistogramArgs,
  ColumnAggregatesQuantilesArgs,
  ColumnAggregatesValuesArgs,
  GeometryAggregatesUnionArgs,
  GroupColumnArgs,
  GroupTimeArgs,
} from './generated.ts'
import { argumentsOf, isWithScan, isWithStartCursor, messageOf, requireColumn, selectedFields } from './selection.ts'
import { ColumnsType, GroupType } from './typed/group-types.ts'

/** Returns the selection of a field whose type is GroupConnection or GroupBatch. */
export function selectGroups(info: GraphQLResolveInfo, columns: GroupColumns): GroupSelection {
  const outputs: Output[] = []
  const indexes = new Map<string, number>()
  let startCursor: number | null = null
  let countsScan = false
  for (const [key, nodes] of selectedFields(info.fieldNodes, info)) {
    if (nodes[0]!.name.value === 'rows') {
      indexes.set(key, outputs.push({ kind: 'features', fields: groupFields(nodes, info, columns) }) - 1)
    } else if (startCursor === null && isWithStartCursor(nodes, info)) {
      startCursor = outputs.push({ kind: 'start-cursor' }) - 1
    }
    countsScan ||= isWithScan(nodes, info)
  }
  const times = outputs.map(({ kind }) => (kind === 'features' ? 1 : 0))
  return { outputs, indexes, startCursor, message: messageOf(info, times), countsScan }
}

/** The key of the number of features of a cell, which `featuresIn` reads. */
const COUNT = 'count'

/** Returns the selection of `ViewportCells`. The last output is the number of features of each cell. */
export function selectCells(info: GraphQLResolveInfo, columns: GroupColumns): GroupSelection {
  const type = typeNamed(info, 'ViewportCells')
  const outputs: Output[] = []
  const indexes = new Map<string, number>()
  for (const [key, nodes] of selectedFields(info.fieldNodes, info, type)) {
    if (nodes[0]!.name.value !== 'rows') continue
    indexes.set(key, outputs.push({ kind: 'features', fields: groupFields(nodes, info, columns, type) }) - 1)
  }
  const times = [...outputs.map(() => 1), 0]
  outputs.push({ kind: 'features', fields: [property(COUNT, columns.features().field.name)] })
  return { outputs, indexes, startCursor: null, message: messageOf(info, times) }
}

/** Returns the number of all features in the last output of cells. */
export function featuresIn(document: Buffer): number {
  return (JSON.parse(document.toString()) as { readonly count: string }[]).reduce((sum, { count }) => sum + Number(count), 0)
}

function typeNamed(info: GraphQLResolveInfo, name: string): GraphQLObjectType {
  return info.schema.getType(name) as GraphQLObjectType
}

/** Returns the type of a field that is an object or a list of objects. */
function fieldType(type: GraphQLObjectType, field: string): GraphQLObjectType {
  return getNamedType(type.getFields()[field]?.type) as GraphQLObjectType
}

function groupFields(
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  columns: GroupColumns,
  parent = getNamedType(info.returnType) as GraphQLObjectType,
): readonly FeatureField[] {
  const type = fieldType(parent, 'rows')
  return [...selectedFields(nodes, info)].map(([key, inner]): FeatureField => {
    const node = inner[0]!
    if (type instanceof GroupType) {
      const inside = fieldType(type, node.name.value)
      if (type.columnOf(node.name.value)) return typedField(key, inner, info, columns, type)
      if (inside instanceof ColumnsType) {
        const fields = [...selectedFields(inner, info)]
        return { key, field: 'object', fields: fields.map(([key, inner]) => typedField(key, inner, info, columns, inside)) }
      }
    }
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
        return {
          key,
          field: 'object',
          fields: columnFields(inner, info, columns, { column: name, path }, fieldType(type, 'column')),
        }
      }
      case 'cell':
        return columns.cell ? { key, field: 'cell', ...columns.cell, fields: cellFields(inner, info) } : { key, field: 'null' }
      case 'geometry':
        return { key, field: 'object', fields: geometryFields(inner, info, columns) }
      default:
        throw new Error(`No encoder knows Group.${node.name.value}`)
    }
  })
}

function cellFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo): readonly CellField[] {
  return [...selectedFields(nodes, info)].map(([key, [node]]) => ({ key, field: node!.name.value as CellField['field'] }))
}

/** A field for a column: its key, or its figures. */
function typedField(
  key: string,
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  columns: GroupColumns,
  type: ColumnsType,
): FeatureField {
  const name = nodes[0]!.name.value
  if (name === '__typename') return { key, field: '__typename', name: type.name }
  const { column, labels } = type.columnOf(name)!
  requireColumn(column, columns.view)
  const figures = fieldType(type, name)
  if (isObjectType(figures)) {
    return { key, field: 'object', fields: columnFields(nodes, info, columns, { column: column.name }, figures) }
  }
  const found = columns.named.find(([label]) => label === column.name)
  return found ? { ...property(key, found[1].field.name), ...(labels && { labels }) } : { key, field: 'null' }
}

/** Returns the fields of ColumnAggregates, or of a column's own figures, under the nodes. */
function columnFields(
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  columns: GroupColumns,
  place: Place,
  type: GraphQLObjectType,
): readonly FeatureField[] {
  return [...selectedFields(nodes, info)].map(([key, inner]): FeatureField => {
    const node = inner[0]!
    if (node.name.value === '__typename') return { key, field: '__typename', name: type.name }
    return property(key, figureOf(node, columns, place, { type, info, parts: () => itemParts(inner, info, type) }).field.name)
  })
}

interface Selected {
  readonly type: GraphQLObjectType
  readonly info: GraphQLResolveInfo
  /** Returns the fields of an item under the node. */
  readonly parts: () => readonly ItemPart[]
}

function figureOf(node: FieldNode, columns: GroupColumns, place: Place, { type, info, parts }: Selected): GroupColumn {
  const name = node.name.value
  switch (name) {
    case 'count':
    case 'distinct':
    case 'distinctApproximate':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stddev':
      return columns.figure(name, place)
    case 'quantiles':
      return columns.quantiles(place, argumentsOf<ColumnAggregatesQuantilesArgs>(type, node, info).at)
    case 'first':
    case 'last':
      return columns.ordered(name, place, argumentsOf<ColumnAggregatesFirstArgs>(type, node, info).orderBy)
    case 'histogram': {
      const { bins, kind } = argumentsOf<ColumnAggregatesHistogramArgs>(type, node, info)
      return columns.histogram(place, bins ?? 10, kind ?? 'EQUAL_WIDTH', parts())
    }
    case 'values':
      return columns.values(place, argumentsOf<ColumnAggregatesValuesArgs>(type, node, info).first ?? 20, parts())
    default:
      throw new Error(`No encoder knows ColumnAggregates.${name}`)
  }
}

/** Returns the selected fields of a bin or of a counted value. */
function itemParts(nodes: readonly FieldNode[], info: GraphQLResolveInfo, type: GraphQLObjectType): readonly ItemPart[] {
  const { name: typeName } = fieldType(type, nodes[0]!.name.value)
  return [...selectedFields(nodes, info)].map(([key, [node]]) => {
    const name = node!.name.value
    return { key, member: (name === '__typename' ? typeName : name) as ItemPart['member'] }
  })
}

/** Returns the fields of GeometryAggregates under the nodes. */
export function geometryFields(
  nodes: readonly FieldNode[],
  info: GraphQLResolveInfo,
  columns: GroupColumns,
): readonly FeatureField[] {
  const type = typeNamed(info, 'GeometryAggregates')
  return [...selectedFields(nodes, info)].map(([key, [node]]): FeatureField => {
    const name = node!.name.value
    switch (name) {
      case '__typename':
        return { key, field: '__typename', name: type.name }
      case 'extent':
        return property(key, columns.extent().field.name)
      case 'centroid':
      case 'convexHull':
      case 'union': {
        const args = argumentsOf<GeometryAggregatesUnionArgs>(type, node!, info)
        const as = args.as ?? 'GEOJSON'
        const precision = inRange('precision', args.precision, as === 'TWKB' ? TWKB_PRECISION : PRECISION)
        return { key, field: 'geometry', as, precision, geometry: columns.geometry(name) }
      }
      default:
        throw new Error(`No encoder knows GeometryAggregates.${name}`)
    }
  })
}

function property(key: string, name: string): FeatureField {
  return { key, field: 'property', name }
}
