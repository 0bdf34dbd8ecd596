/** Turns typed arguments and a selection into a checked request for features of one layer. */
import { hash } from 'node:crypto'
import type { Operation } from '../delivery/operation.ts'
import type { Output } from '../encode/batch.ts'
import type { Capabilities, OperationContext } from '../engines/engine.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { FeatureFilter, FeatureOrder, GeometryInput, InputMaybe } from '../graphql/generated.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Field, isPinned, type Layer } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { Filter, Predicate } from '../model/predicate.ts'
import { type Preparation, progressText } from '../model/preparation.ts'
import type { FeatureQuery, PropertySortKey, Query, RowPosition, SortKey, View } from '../model/query.ts'
import { show } from '../model/show.ts'
import { deadlineRange, inRange } from './arguments.ts'
import { cursorKey, decodeCursor, encodeCursor, fingerprintIn } from './cursor.ts'
import { propertyOf } from './property-of.ts'
import { readingProbe } from './read/read-distance.ts'
import { deeplyFrozen, FilterBudget, readingFilter } from './read/read-filter.ts'
import { Representations, type Selection, type SelectionContext } from './selection.ts'
import { valuesOf } from './values/values-of.ts'
import { requireGeometry, viewOf } from './view.ts'

/** The delay before the next attempt, if the remaining time is unknown. */
const RETRY_SECONDS = 5

/** A request for rows: features, or groups of them. */
export interface RowRequest {
  readonly query: Query
  /** Milliseconds. Null: the server's limit. */
  readonly deadlineMs: number | null
  readonly selection: Pick<Selection, 'indexes' | 'startCursor' | 'message' | 'countsScan'>
}

export interface FeatureRequest extends RowRequest {
  readonly query: FeatureQuery
  readonly selection: Selection
}

export interface FeatureArguments {
  readonly layer: string
  readonly where?: InputMaybe<FeatureFilter>
  readonly orderBy?: InputMaybe<readonly FeatureOrder[]>
  /** Absent for a request that is not for the nearest features. */
  readonly nearest?: NearestArguments
  readonly after?: InputMaybe<string>
  readonly limit?: InputMaybe<number>
  readonly deadline?: InputMaybe<number>
}

/** Orders by distance, and leaves out features without a distance. */
export interface NearestArguments {
  readonly to: GeometryInput
  /** Leaves out features that are farther away. */
  readonly maxDistance?: InputMaybe<number> | undefined
}

/** The services and the operation that a request is read with. */
export interface ReadContext {
  readonly services: Pick<Services, 'can' | 'catalog' | 'cursorSecret' | 'deadlineSeconds' | 'filterLimits'>
  readonly operation: Pick<Operation, 'budget' | 'layers' | 'eventLoop' | 'queries' | 'representations' | 'whenEnded'>
}

/** @throws GeoduckError LAYER_NOT_FOUND, LAYER_NOT_READY, BAD_INPUT, LIMIT_EXCEEDED, CURSOR_INVALID, CURSOR_EXPIRED */
export async function readFeatureRequest(
  args: FeatureArguments,
  context: ReadContext,
  select: (asked: SelectionContext) => Selection,
): Promise<FeatureRequest> {
  const layer = await findLayer(args.layer, context, args.after)
  await context.operation.eventLoop.yieldIfDue()
  return await readRequestFor(layer, args, context, select)
}

/** The same for a layer that was found. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED, CURSOR_INVALID, CURSOR_EXPIRED */
export async function readRequestFor<Chosen extends Selection>(
  layer: Layer,
  args: Omit<FeatureArguments, 'layer'>,
  context: ReadContext,
  select: (asked: SelectionContext) => Chosen,
): Promise<FeatureRequest & { readonly selection: Chosen }> {
  const view = viewOf(layer)
  const selection = select({ view, representations: new Representations(layer, context.operation) })
  const budget = budgetOf(context)
  if (args.nearest) requireGeometry(view.layer, 'nearest')
  const orders = args.nearest ? [{ distance: args.nearest }] : (args.orderBy ?? [])
  const orderBy = await context.operation.eventLoop.run(readingOrder(orders, view, budget, args.nearest && 'to'))
  const where = args.where ? await readWhere(args.where, view, context) : null
  const { can, cursorSecret } = context.services
  const query: FeatureQuery = {
    kind: 'features',
    view,
    where: args.nearest ? atMost(args.nearest.maxDistance ?? null, orderBy, where) : where,
    orderBy,
    limit: args.limit ?? null,
    after: null,
    outputs: selection.outputs,
    representations: selection.representations,
    properties: selection.properties,
  }
  requireCapable(query, can)
  const deadlineMs = deadlineOf(args, context)
  const after = args.after ? decodeCursor(cursorSecret, query, args.after) : null
  const key = selection.outputs.some(hasCursors) ? { cursorKey: cursorKey(cursorSecret, query) } : {}
  const asked = Object.freeze({ ...query, after, ...key })
  context.operation.queries.push(asked)
  return { query: asked, selection, deadlineMs }
}

/** Reads and counts a filter once, even if several root fields of one layer have the same filter. */
export function readWhere(where: FeatureFilter, view: View, context: ReadContext): Promise<Filter> {
  const { operation } = context
  const budget = budgetOf(context)
  return budget.once(where, `${view.layer.name} ${view.layer.fingerprint} ${view.digest}`, () =>
    operation.eventLoop.run(readingFilter(where, view, budget)),
  )
}

export function budgetOf({ services, operation }: ReadContext): FilterBudget {
  operation.budget ??= new FilterBudget(services.filterLimits)
  return operation.budget
}

/** Adds to `where` that a feature has a distance, of at most `most`. */
function atMost(most: number | null, [key]: readonly SortKey[], where: Filter | null): Filter {
  if (most !== null && !(Number.isFinite(most) && most >= 0))
    throw new GeoduckError('BAD_INPUT', `\`maxDistance\` takes a finite number from 0 on, not ${show(most)}.`)
  if (key?.kind !== 'distance') throw new RangeError('the nearest features are ordered by distance')
  const measured = { kind: 'measured', probe: key.probe, most } as const
  const digest = hash('sha256', JSON.stringify([where?.digest ?? null, key.probe.digest, most]))
  return Object.freeze({
    predicate: Object.freeze(where ? { kind: 'and', members: [where.predicate, measured] } : measured),
    digest,
  })
}

function hasCursors({ kind }: Output): boolean {
  return kind === 'edges' || kind === 'start-cursor'
}

/** Returns the current version of the layer with this name, or with this long name. A live layer has the version of the cursor, if it is kept. */
export async function findLayer(name: string, { services, operation }: ReadContext, after?: InputMaybe<string>): Promise<Layer> {
  const layer = services.catalog.layer(name)
  if (!layer) throw layerNotFound(name, services.catalog)
  return await readableLayer(layer, { services, operation }, after ? fingerprintIn(after) : null)
}

/** Returns the current version of a layer, or of a live layer the version with this digest. Its data is kept until the operation ends. */
export async function readableLayer(
  layer: Layer,
  { services, operation }: ReadContext,
  version: string | null = null,
): Promise<Layer> {
  operation.layers.add(layer.name)
  const { live } = services.catalog
  const earlier = version === null ? undefined : live?.versionOf(layer.name, version)
  const fresh = earlier ?? (await services.catalog.fresh(layer))
  if (live && fresh.relation.kind === 'live') operation.whenEnded(live.use(fresh))
  if (fresh.preparation) throw layerNotReady(layer.name, fresh.preparation)
  return fresh
}

export function layerNotReady(name: string, preparation: Preparation): GeoduckError {
  return new GeoduckError('LAYER_NOT_READY', `Layer ${name} is being prepared: ${progressText(preparation)}. Ask again.`, {
    details: { retryAfter: Math.ceil(preparation.secondsLeft ?? RETRY_SECONDS) },
  })
}

export function cursorAt(position: RowPosition, { query }: Pick<RowRequest, 'query'>, { services }: Context): string {
  return encodeCursor(services.cursorSecret, query, position)
}

/** The context that the engine needs to run a query. */
export function operationContext(
  { operation, services }: Context,
  {
    query: {
      view: { layer },
    },
    deadlineMs,
    selection,
  }: Pick<RowRequest, 'query' | 'deadlineMs'> & Partial<Pick<RowRequest, 'selection'>>,
): OperationContext {
  const { catalog } = services
  const writes = catalog.writes(layer)
  const unchanged = async () =>
    catalog.live?.holds(layer) ||
    isPinned(layer) ||
    ((await catalog.fresh(layer)).fingerprint === layer.fingerprint && catalog.writes(layer) === writes)
  const limit = deadlineMs === null ? {} : { deadlineMs }
  const { id, client, address, clock, heldMemory } = operation
  const unreadable = (reason: string) => catalog.unreadable(layer, reason)
  const countsScan = selection?.countsScan ?? false
  return { id, client, address, clock, heldMemory, unchanged, unreadable, countsScan, ...limit }
}

export function deadlineOf({ deadline }: Pick<FeatureArguments, 'deadline'>, { services }: ReadContext): number | null {
  if (deadline === undefined || deadline === null) return null
  return 1_000 * inRange('deadline', deadline, deadlineRange(services.deadlineSeconds))
}

/** Most names in a message. */
const MOST_RIVALS = 8

/** Returns the error for a name that no layer has, or that several layers ask for. */
export function layerNotFound(name: string, catalog: ReadContext['services']['catalog']): GeoduckError {
  const quoted = (names: readonly string[]) => names.map((other) => `\`${other}\``).join(', ')
  const rivals = catalog.rivals(name)
  if (rivals.length > 0) {
    const more = rivals.length > MOST_RIVALS ? ` and ${rivals.length - MOST_RIVALS} more` : ''
    const message = `\`${name}\` is the short name of ${rivals.length} layers, so it belongs to none of them; use the long name of one: ${quoted(rivals.slice(0, MOST_RIVALS))}${more}.`
    return new GeoduckError('LAYER_NOT_FOUND', message)
  }
  const near = nearNames(
    name,
    catalog.layers().map((layer) => layer.name),
  )
  const hint = near.length > 0 ? ` Near: ${quoted(near)}.` : ''
  return new GeoduckError('LAYER_NOT_FOUND', `No layer is named \`${name.slice(0, 100)}\`; \`layers\` lists them.${hint}`)
}

/* Refuses a query that needs something that the engine lacks, before it runs. */

/** @throws GeoduckError UNSUPPORTED with the layer, the engine and what it lacks */
export function requireCapable(query: Query, { engine, lacks }: Capabilities): void {
  if (lacks.size === 0) return
  const lacking = needsOf(query).find((need) => lacks.has(need))
  if (lacking === undefined) return
  throw new GeoduckError(
    'UNSUPPORTED',
    `Layer ${query.view.layer.name} is served by ${engine}, which has no ${WORDS[lacking]}; ask without it.`,
  )
}

type Need = Capabilities['lacks'] extends ReadonlySet<infer Name> ? Name : never

const WORDS: Readonly<Record<Need, string>> = {
  aggregate: 'aggregates',
  orderBy: '`orderBy`',
  crs: '`crs` of the result',
  simplify: '`simplify`',
  spatial: 'filters by geometry',
  distance: 'distances',
  property: 'filters by property',
}

function needsOf(query: Query): readonly Need[] {
  const filters = [query.where, query.view.rule].flatMap((filter) => (filter ? predicateNeeds(filter.predicate) : []))
  if (query.kind === 'groups') return ['aggregate', ...filters]
  const { orderBy, representations = [] } = query
  return [
    ...filters,
    ...(orderBy.length > 0 ? (['orderBy'] as const) : []),
    ...(orderBy.some(({ kind }) => kind === 'distance') ? (['distance'] as const) : []),
    ...representations.flatMap(({ crs, simplify }) => [
      ...(crs ? (['crs'] as const) : []),
      ...(simplify === null ? [] : (['simplify'] as const)),
    ]),
  ]
}

function predicateNeeds(predicate: Predicate): readonly Need[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.members.flatMap(predicateNeeds)
    case 'not':
      return predicateNeeds(predicate.member)
    case 'measured':
      return ['distance']
    case 'window':
      return ['spatial']
    default:
      return [predicate.kind]
  }
}

/** Reads the requested order. The natural order of the source breaks every tie. */
export const MAX_SORT_KEYS = 8

/**
 * Returns the sort keys. By default, nulls are last in both directions. `to` is the name of the probe in messages. @throws GeoduckError
 * BAD_INPUT for an unknown property, one without an order, or a repeated key
 */
export function* readingOrder(
  orderBy: readonly FeatureOrder[],
  view: View,
  budget: FilterBudget,
  to = 'orderBy.distance.to',
): Generator<undefined, readonly SortKey[]> {
  if (orderBy.length > MAX_SORT_KEYS) throw new GeoduckError('LIMIT_EXCEEDED', `\`orderBy\` takes at most ${MAX_SORT_KEYS} keys.`)
  const seen = new Set<Field | 'distance'>()
  const keys: SortKey[] = []
  for (const { property, distance, direction, nulls } of orderBy) {
    if (isGiven(property) === isGiven(distance))
      throw new GeoduckError(
        'BAD_INPUT',
        'Each key of `orderBy` takes exactly one of `property` (`by` in typed fields) and `distance`.',
      )
    const way = { descending: direction === 'DESC', nullsFirst: nulls === 'FIRST' }
    const field = distance ? 'distance' : propertyOf(view, property!)
    if (seen.has(field)) {
      const name = field === 'distance' ? '`distance`' : `property ${show(field.name)}`
      throw new GeoduckError('BAD_INPUT', `\`orderBy\` names ${name} twice.`)
    }
    seen.add(field)
    if (distance) {
      keys.push({ kind: 'distance', probe: deeplyFrozen(yield* readingProbe(distance.to, view, to, budget)), ...way })
    } else if (field !== 'distance') {
      if (!valuesOf(field.type))
        throw new GeoduckError('BAD_INPUT', `\`orderBy\`: property ${show(field.name)} is ${field.native}, which has no order.`)
      keys.push({ kind: 'property', field, ...way })
    }
  }
  return keys
}

/** @throws GeoduckError BAD_INPUT also for a distance */
export function readPropertyOrder(orderBy: readonly FeatureOrder[], view: View): readonly PropertySortKey[] {
  if (orderBy.some(({ distance }) => distance)) {
    throw new GeoduckError('BAD_INPUT', '`first` and `last` of a column take an order by properties, not by `distance`.')
  }
  // Without a distance, there is nothing to stop for.
  return readingOrder(orderBy, view, new FilterBudget()).next().value as readonly PropertySortKey[]
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
