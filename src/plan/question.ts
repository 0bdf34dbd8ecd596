import { createHash } from 'node:crypto'
import { GeoduckError } from '../errors.ts'
import { checkFilter } from './check-filter.ts'
import { DEEPEST_FILTER, type FilterLimits } from './filter-limits.ts'
import type { FeatureFilter, FeatureQuery } from './query.ts'

type Question = Pick<FeatureQuery, 'layer' | 'where' | 'orderBy' | 'limits'>

const digests = new WeakMap<Question, Buffer>()
/** Filters nest as deep as they may be let, collections of geometries in them 16, with a list and an object each, and its coordinates. */
const DEEPEST = 2 * (DEEPEST_FILTER + 16) + 18

/**
 * What tells one question from another: the layer's name, the filter, the order. Members that are not set, and the order of
 * members, make no difference; outputs and limits are not part of it. LIMIT_EXCEEDED for a filter that no plan would take either.
 */
export function questionDigest(question: Question): Buffer {
  const known = digests.get(question)
  if (known) return known
  const { layer, where, orderBy } = question
  if (where) check(where, question.limits)
  const order = orderBy.map(({ property, direction, nulls }) => [property, direction ?? 'ASC', nulls ?? 'LAST'])
  const digest = createHash('sha256')
    .update(canonical([layer.name, where, order]))
    .digest()
  digests.set(question, digest)
  return digest
}

/** Before any recursion. */
function check(where: FeatureFilter, limits: FilterLimits | undefined): void {
  checkFilter(where, limits)
  let level: unknown[] = [where]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new GeoduckError('LIMIT_EXCEEDED', `\`where\` is nested deeper than ${DEEPEST}; ask for less at once.`)
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value).filter(isNested) : []))
  }
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** JSON with members sorted by name, without those that are null or undefined. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'bigint') return String(member)
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(
      Object.entries(member)
        .filter(([, inner]) => inner !== undefined && inner !== null)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  })
}
