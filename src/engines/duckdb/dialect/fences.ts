/**
 * Compiles the events of fences. The worker has put both images of each change into tables. So the cost depends on the number of changes and of fences
 * near them, not on the size of the layer of objects.
 */
import { hasGeometry } from '../../../model/layer.ts'
import type { FeatureQuery, Fencing } from '../../../model/query.ts'
import { argumentOf } from './argument.ts'
import { keyText, resultColumns } from './columns.ts'
import { compileWhere, digestOf, filterDigest, frozen, limitOf, liveOf, sourceFor, withSentinel } from './compile.ts'
import { withComputable } from './geometry-column.ts'
import { afterInParts, orderClause, readPosition } from './order.ts'
import type { Plan } from './plan.ts'
import { fenceEvents, Parameters } from './quote.ts'
import { sourceOf } from './source.ts'

/** The natural order is that of the changes, then of the fences. */
export function compileFences(query: FeatureQuery, fencing: Fencing): Plan {
  const { layer } = query.view
  const rows = sourceOf(layer, null)
  const parameters = new Parameters()
  const { where } = compileWhere(query, rows, parameters)
  const fences = fencesOf(query, fencing, parameters)
  const { prefix, from } = fenceEvents({ where, fences, detect: fencing.detect, isLonLat: layer.crs?.isLonLat === true })
  const filter = [...parameters.values]
  const source = { ...rows, from }
  const { select, keys, layout } = resultColumns(query, [], source, parameters)
  const columns = select.map((sql, n) => `${sql} AS c${n}`).join(', ')
  const digest = digestOf(`${prefix}${columns}`, filterDigest(query), [...filter, ...parameters.values.slice(filter.length)])
  const place = query.after ? readPosition(query.after, [], source) : null
  const isAfter = place ? ` WHERE ${afterInParts(place.natural, source.natural, parameters).join(' OR ')}` : ''
  const body = `SELECT ${columns} FROM ${from}${isAfter}${orderClause([], source, false)}${limitOf(query, parameters)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs } = query
  const plan = { statement, layout, keys, outputs, cursorKey: null, sorted: true, indexed: true, few: true, digest }
  const liveFences = 'layer' in fencing.area ? liveOf(fencing.area.layer).live : undefined
  return frozen({ ...plan, ...liveOf(layer), ...(liveFences && { liveFences }) })
}

/** SQL of the keys `k` and the geometries `g` of the fences. A geometry has no CRS, so that it may be compared with that of an object. */
function fencesOf({ view }: FeatureQuery, { area }: Fencing, parameters: Parameters): string {
  if (!('layer' in area)) {
    if (area.bbox === null) return 'SELECT NULL AS k, NULL::GEOMETRY AS g WHERE false'
    return `SELECT CAST(NULL AS VARCHAR) AS k, ${argumentOf(area, view.layer, parameters).sql} AS g`
  }
  const { layer } = area
  if (!hasGeometry(layer)) throw new RangeError('fences have a geometry')
  const scanned = { view: area, where: null }
  const source = sourceFor(scanned)
  const { where } = compileWhere(scanned, source, parameters)
  return `SELECT ${keyText(layer, source)} AS k, ${withComputable(layer, (value) => `ST_SetCRS(${value}, '')`)} AS g FROM ${source.from} WHERE ${where}`
}
