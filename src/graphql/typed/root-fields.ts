/** Resolves the root fields of a layer: it turns their arguments into those of the generic root fields, which do the rest. */
import type { GraphQLFieldResolver } from 'graphql'
import { findLayer } from '../../ask/feature-request.ts'
import type { GroupArguments, GroupRequest } from '../../ask/groups/read-groups.ts'
import { nullMember } from '../../ask/read/null-member.ts'
import { DEEPEST_FILTER } from '../../ask/read/read-filter.ts'
import { noComparison, refuseNullTests } from '../../ask/read/read-property.ts'
import type { BatchEvent } from '../../delivery/batch-events.ts'
import { GeoduckError } from '../../model/errors.ts'
import { keyIn } from '../../model/feature-id.ts'
import type { FieldType } from '../../model/field-type.ts'
import { show } from '../../model/show.ts'
import type { ChangeResult } from '../change-events.ts'
import type { Context } from '../context.ts'
import type { FeatureFilter, FeatureOrder, PropertyFilter, QueryNearestArgs, SubscriptionChangesArgs } from '../generated.ts'
import { groupStream, groupsOf } from '../resolvers/aggregate.ts'
import { subscribeToChanges } from '../resolvers/changes.ts'
import { featureOf, featureStream, featuresOf } from '../resolvers/resolvers.ts'
import { memberNames } from './names.ts'

/** A member of a typed filter that compares a column. */
export interface TypedFilter {
  /** The column's name. */
  readonly name: string
  readonly type: FieldType
}

type Resolve<Args> = GraphQLFieldResolver<unknown, Context, Args>

/** Arguments that typed and generic root fields share. */
interface Arguments {
  readonly where?: Where | null
  readonly orderBy?: readonly Order[] | null
  readonly first?: number | null
  readonly batchSize?: number | null
  readonly limit?: number | null
  readonly after?: string | null
  readonly deadline?: number | null
}

interface Order extends Omit<FeatureOrder, 'property'> {
  /** The column's name: the value that the enum stands for. */
  readonly by?: string | null
}

/** The arguments of nearest features. */
type Nearest = Pick<QueryNearestArgs, 'to' | 'maxDistance'> & Omit<Arguments, 'orderBy'>

/** The arguments of groups. Columns are their names. */
interface Groups extends Omit<GroupArguments, 'layer' | 'where' | 'groupBy'>, Pick<Arguments, 'where' | 'first' | 'batchSize'> {
  readonly groupBy?: readonly string[] | null
}

type Changes = Omit<SubscriptionChangesArgs, 'layer' | 'where'> & Pick<Arguments, 'where'>

export type Where = Readonly<Record<string, unknown>> & {
  readonly and?: readonly Where[] | null
  readonly or?: readonly Where[] | null
  readonly not?: Where | null
  readonly geometry?: Omit<FeatureFilter, 'and' | 'or' | 'not' | 'property'> | null
}

export interface TypedResolvers {
  readonly features: Resolve<Arguments>
  readonly feature: Resolve<{ readonly key: string }>
  readonly nearest: Resolve<Nearest>
  readonly groups: Resolve<Groups>
  readonly groupBatches: { readonly subscribe: Resolve<Groups>; readonly resolve: Resolve<unknown> }
  readonly batches: { readonly subscribe: Resolve<Arguments>; readonly resolve: Resolve<unknown> }
  readonly changes: { readonly subscribe: Resolve<Changes>; readonly resolve: Resolve<unknown> }
}

/** `filterOf` finds the column that a member of a filter compares. */
export function typedResolvers(layer: string, filterOf: (field: string) => TypedFilter | undefined): TypedResolvers {
  /** A variable that is used in several root fields is one object. Its filter is too, so that it is read and counted once. */
  const filters = new WeakMap<Where, FeatureFilter>()
  const selecting = ({ where }: Pick<Arguments, 'where'>) => {
    const filter = where && (filters.get(where) ?? genericFilter(where, filterOf))
    if (where && filter) filters.set(where, filter)
    return { layer, where: filter ?? null }
  }
  const generic = (args: Arguments) => {
    const order = args.orderBy?.map(({ by, ...how }): FeatureOrder => ({ ...how, ...(by && { property: by }) }))
    return { ...args, ...selecting(args), orderBy: order ?? null }
  }
  const grouped = (args: Groups) => {
    const groupBy = args.groupBy?.map((column) => ({ column }))
    return { ...args, ...selecting(args), groupBy: groupBy ?? null }
  }
  return {
    features: (_root, args, context, info) => featuresOf(generic(args), context, info),
    feature: async (_root, { key }, context, info) => {
      const found = await findLayer(layer, context)
      return await featureOf(found, keyIn(key, found), context, info)
    },
    nearest: (_root, { to, maxDistance, ...args }, context, info) =>
      featuresOf({ ...args, ...selecting(args), nearest: { to, maxDistance } }, context, info),
    groups: (_root, args, context, info) => groupsOf(grouped(args), context, info),
    groupBatches: {
      subscribe: (_root, args, context, info) => groupStream(grouped(args), context, info),
      resolve: (event) => (event as BatchEvent<'aggregateBatches', GroupRequest>).aggregateBatches,
    },
    batches: {
      subscribe: (_root, args, context, info) => featureStream(generic(args), context, info),
      resolve: (event) => (event as BatchEvent).featureBatches,
    },
    changes: {
      subscribe: (_root, args, context, info) => subscribeToChanges({ ...args, ...selecting(args) }, context, info),
      resolve: (event) => (event as ChangeResult).changes,
    },
  }
}

/** Returns the generic filter. What is deeper than any filter may be is left out, because the whole is refused. */
export function genericFilter(where: Where, filterOf: (field: string) => TypedFilter | undefined, depth = 1): FeatureFilter {
  if (depth > DEEPEST_FILTER) return {}
  if (Object.values(where).includes(null)) throw nullMember(where)
  const { and, or, not, geometry, ...columns } = where
  if (geometry && Object.keys(geometry).length === 0)
    throw new GeoduckError('BAD_INPUT', '`geometry` has no member: give one, such as `bbox`, or leave it out.')
  const inner = (where: Where) => genericFilter(where, filterOf, depth + 1)
  const properties = Object.entries(columns).flatMap(([field, tests]) => {
    const { name, type } = filterOf(field)!
    return propertyFilters({ name, path: [], type }, tests)
  })
  const [only, ...more] = properties
  const all = [...(more.length > 0 ? properties.map((property) => ({ property })) : []), ...(and?.map(inner) ?? [])]
  return {
    ...geometry,
    ...(all.length > 0 && { and: all }),
    ...(or && { or: or.map(inner) }),
    ...(not && { not: inner(not) }),
    ...(only && more.length === 0 && { property: only }),
  }
}

interface Subject extends TypedFilter {
  readonly path: readonly string[]
}

/** A struct is compared member by member. */
function propertyFilters({ name, path, type }: Subject, tests: unknown): PropertyFilter[] {
  if (typeof tests !== 'object' || tests === null) return []
  const called = [name, ...path].map(show).join('.')
  refuseNullTests(tests, called)
  if (type.kind !== 'struct' || type.fields.length === 0) {
    const { path: inside, ...operators } = tests as Partial<PropertyFilter>
    const whole = [...path, ...(inside ?? [])]
    const values = Object.entries(operators).map(([operator, value]) => [operator, jsonOf(value)])
    return [{ name, ...(whole.length > 0 && { path: whole }), ...Object.fromEntries(values) }]
  }
  const names = memberNames(type.fields)
  const { isNull, ...members } = tests as Readonly<Record<string, unknown>>
  const ofStruct = typeof isNull === 'boolean' ? [{ name, ...(path.length > 0 && { path }), isNull }] : []
  const ofMembers = type.fields.flatMap((member) =>
    propertyFilters({ name, path: [...path, member.name], type: member.type }, members[names.get(member.name)!.field]),
  )
  if (ofStruct.length + ofMembers.length === 0) throw noComparison(called)
  return [...ofStruct, ...ofMembers]
}

/** Generic filters take a wide integer as text. */
export function jsonOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonOf)
  return typeof value === 'bigint' ? String(value) : value
}
