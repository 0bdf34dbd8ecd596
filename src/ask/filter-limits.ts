/** How large a filter may be. An operator sets it; what is not set is this. */
export interface FilterLimits {
  /** Filters within filters. */
  readonly depth: number
  /** In all. */
  readonly filters: number
  /** Of one geometry. */
  readonly vertices: number
}

export const FILTER_LIMITS: FilterLimits = { depth: 10, filters: 100, vertices: 25_000 }

interface LimitSettings {
  readonly maxFilterDepth: number
  readonly maxFilters: number
  readonly maxVertices: number
}

export function filterLimitsOf({ maxFilterDepth, maxFilters, maxVertices }: LimitSettings): FilterLimits {
  return { depth: maxFilterDepth, filters: maxFilters, vertices: maxVertices }
}

/** What `depth` may be set to. */
export const DEEPEST_FILTER = 50
