/**
 * Counts the row groups of GeoParquet that a filter's boxes leave, by the same statistics that the engine uses to skip row
 * groups.
 */
import type { Layer } from '../../../model/layer.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import { filtersOf } from './filter.ts'
import type { Statement } from './plan.ts'
import { coveringStatistics, Parameters } from './quote.ts'

/**
 * One row: the number of all row groups, and of those that must be read. Null if no covering column prunes. The predicate is the one that the
 * plan starts with, applied to a box around each row group.
 */
export function compileRowGroups(query: FeatureQuery): Statement | null {
  const statistics = statisticsOf(query.view.layer)
  const parameters = new Parameters()
  const { necessary } = filtersOf(query, parameters)
  if (statistics === null || necessary === null) return null
  const left = necessary.sql()
  // The exact part of the filter has bound its values too, and the engine refuses a value that no statement uses.
  const values = parameters.values.map((_, n) => `CAST($${n + 1} AS VARCHAR)`)
  const sql = `SELECT count(*), count(*) FILTER (coalesce(${left}, true)), count(concat(${values.join(', ')})) FROM ${statistics}`
  return { sql, parameters: parameters.values }
}

function statisticsOf({ relation, pruning }: Layer): string | null {
  if (relation.kind !== 'parquet' || pruning.kind !== 'COVERING_COLUMN') return null
  return coveringStatistics(relation.files, pruning)
}
