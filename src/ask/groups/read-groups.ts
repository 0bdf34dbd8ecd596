/** Turns typed arguments and a selection into a checked request for groups of one layer's features. */
import { hash } from 'node:crypto'
import type { Output } from '../../encode/batch.ts'
import type {
  CellGrid,
  FeatureFilter,
  GroupCondition,
  GroupKey,
  GroupOrder,
  InputMaybe,
  TimeBucket,
} from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { isJson } from '../../model/field-type.ts'
import type { Predicate } from '../../model/predicate.ts'
import type { FeatureQuery, GroupColumn, GroupQuery, PropertySortKey } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import { cursorKey, decodeCursor } from '../cursor.ts'
import { deadlineOf, findLayer, type ReadContext, type RowRequest, readWhere, requireCapable } from '../feature-request.ts'
import { memberAt, type NamedMember } from '../read/member.ts'
import { nullMember } from '../read/null-member.ts'
import { readTests } from '../read/read-property.ts'
import type { Selection } from '../selection.ts'
import { valuesOf } from '../values/values-of.ts'
import { viewOf } from '../view.ts'
import { readGrid } from './grid.ts'
import { GroupColumns, type KeyType, type Place, type SimpleFigure } from './group-columns.ts'
import { DAY, readPeriod, readTimeZone } from './period.ts'

/** A cursor carries all keys and terms of the order. */
export const MOST_GROUP_KEYS = 6
export const MOST_GROUP_TERMS = 4
export const MOST_CONDITIONS = 20

export interface GroupArguments {
  readonly layer: string
  readonly where?: InputMaybe<FeatureFilter>
  readonly groupBy?: InputMaybe<readonly GroupKey[]>
  readonly time?: InputMaybe<readonly TimeBucket[]>
  readonly cell?: InputMaybe<CellGrid>
  readonly having?: InputMaybe<readonly GroupCondition[]>
  readonly orderBy?: InputMaybe<readonly GroupOrder[]>
  readonly after?: InputMaybe<string>
  readonly limit?: InputMaybe<number>
  readonly deadline?: InputMaybe<number>
}

export type GroupSelection = Pick<Selection, 'outputs' | 'indexes' | 'startCursor' | 'message' | 'countsScan'>

export interface GroupRequest extends RowRequest {
  readonly query: GroupQuery
  readonly selection: GroupSelection
}

/** @throws GeoduckError LAYER_NOT_FOUND, LAYER_NOT_READY, BAD_INPUT, LIMIT_EXCEEDED, CURSOR_INVALID, CURSOR_EXPIRED */
export async function readGroupRequest(
  args: GroupArguments,
  context: ReadContext,
  select: (columns: GroupColumns) => GroupSelection,
): Promise<GroupRequest> {
  const layer = await findLayer(args.layer, context, args.after)
  await context.operation.eventLoop.yieldIfDue()
  const view = viewOf(layer)
  const columns = new GroupColumns(view, context.services.filterLimits.aggregateVertices)
  readKeys(args, columns)
  if (args.cell) columns.addCell(readGrid(args.cell, layer))
  const orderBy = readGroupOrder(args.orderBy ?? [], args, columns)
  const having = readHaving(args.having ?? [], args, columns)
  // The selection comes last, so that what is selected does not change the digest.
  const digest = hash('sha256', JSON.stringify([columns.keys, columns.measures, orderBy, having]))
  const selection = select(columns)
  const { can, cursorSecret } = context.services
  const query: GroupQuery = {
    kind: 'groups',
    view,
    where: args.where ? await readWhere(args.where, view, context) : null,
    keys: columns.keys,
    measures: columns.measures,
    having,
    orderBy,
    digest,
    limit: args.limit ?? null,
    after: null,
    outputs: selection.outputs,
  }
  requireCapable(query, can)
  const deadlineMs = deadlineOf(args, context)
  const after = args.after ? decodeCursor(cursorSecret, query, args.after) : null
  const key = selection.startCursor === null ? {} : { cursorKey: cursorKey(cursorSecret, query) }
  const asked = Object.freeze({ ...query, after, ...key })
  context.operation.queries.push(asked)
  return { query: asked, selection, deadlineMs }
}

/* Counts rows. The query returns one row with one property. */

const COUNT: GroupColumn = {
  field: { name: 'groups', type: { kind: 'int', bits: 64, signed: true }, native: 'BIGINT', jsonType: 'STRING', nullable: false },
}
const ONE_COUNT: readonly Output[] = [{ kind: 'features', fields: [{ key: 'count', field: 'property', name: 'groups' }] }]

/** Returns the query for the number of rows of a query, from its first one on. */
export function countOf(query: FeatureQuery | GroupQuery): GroupQuery {
  const whole = { limit: null, after: null, outputs: ONE_COUNT }
  if (query.kind === 'groups') return Object.freeze({ ...query, ...whole, counted: true })
  const { view, where } = query
  const measures = [{ ...COUNT, figure: { kind: 'features' } }] as const
  return Object.freeze({ kind: 'groups', view, where, keys: [], measures, having: null, orderBy: [], digest: '', ...whole })
}

/** Returns the number in the document of a query by `countOf`. */
export function countIn(document: Buffer): bigint {
  const [row] = JSON.parse(document.toString()) as { readonly count: string }[]
  return BigInt(row!.count)
}

/* Keys */

function readKeys({ groupBy, time }: GroupArguments, columns: GroupColumns): void {
  const count = (groupBy?.length ?? 0) + (time?.length ?? 0)
  if (count > MOST_GROUP_KEYS) {
    throw new GeoduckError(
      'LIMIT_EXCEEDED',
      `\`groupBy\` and \`time\` have at most ${MOST_GROUP_KEYS} keys together, not ${count}.`,
    )
  }
  for (const place of groupBy ?? []) readKey(place, columns)
  for (const bucket of time ?? []) readTime(bucket, columns)
}

function readKey(place: Place, columns: GroupColumns): void {
  const named = memberAt(columns.view, place.column, place.path ?? [])
  const { name, type, native } = named
  const label = labelOf(place)
  if (columns.named.some(([other]) => other === label)) {
    throw new GeoduckError('BAD_INPUT', `\`groupBy\` has two keys of the name ${show(label)}.`)
  }
  if (!isJson(type) && !valuesOf(type)) {
    const advice = 'group by a member of it by `path`, or by another column'
    throw new GeoduckError('BAD_INPUT', `\`groupBy\`: property ${name} is ${native.slice(0, 60)}, which has no order; ${advice}.`)
  }
  columns.addValue(label, named, isJson(type) ? JSON_TEXT : { type, native })
}

/** A value inside JSON is a key by its text. */
const JSON_TEXT: KeyType = { type: { kind: 'utf8' }, native: 'JSON', shown: { kind: 'json' } }

function labelOf({ column, path }: Place): string {
  return [column, ...(path ?? [])].join('.')
}

/** @throws GeoduckError BAD_INPUT for a column that has no times, and for a length or a zone that does not fit it */
function readTime({ column, path, every, timeZone }: TimeBucket, columns: GroupColumns): void {
  const named = memberAt(columns.view, column, path ?? [])
  const { name, type, native } = named
  if (type.kind !== 'date' && type.kind !== 'timestamp') {
    throw new GeoduckError('BAD_INPUT', `\`time\` takes dates and timestamps, and property ${name} is ${native.slice(0, 60)}.`)
  }
  const period = readPeriod(every)
  if (type.kind === 'date' && 'microseconds' in period && BigInt(period.microseconds) % DAY !== 0n) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`every\` of the date ${name} takes whole days, weeks, months or years, not ${show(every)}.`,
    )
  }
  const zone = readTimeZone(timeZone ?? 'UTC')
  const isMoment = type.kind === 'timestamp' && type.utc
  if (!isMoment && zone !== 'UTC') {
    const advice = 'leave `timeZone` out'
    throw new GeoduckError('BAD_INPUT', `\`timeZone\`: property ${name} is ${native}, which has no time zone; ${advice}.`)
  }
  columns.addTime(named, period, isMoment ? zone : null)
}

/* Order and conditions */

const FIGURES = {
  SUM: 'sum',
  AVG: 'avg',
  MIN: 'min',
  MAX: 'max',
  STDDEV: 'stddev',
  DISTINCT: 'distinct',
  DISTINCT_APPROXIMATE: 'distinctApproximate',
} as const satisfies Partial<Record<GroupOrder['by'], SimpleFigure>>

interface Term {
  readonly term: GroupOrder['by']
  readonly column?: InputMaybe<string>
  readonly path?: InputMaybe<readonly string[]>
}

/** `argument` names the argument in messages. */
function columnOfTerm({ term, column, path }: Term, argument: string, args: GroupArguments, columns: GroupColumns): GroupColumn {
  if (term === 'COUNT' && !column) return columns.features()
  if (term === 'TIME') return timeOfTerm(column, argument, args, columns)
  if (!column) throw new GeoduckError('BAD_INPUT', `\`${argument}\`: ${term} needs \`column\`.`)
  if (term === 'KEY') return keyOfTerm({ column, path }, argument, columns)
  const figure = term === 'COUNT' ? 'count' : FIGURES[term]
  const found = columns.figure(figure, { column, path })
  columns.pin(found)
  return found
}

function keyOfTerm(place: Place, argument: string, columns: GroupColumns): GroupColumn {
  const label = labelOf(place)
  const found = columns.named.find(([other]) => other === label)
  if (found) return found[1]
  throw new GeoduckError('BAD_INPUT', `\`${argument}\`: ${show(label)} is no key; name one of \`groupBy\`.`)
}

function timeOfTerm(
  column: InputMaybe<string> | undefined,
  argument: string,
  { time }: GroupArguments,
  columns: GroupColumns,
): GroupColumn {
  const index = (time ?? []).findIndex((bucket) => !column || bucket.column === column)
  if (index >= 0) return columns.times[index] as GroupColumn
  throw new GeoduckError('BAD_INPUT', `\`${argument}\`: TIME needs a bucket of \`time\`${column ? ` of ${show(column)}` : ''}.`)
}

function readGroupOrder(orderBy: readonly GroupOrder[], args: GroupArguments, columns: GroupColumns): readonly PropertySortKey[] {
  if (orderBy.length > MOST_GROUP_TERMS) {
    throw new GeoduckError('LIMIT_EXCEEDED', `\`orderBy\` of groups takes at most ${MOST_GROUP_TERMS} terms.`)
  }
  const seen = new Set<string>()
  return orderBy.map(({ by, direction, nulls, ...place }) => {
    const { field } = columnOfTerm({ term: by, ...place }, 'orderBy', args, columns)
    if (seen.has(field.name)) throw new GeoduckError('BAD_INPUT', `\`orderBy\` names ${termName({ term: by, ...place })} twice.`)
    seen.add(field.name)
    return { kind: 'property', field, descending: direction === 'DESC', nullsFirst: nulls === 'FIRST' }
  })
}

function readHaving(conditions: readonly GroupCondition[], args: GroupArguments, columns: GroupColumns): Predicate | null {
  if (conditions.length > MOST_CONDITIONS) {
    throw new GeoduckError('LIMIT_EXCEEDED', `\`having\` takes at most ${MOST_CONDITIONS} conditions.`)
  }
  if (conditions.length === 0) return null
  const members = conditions.map((condition) => {
    if (Object.values(condition).includes(null)) throw nullMember(condition, 'having')
    const { of, column, path, ...tests } = condition
    const place = { term: of, ...(column && { column }), ...(path && { path }) }
    const { field } = columnOfTerm(place, 'having', args, columns)
    const named: NamedMember = { column: field.name, steps: [], type: field.type, native: field.native, name: termName(place) }
    return readTests(tests, named)
  })
  return { kind: 'and', members }
}

function termName({ term, column, path }: Term): string {
  return column ? `${term} of ${show(labelOf({ column, path }))}` : term
}
