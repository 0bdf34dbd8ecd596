/** Sort keys in SQL, and the order they make together with the natural one, which ends every tie. */
import type { SortKey } from '../../../model/query.ts'
import { type Comparison, comparisonOf } from './comparison.ts'
import { columnOf } from './quote.ts'
import type { Source } from './source.ts'

export interface SortColumn {
  readonly comparison: Comparison
  readonly subject: string
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export function sortColumns(orderBy: readonly SortKey[]): SortColumn[] {
  return orderBy.map(({ field, descending, nullsFirst }) => {
    const comparison = comparisonOf(field.type)
    if (!comparison) throw new RangeError('a sort key has an order')
    return { comparison, subject: comparison.subject(columnOf(field)), descending, nullsFirst }
  })
}

/** Empty for the natural order, where the scan gives it. */
export function orderClause(keys: readonly SortColumn[], source: Source, ordered: boolean): string {
  if (keys.length === 0 && ordered) return ''
  const sorted = keys.map((key) => `${key.subject} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`)
  return ` ORDER BY ${[...sorted, ...source.natural.map(({ sql }) => sql)].join(', ')}`
}
