/** Resolves `changes` and its events. */
import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLUnionType,
  getNamedType,
  responsePathAsArray,
} from 'graphql'
import { BATCH_SIZE, inRange, PER_SECOND } from '../../ask/arguments.ts'
import { decodeToken } from '../../ask/change-token.ts'
import { findLayer, layerNotFound, type ReadContext, readRequestFor } from '../../ask/feature-request.ts'
import { geoJsonOutput, type SelectionContext, selectionOf } from '../../ask/selection.ts'
import { join, RawJson } from '../../delivery/raw-json.ts'
import type { FeatureField, Output } from '../../encode/batch.ts'
import { frameOf, within } from '../../encode/encode.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import type { DifferencePart } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import { type ChangeDelivery, ChangeEvents, type ChangeSelection, type DifferenceSelection } from '../change-events.ts'
import type { Context } from '../context.ts'
import type { PageDelivery } from '../delivery.ts'
import { FileVersions } from '../file-versions.ts'
import type { ChangeBatchGeojsonDiffArgs, Resolvers, SubscriptionChangesArgs } from '../generated.ts'
import { argumentsOf, messageOf, selectedFields, toOutput } from '../selection.ts'
import { encoded, list, type Resolver } from './rows.ts'

/** @throws GeoduckError as a stream does */
export async function subscribeToChanges(
  { layer: name, where, since, ...args }: SubscriptionChangesArgs,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<ChangeEvents> {
  const { catalog, cursorSecret } = context.services
  const { operation } = context
  const maxPerSecond = inRange('maxPerSecond', args.maxPerSecond, PER_SECOND)
  const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
  operation.isEndless = true
  operation.layers.add(name)
  const live = catalog.live?.layer(name) && catalog.live
  const layer = live?.layer(name) ?? (await findLayer(name, context))
  const read = (version: Layer, reading: ReadContext) =>
    readRequestFor(version, where ? { where } : {}, reading, (asked) => selectChanges(info, asked))
  const request = await read(layer, context)
  const position = since ? decodeToken(cursorSecret, request.query, since) : null
  const options = { since: position, maxPerSecond, batchSize, renew: (version: Layer) => read(version, readingAgain(context)) }
  return new ChangeEvents(request, options, context, live ?? FileVersions.of(context.services))
}

/** The context in which a request is read again for another version. It has the limits of another operation. */
function readingAgain({ services, operation: { eventLoop } }: Context): ReadContext {
  const operation = { budget: null, layers: new Set<string>(), queries: [], representations: new Set<string>() }
  return { services, operation: { ...operation, eventLoop, whenEnded: () => {} } }
}

/** Returns the layer of a subscription that has no end. @throws GeoduckError UNSUPPORTED for a file */
export function liveLayerOf(name: string, subscription: string, { services: { catalog }, operation }: Context) {
  operation.isEndless = true
  operation.layers.add(name)
  const { live } = catalog
  const layer = live?.layer(name)
  if (live && layer) return { live, layer }
  if (!catalog.layer(name)) throw layerNotFound(name, catalog)
  throw new GeoduckError('UNSUPPORTED', `Layer ${show(name)} is a file; only live layers have \`${subscription}\`.`)
}

const PARTS: Readonly<Record<string, DifferencePart>> = { added: 'ADDED', updated: 'UPDATED', removed: 'REMOVED' }
const KEYS: Output = { kind: 'features', fields: [{ key: 'key', field: 'key' }] }

export function selectChanges(info: GraphQLResolveInfo, asked: SelectionContext): ChangeSelection {
  const snapshotType = eventType(info, 'SnapshotBatch')
  const snapshot = new Outputs()
  const indexes = new Map<string, number>()
  for (const [key, nodes] of selectedFields(info.fieldNodes, info, snapshotType)) {
    const output = toOutput(nodes, snapshotType, info, asked)
    if (output) indexes.set(key, snapshot.add(output))
  }
  const { difference, outputs: changed } = selectDifference(info, asked)
  // Both read the same properties and representations.
  const selection = selectionOf(asked, [...snapshot.outputs, ...changed])
  return { ...selection, outputs: snapshot.outputs, indexes, message: messageOf(info, snapshot.times), difference }
}

/** Returns a type of events: that of the layer, whose name has this ending, if the root field is a layer's own. */
function eventType({ returnType }: GraphQLResolveInfo, name: string): GraphQLObjectType {
  const union = getNamedType(returnType) as GraphQLUnionType
  return union.getTypes().find((type) => type.name.endsWith(name))!
}

function selectDifference(info: GraphQLResolveInfo, asked: SelectionContext) {
  const type = eventType(info, 'ChangeBatch')
  const chosen = new Outputs()
  const fields = new Map<string, ReadonlyMap<string, number>>()
  const diffs = new Map<string, readonly [added: number, updated: number]>()
  let removed: number | null = null
  for (const [key, nodes] of selectedFields(info.fieldNodes, info, type)) {
    const { name } = nodes[0]!
    const part = PARTS[name.value]
    if (name.value === 'geojsonDiff') {
      const output = geoJsonOutput('geojson', argumentsOf<ChangeBatchGeojsonDiffArgs>(type, nodes[0]!, info), asked)
      diffs.set(key, [chosen.add(output, 'ADDED'), chosen.add(output, 'UPDATED')])
      removed = chosen.add(KEYS, 'REMOVED')
    } else if (name.value === 'changed') {
      fields.set(key, new Map([[key, chosen.add(changedOutput(nodes, info), 'UPDATED')]]))
    } else if (part === 'REMOVED') removed = chosen.add(KEYS, part)
    else if (part) {
      const partType = getNamedType(type.getFields()[name.value]!.type) as GraphQLObjectType
      const indexes = new Map<string, number>()
      for (const [inner, innerNodes] of selectedFields(nodes, info, partType)) {
        const output = toOutput(innerNodes, partType, info, asked)
        if (output) indexes.set(inner, chosen.add(output, part))
      }
      fields.set(key, indexes)
    }
  }
  const { outputs, parts, times } = chosen
  const updated = outputs.filter((_, n) => parts[n] === 'UPDATED')
  const watched = selectionOf(asked, updated).properties
  const difference: DifferenceSelection = { outputs, parts, fields, diffs, watched, removed, message: messageOf(info, times) }
  return { difference, outputs }
}

function changedOutput(nodes: readonly FieldNode[], info: GraphQLResolveInfo): Output {
  const fields = [...selectedFields(nodes, info)].map(([key, [node]]): FeatureField => {
    const name = node!.name.value
    if (name === '__typename') return { key, field: '__typename', name: 'FeatureChange' }
    return name === 'key' ? { key, field: 'key' } : { key, field: 'changed', part: name as 'geometry' | 'properties' }
  })
  return { kind: 'features', fields }
}

/** Outputs, each once, with the number of times that it is in the message. */
class Outputs {
  readonly outputs: Output[] = []
  readonly parts: DifferencePart[] = []
  readonly times: number[] = []
  readonly #places = new Map<string, number>()

  add(output: Output, part: DifferencePart = 'ADDED'): number {
    const text = JSON.stringify([part, output])
    const place = this.#places.get(text) ?? this.outputs.push(output) - 1
    this.#places.set(text, place)
    this.parts[place] = part
    this.times[place] = (this.times[place] ?? 0) + 1
    return place
  }
}

/** Returns the page with the outputs of one part. */
const partOf: Resolver<ChangeDelivery, unknown, PageDelivery> = ({ batch, request }, _args, _context, info) => {
  const indexes = request.selection.difference.fields.get(String(info.path.key))!
  return { batch, request: { ...request, selection: { ...request.selection, indexes } } }
}

const changed: Resolver<ChangeDelivery, unknown, never[]> = (delivery, args, context, info) =>
  list(partOf(delivery, args, context, info), args, context, info)

/** Returns an empty list until the result is complete, because graphql-js would complete a list key by key. */
const removed: Resolver<ChangeDelivery, unknown, never[]> = (delivery, _args, { operation }, info) => {
  operation.splice(responsePathAsArray(info.path), new RawJson(removedKeys(delivery)))
  return []
}

/** Returns the keys as a JSON list. */
function removedKeys({ batch, request }: ChangeDelivery): Uint8Array {
  const features = JSON.parse(join(batch.outputs[request.selection.difference.removed!]!).toString()) as { key: string }[]
  return Buffer.from(JSON.stringify(features.map(({ key }) => key)))
}

const geojsonDiff: Resolver<ChangeDelivery, unknown, RawJson> = (delivery, _args, _context, info) => {
  const { batch, request } = delivery
  const { outputs, diffs } = request.selection.difference
  const collections = diffs
    .get(String(info.path.key))!
    .map((index) => within(frameOf(outputs[index]!)!, join(batch.outputs[index]!)))
  const features = collections.filter(({ length }) => length > 0)
  const add = features.flatMap((list, n) => (n === 0 ? [list] : [Buffer.from(','), list]))
  return new RawJson(Buffer.from('{"add":['), ...add, Buffer.from('],"remove":'), removedKeys(delivery), Buffer.from('}'))
}

export const changes: Pick<Resolvers, 'SnapshotBatch' | 'ChangeBatch' | 'ChangedFeatures'> = {
  SnapshotBatch: { count: ({ batch }) => batch.count, features: list, geojson: encoded },
  ChangeBatch: { added: partOf, updated: partOf, changed, removed, geojsonDiff },
  ChangedFeatures: { features: list, geojson: encoded },
}
