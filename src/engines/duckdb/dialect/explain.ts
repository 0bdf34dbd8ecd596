/**
 * Describes a plan for a person who asks why a query is slow. The description contains no value of a client and no path of the
 * server.
 */

import type { BatchLayout } from '../../../encode/batch.ts'
import type { Layer } from '../../../model/layer.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import type { Explanation } from '../../engine.ts'
import { compileFeatures, indexedBox, sourceFor } from './compile.ts'
import { filtersOf } from './filter.ts'
import { named, Parameters } from './quote.ts'

/** @throws GeoduckError as `compileFeatures` does */
export function explain(query: FeatureQuery): Explanation {
  const {
    view: { layer },
    orderBy,
  } = query
  const { statement, layout, sorted } = compileFeatures(query)
  return {
    sql: statement.sql.replaceAll(sourceFor(query).from, named(layer.name)),
    values: statement.parameters.length,
    reads: [
      ...new Set([
        ...orderBy.flatMap((key) => (key.kind === 'property' ? key.field.name : (layer.geometryColumn ?? []))),
        ...namesIn(layout, layer),
      ]),
    ],
    pruning: pruningOf(query),
    sorted,
  }
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
function pruningOf(query: FeatureQuery): Explanation['pruning'] {
  const { layer } = query.view
  const { necessary } = filtersOf(query, new Parameters())
  if (necessary === null) return 'NONE'
  if (indexedBox(layer, necessary)) return 'RTREE'
  return layer.pruning.kind === 'COVERING_COLUMN' ? 'COVERING_COLUMN' : 'ROW_GROUP_STATISTICS'
}
