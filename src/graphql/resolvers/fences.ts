/** Resolves `fences` and its events. */
import { hash } from 'node:crypto'
import { type GraphQLObjectType, type GraphQLResolveInfo, getNamedType } from 'graphql'
import { inRange, PER_SECOND } from '../../ask/arguments.ts'
import { decodeToken } from '../../ask/change-token.ts'
import { budgetOf, layerNotFound, layerNotReady, readRequestFor } from '../../ask/feature-request.ts'
import { propertyOf } from '../../ask/property-of.ts'
import { deeplyFrozen } from '../../ask/read/read-filter.ts'
import { readGeometry } from '../../ask/read/read-geometry.ts'
import { type Selection, type SelectionContext, selectionOf } from '../../ask/selection.ts'
import { requireGeometry, viewOf } from '../../ask/view.ts'
import type { FeatureField, Output } from '../../encode/batch.ts'
import { GeoduckError } from '../../model/errors.ts'
import { type Field, identityOf, type Layer, sameCrs } from '../../model/layer.ts'
import { DETECTIONS, type Detection, EVENT_COLUMNS, type FenceArea, type Fencing, STAY_COLUMNS } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import type { Context } from '../context.ts'
import { FenceEvents, type FenceRequest, requireFew } from '../fence-events.ts'
import type { DwellInput, FenceBatchResolvers, FencesInput, SubscriptionFencesArgs } from '../generated.ts'
import { featureFields, messageOf, selectedFields } from '../selection.ts'
import { liveLayerOf } from './changes.ts'
import { list } from './rows.ts'

/** @throws GeoduckError UNSUPPORTED for a file, and as a stream does */
export async function subscribeToFences(
  { objects: name, fences, where, since, detect: wanted, dwell, ...args }: SubscriptionFencesArgs,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<FenceEvents> {
  const { cursorSecret } = context.services
  const maxPerSecond = inRange('maxPerSecond', args.maxPerSecond, PER_SECOND)
  const { live, layer: objects } = liveLayerOf(name, 'fences', context)
  const area = await readArea(fences, objects, context)
  const detect = readDetect(wanted ?? null, area)
  if (area.kind === 'layer') requireFew(area.view.layer, detect)
  const fencing = deeplyFrozen({ area, detect, ...readDwell(dwell ?? null, detect, objects) })
  const { query, ...read } = await readRequestFor(objects, where ? { where } : {}, context, (asked) =>
    selectEvents(info, asked, fencing),
  )
  const request: FenceRequest = {
    ...read,
    query: { ...query, properties: [...query.properties, ...columnsOf(fencing)] },
    fencing,
    digest: digestOf(fencing),
  }
  const position = since ? decodeToken(cursorSecret, query, since, `fences ${request.digest}`) : null
  return new FenceEvents(request, { since: position, maxPerSecond }, context, live)
}

const TRANSITIONS: readonly Detection[] = ['ENTER', 'EXIT', 'CROSS']

function readDetect(wanted: readonly Detection[] | null, { kind }: FenceArea): readonly Detection[] {
  const possible = DETECTIONS.filter((detection) => (detection === 'ROAM') === (kind === 'roam'))
  const chosen = possible.filter((detection) => (wanted ?? [...TRANSITIONS, 'ROAM']).includes(detection))
  const other = wanted?.find((detection) => !possible.includes(detection))
  if (other) throw new GeoduckError('BAD_INPUT', `\`detect\`: these fences have no ${other}; ROAM is the only event of \`roam\`.`)
  if (chosen.length === 0) throw new GeoduckError('BAD_INPUT', '`detect` takes at least one event.')
  return chosen
}

const DWELL_SECONDS = [0, 604_800, 0] as const

function readDwell(dwell: DwellInput | null, detect: readonly Detection[], objects: Layer): Pick<Fencing, 'dwell'> {
  if (detect.includes('DWELL') !== (dwell !== null))
    throw new GeoduckError('BAD_INPUT', 'DWELL in `detect` and `dwell` belong together; give both or none.')
  if (!dwell) return {}
  const time = propertyOf(viewOf(objects), dwell.time)
  if (time.type.kind !== 'timestamp')
    throw new GeoduckError('BAD_INPUT', `\`dwell.time\`: column ${show(time.name)} is ${time.native}, and no TIMESTAMP.`)
  return { dwell: { time, seconds: inRange('dwell.seconds', dwell.seconds, DWELL_SECONDS) } }
}

async function readArea({ layer: name, geometry, roam }: FencesInput, objects: Layer, context: Context): Promise<FenceArea> {
  const given = [name, geometry, roam].filter((value) => value !== undefined && value !== null)
  if (given.length !== 1) throw new GeoduckError('BAD_INPUT', '`fences` takes exactly one of `layer`, `geometry` and `roam`.')
  if (geometry)
    return { kind: 'geometry', geometry: readGeometry(geometry, objects, 'fences.geometry', budgetOf(context).geometry) }
  if (typeof name !== 'string') return { kind: 'roam', view: viewOf(objects), distance: readRoam(roam!, objects) }
  const { catalog } = context.services
  const known = catalog.layer(name)
  if (!known) throw layerNotFound(name, catalog)
  const layer = await catalog.fresh(known)
  if (layer.preparation) throw layerNotReady(layer.name, layer.preparation)
  requireGeometry(layer, 'fences')
  const { relation } = layer
  if (relation.kind === 'gathered') {
    const message = `\`fences.layer\`: engine ${relation.engine} gathers the rows of ${show(layer.name)}; name a layer of files, or a live one.`
    throw new GeoduckError('UNSUPPORTED', message)
  }
  if (identityOf(layer) === identityOf(objects))
    throw new GeoduckError('BAD_INPUT', '`fences` takes another layer than `objects`; `roam` compares objects with each other.')
  if (!layer.crs || !objects.crs || !sameCrs(layer.crs, objects.crs))
    throw new GeoduckError('BAD_INPUT', `\`fences\`: layer ${show(layer.name)} has another CRS than ${show(objects.name)}.`)
  return { kind: 'layer', view: viewOf(layer) }
}

/** Metres, or units of the CRS. */
const FURTHEST_METRES = 1_000_000

function readRoam(distance: number, { crs }: Layer): number {
  const most = crs?.isLonLat ? FURTHEST_METRES : Number.MAX_VALUE
  if (distance >= 0 && distance <= most) return distance
  throw new GeoduckError(
    'BAD_INPUT',
    `\`fences.roam\` takes a distance from 0${crs?.isLonLat ? ' to 1,000,000 metres' : ' on'}, not ${show(distance)}.`,
  )
}

function digestOf({ area, detect, dwell }: Fencing): string {
  const { kind } = area
  const of =
    kind === 'geometry'
      ? [hash('sha256', area.geometry.wkb), area.geometry.crs?.code]
      : kind === 'layer'
        ? identityOf(area.view.layer)
        : area.distance
  return hash('sha256', JSON.stringify([kind, of, detect, dwell && [dwell.time.name, dwell.seconds]]))
}

function columnsOf({ dwell }: Fencing): readonly Field[] {
  const names = [...Object.values(EVENT_COLUMNS), ...(dwell ? Object.values(STAY_COLUMNS) : [])]
  return names.map((name) =>
    name === EVENT_COLUMNS.distance || name === STAY_COLUMNS.time
      ? { name, type: { kind: 'float', bits: 64 }, native: 'DOUBLE', jsonType: 'NUMBER', nullable: true }
      : { name, type: { kind: 'utf8' }, native: 'VARCHAR', jsonType: 'STRING', nullable: true },
  )
}

function selectEvents(info: GraphQLResolveInfo, asked: SelectionContext, { dwell }: Fencing): Selection {
  const type = info.schema.getType('FenceBatch') as GraphQLObjectType
  const eventType = getNamedType(type.getFields()['events']!.type) as GraphQLObjectType
  const outputs: Output[] = []
  const indexes = new Map<string, number>()
  for (const [key, nodes] of selectedFields(info.fieldNodes, info, type)) {
    if (nodes[0]!.name.value !== 'events') continue
    const fields = [...selectedFields(nodes, info, eventType)].map(([key, inner]): FeatureField => {
      const name = inner[0]!.name.value
      if (name === '__typename') return { key, field: '__typename', name: eventType.name }
      if (name !== 'object') return { key, field: 'property', name: EVENT_COLUMNS[name as keyof typeof EVENT_COLUMNS] }
      return { key, field: 'object', fields: featureFields(inner, info, asked).map((field) => withoutEvent(field, asked)) }
    })
    indexes.set(key, outputs.push({ kind: 'features', fields }) - 1)
  }
  if (dwell) outputs.push(FOLLOWED)
  const message = messageOf(
    info,
    outputs.map(() => 1),
  )
  return { ...selectionOf(asked, outputs), indexes, message }
}

/** The output that `Stays` reads. */
const FOLLOWED: Output = {
  kind: 'features',
  fields: [
    { key: 'object', field: 'key' },
    ...(['detect', 'fence', 'version'] as const).map((key) => ({ key, field: 'property', name: EVENT_COLUMNS[key] }) as const),
    ...(['stay', 'time'] as const).map((key) => ({ key, field: 'property', name: STAY_COLUMNS[key] }) as const),
  ],
}

/** All properties are those of the object: the columns of the event are none of them. */
function withoutEvent(field: FeatureField, { view }: SelectionContext): FeatureField {
  return field.field === 'properties' ? { ...field, only: field.only ?? view.fields.map(({ name }) => name) } : field
}

export const fenceBatch: FenceBatchResolvers = { count: ({ batch }) => batch.count, events: list }
