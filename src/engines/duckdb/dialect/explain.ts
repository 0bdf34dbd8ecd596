/**
 * Describes a plan for a person who asks why a query is slow. The description contains no value of a client and no path of the
 * server.
 */

import type { BatchLayout } from '../../../encode/batch.ts'
import type { Layer } from '../../../model/layer.ts'
import type { GroupQuery, Query, SortKey } from '../../../model/query.ts'
import type { Explanation } from '../../engine.ts'
import { scannedOf, sourceFor } from './compile.ts'
import { compileRows } from './compile-rows.ts'
import { filtersOf } from './filter.ts'
import { isIndexed } from './index-scan.ts'
import { named, Parameters } from './quote.ts'

/** @throws GeoduckError as `compileRows` does */
export function explain(query: Query): Explanation {
  const { layer } = query.view
  const { statement, layout, sorted } = compileRows(query)
  const { from, copy } = sourceFor(scannedOf(query))
  return {
    sql: statement.sql.replaceAll(from, named(copy ? `${layer.name} sorted by ${copy.column}` : layer.name)),
    values: statement.parameters.length,
    reads: [
      ...new Set(
        query.kind === 'groups'
          ? columnsOf(query)
          : [...query.orderBy.flatMap((key) => columnOfKey(key, layer)), ...namesIn(layout, layer)],
      ),
    ],
    pruning: copy ? 'SORTED_COPY' : pruningOf(query),
    sorted,
  }
}

function columnOfKey(key: SortKey, { geometryColumn }: Layer): string[] {
  if (key.kind === 'property') return [key.field.name]
  return geometryColumn === null ? [] : [geometryColumn]
}

function columnsOf({ keys, measures }: GroupQuery): string[] {
  return [...keys, ...measures.map(({ figure }) => figure)].flatMap((part) => ('member' in part ? [part.member.column] : []))
}

function namesIn({ columns, properties, key, geometries }: BatchLayout, { key: made, geometryColumn }: Layer): string[] {
  const ofKey = key !== null && made.kind === 'COLUMN' ? [made.column] : []
  return [
    ...ofKey,
    ...properties.map((index) => columns[index]!.name),
    ...(geometries.length === 0 || geometryColumn === null ? [] : [geometryColumn]),
  ]
}

/** If the RTREE of a table is not used, the predicate of `meetsBox` prunes by the statistics of row groups. */
function pruningOf(query: Query): Explanation['pruning'] {
  const { layer } = query.view
  const { necessary } = filtersOf(query, new Parameters())
  if (necessary === null) return 'NONE'
  if (necessary.box && isIndexed(layer, necessary.box)) return 'RTREE'
  return layer.pruning.kind === 'COVERING_COLUMN' ? 'COVERING_COLUMN' : 'ROW_GROUP_STATISTICS'
}
