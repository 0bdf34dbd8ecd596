/** What comes before and after a page, and how many features there are in all. */
import type { GraphQLResolveInfo } from 'graphql'
import { requireCapable } from '../ask/capable.ts'
import { cursorAt, type Question } from '../ask/question.ts'
import type { OperationContext } from '../engines/engine.ts'
import type { FeatureQuery, Position } from '../model/query.ts'
import type { Context } from './context.ts'
import { selectedFields } from './fields.ts'

export interface PageInfoModel {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
}

export const NO_PAGE: PageInfoModel = { hasNextPage: false, endCursor: null, hasPreviousPage: false, startCursor: null }

export interface PageEnds {
  readonly question: Question
  readonly startCursor: string | null
  /** Of the page's last feature. */
  readonly end: Position | null
  readonly hasNextPage: boolean
}

export function pageInfoOf({ question, startCursor, end, hasNextPage }: PageEnds, context: Context): PageInfoModel {
  return {
    hasNextPage,
    endCursor: end && cursorAt(end, question, context),
    hasPreviousPage: question.query.after !== null,
    startCursor,
  }
}

/** What is selected of it as JSON, for a page whose result graphql-js has completed already. */
export function printPageInfo(values: PageInfoModel, info: GraphQLResolveInfo): string {
  const members = [...selectedFields(info.fieldNodes, info)].map(([key, [node]]) => {
    const name = node!.name.value as keyof PageInfoModel | '__typename'
    return [key, name === '__typename' ? 'PageInfo' : values[name]]
  })
  return JSON.stringify(Object.fromEntries(members))
}

const counts = new WeakMap<Question, Promise<bigint>>()

async function count(
  { view, where }: FeatureQuery,
  asker: OperationContext,
  { can, engine }: Context['services'],
  signal: AbortSignal,
): Promise<bigint> {
  const query = Object.freeze({ kind: 'aggregate', view, where, measures: [{ kind: 'count' }] } as const)
  requireCapable(query, can)
  const [value] = await engine.aggregate(query, asker, signal)
  return BigInt(value as string)
}

/** A query of its own. */
export function countOf(question: Question, asker: OperationContext, { services, operation }: Context): Promise<bigint> {
  return once(counts, question, () => count(question.query, asker, services, operation.signal))
}

/** Of a question, under however many aliases it stands. */
export function once<Value>(made: WeakMap<Question, Value>, question: Question, make: () => Value): Value {
  const value = made.get(question) ?? make()
  made.set(question, value)
  return value
}
