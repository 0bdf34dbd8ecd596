/**
 * Counts the row groups of GeoParquet that a filter's boxes leave, by the same statistics that the engine uses to skip row
 * groups.
 */
import type { Layer } from '../../../model/layer.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import { filtersOf } from './filter.ts'
import { geometryValue } from './geometry-column.ts'
import type { Statement } from './plan.ts'
import { coveringOf } from './pruning.ts'
import { coveringStatistics, GROUP_PLACE, GROUP_ROWS, memberOf, Parameters } from './quote.ts'
import { sourceOf } from './source.ts'

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

/** The least rows of a group whose boxes are read, and the most groups of a table or file. */
const [LEAST_GROUP, MOST_GROUPS] = [256, 8_192]

/** The most rows of GeoParquet whose boxes are read. This takes 90 ns for each row, once. */
const MOST_READ = 4_000_000

/**
 * SQL of the number of rows and the sides of the box of each group of neighbouring rows, in order. This reads the boxes of all rows. For a
 * large or unproven file with a covering column, it has the row groups instead, from their statistics. A row group may have several cities and
 * the land between them, so its mean density is wrong for most places. Null for a layer that has no boxes, or whose geometry is not proven.
 */
export function rowGroupsOf(layer: Layer): string | null {
  const covering = coveringOf(layer)
  const { relation, geometryEncoding, state, featureCount } = layer
  if (!covering && !(state === 'READY' && geometryEncoding === 'GEOMETRY')) return null
  const sides = covering
    ? [covering.members.xmin, covering.members.ymin, covering.members.xmax, covering.members.ymax].map((side) =>
        memberOf(covering.column, side),
      )
    : ['XMin', 'YMin', 'XMax', 'YMax'].map((side) => `ST_${side}(${geometryValue(layer)})`)
  const files = relation.kind === 'parquet' || relation.kind === 'gathered' ? relation.files : undefined
  if (covering && files && (state !== 'READY' || featureCount === null || featureCount > MOST_READ)) {
    return `SELECT ${[GROUP_ROWS, ...sides].join(', ')} FROM ${coveringStatistics(files, covering)} ORDER BY ${GROUP_PLACE}`
  }
  const { from, natural } = sourceOf(layer, null)
  const [west, south, east, north] = sides
  const size = Math.max(LEAST_GROUP, Math.ceil((featureCount ?? 0) / MOST_GROUPS))
  const place = natural.map(({ sql }, n) => (n === natural.length - 1 ? `${sql} // ${size}` : sql)).join(', ')
  const box = `min(${west}), min(${south}), max(${east}), max(${north})`
  return `SELECT count(*), ${box} FROM ${from} GROUP BY ${place} ORDER BY ${place}`
}
