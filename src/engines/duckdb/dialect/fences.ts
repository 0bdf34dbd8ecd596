/**
 * Compiles the events of fences. The worker has put both images of each change into tables. So the cost depends on the number of changes and of fences
 * near them, not on the size of the layer of objects.
 */
import { hasGeometry, type Layer } from '../../../model/layer.ts'
import { EVENT_COLUMNS, type FeatureQuery, type FenceArea, type Fencing, STAY_COLUMNS } from '../../../model/query.ts'
import { argumentOf } from './argument.ts'
import { keyText, resultColumns } from './columns.ts'
import { compileWhere, digestOf, filterDigest, frozen, limitOf, liveOf, sourceFor, withSentinel } from './compile.ts'
import { withComputable } from './geometry-column.ts'
import { afterInParts, orderClause, readPosition } from './order.ts'
import type { Plan } from './plan.ts'
import {
  columnOf,
  derived,
  identifier,
  LIVE_COLUMNS,
  LIVE_STEPS,
  literal,
  Parameters,
  STEP_BITS,
  virtualColumn,
} from './quote.ts'
import { sourceOf } from './source.ts'

/** The natural order is that of the changes, then of the fences. */
export function compileFences(query: FeatureQuery, { area, detect, dwell }: Fencing): Plan {
  const { layer } = query.view
  const rows = sourceOf(layer, null)
  const parameters = new Parameters()
  const { where } = compileWhere(query, rows, parameters)
  const isLonLat = layer.crs?.isLonLat === true
  const detected =
    area.kind === 'roam'
      ? meetings(area, where, isLonLat, parameters)
      : detections(fencesOf(area, layer, parameters), detect, isLonLat)
  const source = { ...rows, from: eventRows() }
  const time = dwell ? `epoch(${columnOf(dwell.time)})` : 'NULL'
  const both = `earlier ${images(LIVE_STEPS.before, where, time)}, later ${images(LIVE_STEPS.after, where, time)}`
  const prefix = `WITH ${both}, ${detected} `
  const { select, keys, layout } = resultColumns(query, [], source, parameters)
  const columns = select.map((sql, n) => `${sql} AS c${n}`).join(', ')
  const digest = digestOf(`${prefix}${columns}`, filterDigest(query), parameters.values)
  const place = query.after ? readPosition(query.after, [], source) : null
  const isAfter = place ? ` WHERE ${afterInParts(place.natural, source.natural, parameters).join(' OR ')}` : ''
  const body = `SELECT ${columns} FROM ${source.from}${isAfter}${orderClause([], source, false)}${limitOf(query, parameters)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs } = query
  const plan = { statement, layout, keys, outputs, cursorKey: null, sorted: true, indexed: true, few: true, digest }
  const fences = area.kind === 'geometry' ? undefined : liveOf(area.view.layer).live
  return frozen({ ...plan, ...liveOf(layer), ...(fences && { liveFences: fences }) })
}

const of = (column: keyof typeof LIVE_COLUMNS): string => virtualColumn(identifier(LIVE_COLUMNS[column]))

/** The images of a table that the caller may see and that match. */
function images(table: string, where: string, time: string): string {
  return `AS MATERIALIZED (
    SELECT ${of('row')} AS r, ${of('key')} AS key, ${of('geometry')} AS g, ${of('west')} AS w, ${of('south')} AS s, ${of('east')} AS e, ${of('north')} AS n, ${time} AS time
    FROM ${derived(`FROM ${table}`)} WHERE ${where})`
}

/** The rows of `detected`, with the columns of the object after the change, or before it if it is gone. */
function eventRows(): string {
  const row = identifier(LIVE_COLUMNS.row)
  const columns = [
    [`CAST(e.r >> ${STEP_BITS} AS VARCHAR)`, EVENT_COLUMNS.version],
    ['e.d', EVENT_COLUMNS.detect],
    ['e.k', EVENT_COLUMNS.fence],
    ['e.distance', EVENT_COLUMNS.distance],
    ['e.stay', STAY_COLUMNS.stay],
    ['e.time', STAY_COLUMNS.time],
  ].map(([sql, name]) => `${sql} AS ${identifier(name!)}`)
  const image = (table: string, condition: string) =>
    `SELECT i.* REPLACE (e.number AS ${row}), ${columns.join(', ')} FROM detected AS e JOIN ${table} AS i ON i.${row} = e.r WHERE ${condition}`
  return derived(`${image(LIVE_STEPS.after, 'e."is"')} UNION ALL ${image(LIVE_STEPS.before, 'NOT e."is"')}`)
}

/** The events of areas, with one statement for keys `k` and geometries `g`. */
function detections(fences: string, detect: Fencing['detect'], isLonLat: boolean): string {
  // The short way over the antimeridian is beyond the box of both places.
  const hops = isLonLat ? 'abs(ST_X(y) - ST_X(x)) > 180' : 'false'
  const shifted = (point: string, by: string) => `ST_Point(ST_X(${point}) + ${by}, ST_Y(${point}))`
  const round = '(CASE WHEN ST_X(y) > ST_X(x) THEN 360 ELSE -360 END)'
  const both = `ST_Collect([ST_MakeLine(x, ${shifted('y', `-${round}`)}), ST_MakeLine(${shifted('x', round)}, y)])`
  const way = isLonLat ? `CASE WHEN ${hops} THEN ${both} ELSE ST_MakeLine(x, y) END` : 'ST_MakeLine(x, y)'
  const meets = detect.includes('OUTSIDE') ? 'true' : '(hops OR f.w <= s.e AND f.e >= s.w) AND f.s <= s.n AND f.n >= s.s'
  const touches = (geometry: string) => `coalesce(TRY(ST_Intersects(${geometry}, f.g)), false)`
  return `fence AS MATERIALIZED (
      SELECT k, g, ST_XMin(g) AS w, ST_YMin(g) AS s, ST_XMax(g) AS e, ST_YMax(g) AS n FROM (${fences}) WHERE g IS NOT NULL),
    step AS MATERIALIZED (
      SELECT r, old, new, "is", time, w, s, e, n, coalesce(${hops}, false) AS hops, CASE WHEN NOT ST_Equals(x, y) THEN ${way} END AS way
      FROM (
        SELECT coalesce(a.r, b.r) AS r, b.g AS old, a.g AS new, a.r IS NOT NULL AS "is", a.time,
          least(a.w, b.w) AS w, least(a.s, b.s) AS s, greatest(a.e, b.e) AS e, greatest(a.n, b.n) AS n,
          ST_Centroid(b.g) AS x, ST_Centroid(a.g) AS y
        FROM earlier AS b FULL JOIN later AS a ON a.r = b.r)),
    pair AS (
      SELECT s.r, f.k, s."is", s.time, ${touches('s.old')} AS before, ${touches('s.new')} AS after, ${touches('s.way')} AS crossed
      FROM step AS s JOIN fence AS f ON ${meets}),
    detected AS MATERIALIZED (
      SELECT *, NULL::DOUBLE AS distance, row_number() OVER (ORDER BY r, k NULLS FIRST, d IN ('INSIDE', 'OUTSIDE', 'DWELL'), d) AS number FROM (
        SELECT r, k, "is", time, CASE WHEN before AND after THEN 'STAY' WHEN after THEN 'ENTER' ELSE 'EXIT' END AS stay, unnest(list_filter([
          CASE WHEN before AND after THEN NULL WHEN after THEN 'ENTER' WHEN before THEN 'EXIT' WHEN crossed THEN 'CROSS' END,
          CASE WHEN after THEN 'INSIDE' WHEN "is" THEN 'OUTSIDE' END,
          CASE WHEN before OR after THEN 'DWELL' END
        ], lambda d: d IN (${detect.map(literal).join(', ')}))) AS d FROM pair))`
}

/** SQL of the keys `k` and the geometries `g` of the fences. A geometry has no CRS, so that it may be compared with that of an object. */
function fencesOf(area: Exclude<FenceArea, { readonly kind: 'roam' }>, objects: Layer, parameters: Parameters): string {
  if (area.kind === 'geometry') {
    if (area.geometry.bbox === null) return 'SELECT CAST(NULL AS VARCHAR) AS k, CAST(NULL AS GEOMETRY) AS g WHERE false'
    return `SELECT CAST(NULL AS VARCHAR) AS k, ${argumentOf(area.geometry, objects, parameters).sql} AS g`
  }
  const { layer } = area.view
  if (!hasGeometry(layer)) throw new RangeError('fences have a geometry')
  const scanned = { view: area.view, where: null }
  const source = sourceFor(scanned)
  const { where } = compileWhere(scanned, source, parameters)
  return `SELECT ${keyText(layer, source)} AS k, ${withComputable(layer, (value) => `ST_SetCRS(${value}, '')`)} AS g FROM ${source.from} WHERE ${where}`
}

/** Metres per degree of latitude, and of longitude at the equator, or a little less. */
const METRES_PER_DEGREE = 110_000

/**
 * The events of objects that are near each other after a change, and were not before. All changes of a version happen at once. An object has a place
 * from one version to the next: first that of the layer before the changes, then those of the changes.
 */
function meetings(
  { view, distance }: Extract<FenceArea, { readonly kind: 'roam' }>,
  where: string,
  isLonLat: boolean,
  parameters: Parameters,
): string {
  const most = parameters.double(distance)
  const reach = isLonLat ? `(${most} / ${METRES_PER_DEGREE})` : most
  const width = isLonLat ? `(${reach} / greatest(cos(radians(least(90, abs(ST_Y(p)) + ${reach}))), 1e-9))` : most
  const across = isLonLat ? 'OR abs(c.x - o.x) >= 360 - c.width' : ''
  const between = (a: string, b: string) =>
    isLonLat
      ? `ST_Distance_Spheroid(ST_Point2D(${a}.x, ${a}.y), ST_Point2D(${b}.x, ${b}.y))`
      : `sqrt((${a}.x - ${b}.x) ** 2 + (${a}.y - ${b}.y) ** 2)`
  const version = `(r >> ${STEP_BITS})`
  const placed = 'ST_X(p) AS x, ST_Y(p) AS y'
  const before = (name: string, key: string) =>
    `LEFT JOIN place AS ${name} ON ${name}.key = ${key} AND ${name}.since < n.v AND ${name}.until >= n.v`
  return `change AS MATERIALIZED (
      SELECT coalesce(a.key, b.key) AS key, coalesce(a.r, b.r) AS r, ST_Centroid(a.g) AS p
      FROM earlier AS b FULL JOIN later AS a ON a.r = b.r),
    place AS MATERIALIZED (
      SELECT key, ${placed}, ${version} AS since, lead(${version}, 1, ${2n ** 62n}) OVER (PARTITION BY key ORDER BY r) AS until
      FROM (SELECT key, r, p FROM change UNION ALL
        SELECT ${of('key')}, -1, ST_Centroid(${of('geometry')}) FROM ${sourceOf(view.layer, null).from} WHERE ${where})),
    near AS MATERIALIZED (
      SELECT c.r, c.key, c.v, o.key AS k, ${between('c', 'o')} AS distance
      FROM (
        SELECT key, r, ${version} AS v, ${placed}, ST_Y(p) - ${reach} AS south, ST_Y(p) + ${reach} AS north, ${width} AS width
        FROM change WHERE p IS NOT NULL) AS c
      JOIN place AS o ON o.y >= c.south AND o.y <= c.north AND (abs(c.x - o.x) <= c.width ${across}) AND o.since <= c.v AND o.until > c.v
        AND o.key <> c.key AND NOT (o.since = c.v AND o.key < c.key)
      WHERE ${between('c', 'o')} <= ${most}),
    detected AS MATERIALIZED (
      SELECT n.r, n.k, true AS "is", NULL AS stay, NULL AS time, 'ROAM' AS d, n.distance, row_number() OVER (ORDER BY n.r, n.k) AS number
      FROM near AS n ${before('mine', 'n.key')} ${before('other', 'n.k')}
      WHERE NOT coalesce(${between('mine', 'other')} <= ${most}, false))`
}
