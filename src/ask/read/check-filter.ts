import type { FeatureFilter } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { FilterLimits } from '../filter-limits.ts'

/** LIMIT_EXCEEDED for a filter that is too deep or has too much in it to go through. It goes through it without recursion itself. */
export function checkFilter(root: FeatureFilter, limits: FilterLimits): void {
  const open: { filter: FeatureFilter; depth: number }[] = [{ filter: root, depth: 1 }]
  let nodes = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { filter, depth } = next
    if (depth > limits.depth) throw tooLarge(`is deeper than ${limits.depth} (--max-filter-depth)`)
    if (++nodes > limits.filters) throw tooLarge(`has more than ${limits.filters} filters in it (--max-filters)`)
    const members = [...take(filter.and, limits), ...take(filter.or, limits), ...(filter.not ? [filter.not] : [])]
    for (const member of members) open.push({ filter: member, depth: depth + 1 })
  }
}

/** One more than may be is enough to see that there are too many. */
function take(list: readonly FeatureFilter[] | null | undefined, { filters }: FilterLimits): readonly FeatureFilter[] {
  return list?.slice(0, filters + 1) ?? []
}

function tooLarge(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\` ${what}; ask for less at once.`)
}
