/** How many row groups of GeoParquet a filter's boxes leave, by the statistics that the engine leaves them unread by. */
import type { Layer } from '../../../model/layer.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import { filtersOf } from './filter.ts'
import type { Statement } from './plan.ts'
import { coveringStatistics, Parameters } from './quote.ts'

/**
 * One row: the row groups in all, and those that have to be read. Null: nothing prunes by a covering column. It is the very predicate that
 * the plan begins with, asked of a box around each row group.
 */
export function compileRowGroups(query: FeatureQuery): Statement | null {
  const statistics = statisticsOf(query.view.layer)
  const parameters = new Parameters()
  const { necessary } = filtersOf(query, parameters)
  if (statistics === null || necessary === null) return null
  const left = necessary.sql()
  // The filter's exact part has bound its values too, and the engine takes no value that a statement does not have.
  const values = parameters.values.map((_, n) => `CAST($${n + 1} AS VARCHAR)`)
  const sql = `SELECT count(*), count(*) FILTER (coalesce(${left}, true)), count(concat(${values.join(', ')})) FROM ${statistics}`
  return { sql, parameters: parameters.values }
}

function statisticsOf({ relation, pruning }: Layer): string | null {
  if (relation.kind !== 'parquet' || pruning.kind !== 'COVERING_COLUMN') return null
  return coveringStatistics(relation.files, pruning)
}
