/**
 * Compiles the difference between two versions of a live layer. The worker has put both images of each changed feature into tables, and the filter is
 * asked of both. So the cost depends on the number of changes, not on the size of the layer.
 */
import type { DifferencePart, FeatureQuery } from '../../../model/query.ts'
import { resultColumns } from './columns.ts'
import { compileWhere, digestOf, filterDigest, frozen, limitOf, liveOf, withSentinel } from './compile.ts'
import { afterInParts, orderClause, readPosition } from './order.ts'
import { PART_ROWS, type Plan } from './plan.ts'
import { liveDifference, Parameters } from './quote.ts'
import { sourceOf } from './source.ts'

/** The natural order of the rows is that of their parts. */
export function compileDifference(query: FeatureQuery, parts: readonly DifferencePart[]): Plan {
  const { layer } = query.view
  const rows = sourceOf(layer, null)
  const parameters = new Parameters()
  const { where } = compileWhere(query, rows, parameters)
  const filter = [...parameters.values]
  const { prefix, from } = liveDifference(where, PART_ROWS)
  const source = { ...rows, from }
  const { select, keys, layout } = resultColumns(query, [], source, parameters)
  const columns = select.map((sql, n) => `${sql} AS c${n}`).join(', ')
  const digest = digestOf(`${prefix}${columns}`, filterDigest(query), parameters.values.slice(filter.length))
  const place = query.after ? readPosition(query.after, [], source) : null
  const isAfter = place ? ` WHERE ${afterInParts(place.natural, source.natural, parameters).join(' OR ')}` : ''
  const body = `SELECT ${columns} FROM ${from}${isAfter}${orderClause([], source, false)}${limitOf(query, parameters)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs } = query
  const plan = { statement, layout, keys, outputs, parts, cursorKey: null, sorted: false, indexed: true, few: true, digest }
  return frozen({ ...plan, ...liveOf(layer) })
}
