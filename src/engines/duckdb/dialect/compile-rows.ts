import type { Query } from '../../../model/query.ts'
import { compileFeatures } from './compile.ts'
import { compileDifference } from './difference.ts'
import { compileFences } from './fences.ts'
import { compileGroups } from './groups.ts'
import type { Plan } from './plan.ts'

/**
 * Compiles a query for rows, in order, from after `after` on. @throws GeoduckError CURSOR_INVALID if `after` belongs to another
 * order
 *
 * @param reach as for `compileFeatures`
 */
export function compileRows(query: Query, reach: number | null = null): Plan {
  if (query.kind === 'groups') return compileGroups(query)
  if (query.fencing) return compileFences(query, query.fencing)
  return query.parts ? compileDifference(query, query.parts) : compileFeatures(query, reach)
}
