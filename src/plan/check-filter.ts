import { GeoduckError } from '../errors.ts'
import type { FeatureFilter } from './query.ts'

export const MAX_FILTER_DEPTH = 10
export const MAX_FILTER_NODES = 100
/** In all lists of a filter together: each costs time a row. */
export const MAX_LIST_ITEMS = 10_000

/** LIMIT_EXCEEDED for a filter that is too deep or too large to go through. It goes through it without recursion itself. */
export function checkFilter(root: FeatureFilter): void {
  const open: { filter: FeatureFilter; depth: number }[] = [{ filter: root, depth: 1 }]
  let nodes = 0
  let items = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { filter, depth } = next
    if (depth > MAX_FILTER_DEPTH) throw tooLarge(`is deeper than ${MAX_FILTER_DEPTH}`)
    if (++nodes > MAX_FILTER_NODES) throw tooLarge(`has more than ${MAX_FILTER_NODES} filters in it`)
    items += itemsOf(filter)
    if (items > MAX_LIST_ITEMS) throw tooLarge(`compares with more than ${MAX_LIST_ITEMS} items in lists`)
    const members = [...take(filter.and), ...take(filter.or), ...(filter.not ? [filter.not] : [])]
    for (const member of members) open.push({ filter: member, depth: depth + 1 })
  }
}

function itemsOf({ property }: FeatureFilter): number {
  return (property?.in?.length ?? 0) + (property?.hasAny?.length ?? 0) + (property?.hasAll?.length ?? 0)
}

/** One more than may be is enough to see that there are too many. */
function take(list: readonly FeatureFilter[] | null | undefined): readonly FeatureFilter[] {
  return list?.slice(0, MAX_FILTER_NODES + 1) ?? []
}

function tooLarge(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\` ${what}; ask for less at once.`)
}
