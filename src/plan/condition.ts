/** SQL of three values, and what is known of the rows where it is true. */
export interface Condition {
  readonly exact: string
  /**
   * A cheaper predicate that is true wherever `exact` is; null: none is known. It only ever stands beside the whole filter, never under a
   * NOT, where it would take rows away that belong there.
   */
  readonly necessary: string | null
}

export const TRUE: Condition = { exact: 'true', necessary: null }

/** Parameters are numbered where a condition was compiled, so a condition may be used once only. */
export function all(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.length === 0 ? 'true' : conditions.map(({ exact }) => `(${exact})`).join(' AND '),
    necessary: necessary.length === 0 ? null : necessary.map((sql) => `(${sql})`).join(' AND '),
  }
}

export function any(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.length === 0 ? 'false' : conditions.map(({ exact }) => `(${exact})`).join(' OR '),
    necessary:
      conditions.length > 0 && necessary.length === conditions.length ? necessary.map((sql) => `(${sql})`).join(' OR ') : null,
  }
}

export function not({ exact }: Condition): Condition {
  return { exact: `NOT (${exact})`, necessary: null }
}
