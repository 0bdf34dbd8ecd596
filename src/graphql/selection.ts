/** What a selection asks a worker to make, and which properties that takes. */
import { type FieldNode, type GraphQLObjectType, type GraphQLResolveInfo, getArgumentValues, getNamedType } from 'graphql'
import { requireLonLat } from '../ask/lon-lat.ts'
import { inRange, PRECISION } from '../ask/range.ts'
import type { FeatureField, Output } from '../encode/batch.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { FeatureQuery } from '../model/query.ts'
import { arrowOutput } from './arrow-output.ts'
import { selectedFields } from './fields.ts'
import type { FeatureBatchArrowArgs, FeatureBatchGeojsonArgs, FeatureGeometryArgs, FeaturePropertiesArgs } from './generated.ts'

export interface Selection {
  /** Each is made once, under however many response keys it stands. */
  readonly outputs: readonly Output[]
  /** Response key of a `features`, `geojson` or `arrow` -> index into `outputs`. */
  readonly indexes: ReadonlyMap<string, number>
  /** Null: all. */
  readonly properties: readonly string[] | null
}

/** What an output may depend on beside its own arguments. */
export type Asked = Pick<FeatureQuery, 'layer' | 'crs'>

/** Of a field whose type is FeaturePage or FeatureBatch. */
export function selectOutputs(info: GraphQLResolveInfo, asked: Asked): Selection {
  const outputs: Output[] = []
  const places = new Map<string, number>()
  const indexes = new Map<string, number>()
  for (const [key, nodes] of selectedFields(info.fieldNodes, info)) {
    const output = toOutput(nodes, info, asked)
    if (!output) continue
    const text = JSON.stringify(output)
    const place = places.get(text) ?? outputs.push(output) - 1
    places.set(text, place)
    indexes.set(key, place)
  }
  return { outputs, indexes, properties: propertiesOf(outputs) }
}

/** Of a field whose type is Feature. */
export function selectFeature(info: GraphQLResolveInfo, layer: Layer): Selection {
  const outputs = [{ kind: 'features', fields: featureFields(info.fieldNodes, info, layer) }] as const
  return { outputs, indexes: new Map(), properties: propertiesOf(outputs) }
}

function toOutput(nodes: readonly FieldNode[], info: GraphQLResolveInfo, asked: Asked): Output | null {
  const node = nodes[0]!
  switch (node.name.value) {
    case 'geojson': {
      requireLonLat(asked)
      const args = argumentsOf<FeatureBatchGeojsonArgs>(getNamedType(info.returnType), node, info)
      return { kind: 'geojson', precision: precision(args), ...(args.bbox ? { bbox: true } : {}) }
    }
    case 'arrow':
      return arrowOutput(
        'arrow-base64',
        argumentsOf<FeatureBatchArrowArgs>(getNamedType(info.returnType), node, info),
        asked.layer,
      )
    case 'features':
      return { kind: 'features', fields: featureFields(nodes, info, asked.layer) }
    default:
      return null
  }
}

function featureFields(nodes: readonly FieldNode[], info: GraphQLResolveInfo, layer: Layer): readonly FeatureField[] {
  const type = info.schema.getType('Feature')
  return [...selectedFields(nodes, info)].map(([key, [node]]) => {
    switch (node!.name.value) {
      case 'id':
      case 'bbox':
      case '__typename':
        return { key, field: node!.name.value }
      case 'geometry': {
        const args = argumentsOf<FeatureGeometryArgs>(type, node!, info)
        return { key, field: 'geometry', as: args.as ?? 'GEOJSON', precision: precision(args) }
      }
      case 'properties':
        return { key, field: 'properties', only: columns(argumentsOf<FeaturePropertiesArgs>(type, node!, info).only, layer) }
      default:
        throw new Error(`No encoder knows Feature.${node!.name.value}`)
    }
  })
}

function argumentsOf<Args>(type: unknown, node: FieldNode, info: GraphQLResolveInfo): Args {
  const field = (type as GraphQLObjectType).getFields()[node.name.value]!
  return getArgumentValues(field, node, info.variableValues) as Args
}

function precision(args: { readonly precision?: number | null | undefined }): number {
  return inRange('precision', args.precision, PRECISION)
}

/** In the layer's order, each once. */
function columns(only: readonly string[] | null | undefined, layer: Layer): readonly string[] | null {
  if (!only) return null
  const names = layer.columns.map(({ name }) => name)
  const known = new Set(names)
  const unknown = only.find((name) => !known.has(name))
  if (unknown === undefined) {
    const wanted = new Set(only)
    return names.filter((name) => wanted.has(name))
  }
  const near = nearNames(unknown, names).map((name) => `\`${name}\``)
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : ' `layer { columns }` lists them.'
  throw new GeoduckError('BAD_INPUT', `\`only\` names \`${unknown}\`, which is no property of ${layer.name}.${hint}`)
}

function propertiesOf(outputs: readonly Output[]): readonly string[] | null {
  const names = new Set<string>()
  for (const output of outputs) {
    if (output.kind !== 'features') return null
    for (const field of output.fields) {
      if (field.field !== 'properties') continue
      if (field.only === null) return null
      for (const name of field.only) names.add(name)
    }
  }
  return [...names]
}
