/** SQL of three values, and what is known of the rows where it is true. */
export interface Condition {
  readonly exact: string
  /**
   * Writes a cheaper predicate that is true wherever `exact` is; null: none is known. It only ever stands beside the whole
   * filter, never under a NOT, where it would take rows away that belong there: what is not written must not have bound its
   * values either.
   */
  readonly necessary: (() => string) | null
}

export const TRUE: Condition = { exact: 'true', necessary: null }

export function all(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.length === 0 ? 'true' : conditions.map(({ exact }) => `(${exact})`).join(' AND '),
    necessary: necessary.length === 0 ? null : () => necessary.map((write) => `(${write()})`).join(' AND '),
  }
}

export function any(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 0) return { exact: 'false', necessary: null }
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.map(({ exact }) => `(${exact})`).join(' OR '),
    necessary: necessary.length < conditions.length ? null : () => necessary.map((write) => `(${write()})`).join(' OR '),
  }
}

export function not({ exact }: Condition): Condition {
  return { exact: `NOT (${exact})`, necessary: null }
}
