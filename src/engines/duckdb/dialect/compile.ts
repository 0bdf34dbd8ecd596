/**
 * Compiles a query to a plan: SQL, values, and the description of the result's columns. It uses no engine and no clock. Names are from
 * the catalogue and are quoted in `quote.ts`; every value of a client is bound.
 */
import { hash } from 'node:crypto'
import { type BBox, type CoveringMembers, type Layer, LON_LAT } from '../../../model/layer.ts'
import type { FeatureKey, FeatureQuery, Query, Rank, RankThreshold, View } from '../../../model/query.ts'
import { CHUNK_ROWS } from '../../engine.ts'
import { hasColumns } from '../host/files.ts'
import { resultColumns } from './columns.ts'
import { comparisonOf, isEqual } from './comparison.ts'
import { layerCrsText, transformed } from './crs.ts'
import { distanceTo, withinBox } from './distance.ts'
import { all, type Condition, filtersOf } from './filter.ts'
import { isKept, withGeometry } from './geometry-column.ts'
import { expectedIn, indexScan } from './index-scan.ts'
import {
  afterInParts,
  afterSorted,
  nearestFirst,
  orderClause,
  partsOfCopy,
  type ResumePoint,
  readPosition,
  type SortColumn,
  sortColumns,
} from './order.ts'
import type { Held, Parameter, Plan, Statement } from './plan.ts'
import { coveringOf } from './pruning.ts'
import { columnOf, geometryColumnOf, memberOf, Parameters, readParquet, SENTINEL, virtualColumn } from './quote.ts'
import { rowGroupsOf } from './row-groups.ts'
import { copyFor, FEW_ROWS, freeColumn, isRow, ROW_ID, type Source, sourceOf, withColumn } from './source.ts'

/**
 * Compiles a query for features, in order, from after `after` on. @throws GeoduckError CURSOR_INVALID if `after` belongs to
 * another order
 *
 * @param reach Only features within this distance of the first sort key, whose box prunes. Null: all.
 */
export function compileFeatures(query: FeatureQuery, reach: number | null = null): Plan {
  const ring = reach === null ? null : ringOf(query, reach)
  const source = sourceFor(query, ring)
  const column = freeColumn(query.view.layer)
  const keys = sortColumns(query.orderBy, virtualColumn(column))
  const parameters = new Parameters()
  const { select, keys: keyColumns, layout } = resultColumns(query, keys, source, parameters)
  const others = [...parameters.values]
  const { prefix, where, indexed, few, expected } = compileWhere(query, source, parameters, ring)
  const sorted = keys.length > 0 && !source.copy?.isOrder
  const order = source.copy?.isOrder ? '' : orderClause(keys, source, !indexed)
  const probe = query.orderBy.find((key) => key.kind === 'distance')?.probe
  // The distance is computed once per row, in a relation that has it as a column. The rest of the statement is the same.
  const measured = probe && withColumn(source, column, distanceTo(probe, query.view.layer, parameters), where)
  const rows = `SELECT ${select.map((sql, n) => `${sql} AS c${n}`).join(', ')} FROM ${(measured ?? source).from}`
  const digest = digestOf(`${prefix}${rows} WHERE ${where}${order}`, `${filterDigest(query)}${probe?.digest ?? ''}`, others)
  const place = query.after ? readPosition(query.after, keys, source) : null
  const parts = after(place, keys, source, parameters).map(
    (part) => `${rows} WHERE ${[...part, measured ? 'true' : where].join(' AND ')}`,
  )
  const whole = `${parts.length === 1 ? parts[0] : `SELECT * FROM (${parts.join(' UNION ALL ')})`}${order}${limitOf(query, parameters)}`
  const body = reach === null ? whole : `SELECT * FROM (${whole}) WHERE c${layout.distance} <= ${parameters.double(reach)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs, cursorKey = null } = query
  const plan = { statement, layout, keys: keyColumns, outputs, cursorKey, sorted, indexed, digest }
  // A sort would read every row twice if the result had more rows than can be held.
  const mayFit = expected === null ? isFiltered(query) && !sorted : expected <= MOST_FITTING
  const held = reach === null && heldOf(`${prefix}${body}`, query, mayFit, parameters)
  const { limit } = query
  const isStart = limit !== null && limit <= FEW_FEATURES && !sorted && !isFiltered(query)
  return frozen({ ...plan, ...held, ...liveOf(query.view.layer), few: isStart || (few && limit !== null) })
}

const GROUP_COLUMNS = ['rows', 'west', 'south', 'east', 'north']

/** Compiles the row groups of a layer; see `rowGroupsOf`. */
export function compileRowGroups({ layer }: View): Plan | null {
  const groups = rowGroupsOf(layer)
  return groups === null ? null : compileNumbers(groups, GROUP_COLUMNS, new Parameters(), layer)
}

/** Compiles the longitudes and latitudes of `size` times `size` positions of a layer, from the south-west corner of the box on, row by row. */
export function compileLonLat({ layer }: View, [west, south, east, north]: BBox, size: number): Plan {
  const parameters = new Parameters()
  const along = (from: number, to: number, n: string) =>
    `${parameters.double(from)} + ${n} * ${parameters.double((to - from) / (size - 1))}`
  const point = `ST_Point(${along(west, east, 'x.n')}, ${along(south, north, 'y.n')})`
  const placed = transformed(point, layerCrsText(layer), LON_LAT, parameters)
  const numbers = (name: string) => `range(CAST(${parameters.bind(size)} AS BIGINT)) AS ${name}(n)`
  const points = `SELECT ${placed} AS p, x.n AS x, y.n AS y FROM ${numbers('x')}, ${numbers('y')}`
  return compileNumbers(`SELECT ST_X(p), ST_Y(p) FROM (${points}) ORDER BY y, x`, ['lon', 'lat'], parameters, layer)
}

/** The most rows whose ranks are compared. A layer with more has a sample of them, which is always the same. */
const MOST_RANKED = 4_000_000

/**
 * Compiles the thresholds of ranks: for each of `levels`, the rank of which 1/2^n of the features have as much or more, how many have more, and how many
 * have the same; at last the number of features. No row if there is no feature.
 */
export function compileRanks(query: FeatureQuery, by: Rank, levels: number): Plan {
  const { layer } = query.view
  const parameters = new Parameters()
  const source = sourceFor(query)
  const { prefix, where } = compileWhere(query, source, parameters)
  const part = Math.ceil((layer.featureCount ?? 0) / MOST_RANKED)
  const sample = part > 1 ? ` AND ${withGeometryOnly(layer, `${hashOf(source)} % ${part} = 0`)}` : ''
  const ranks = `SELECT ${rankOf(by, layer)} AS v FROM ${source.from} WHERE ${where} AND ${geometryColumnOf(layer)} IS NOT NULL${sample}`
  const shares = Array.from({ length: levels }, (_, n) => 1 - 1 / 2 ** (n + 1))
  const thresholds = `SELECT quantile_disc(v, [${shares.map((share) => `CAST(${share} AS DOUBLE)`).join(', ')}]) AS t FROM r`
  const columns = shares.flatMap((_, n) => [
    `any_value(t[${n + 1}])`,
    `count(*) FILTER (v > t[${n + 1}])`,
    `count(*) FILTER (v = t[${n + 1}])`,
  ])
  const sql = `WITH r AS MATERIALIZED (${ranks}), q AS (${thresholds}) SELECT ${columns.join(', ')}, count(*) FROM r, q HAVING count(*) > 0`
  const names = [...columns, 'all'].map((_, n) => `n${n}`)
  return compileNumbers(sql, names, parameters, layer, prefix)
}

/** Compiles the order of gathered rows: their number, and the number of those whose key is not above the one before. Groups are in no order. */
export function compileOrder({ layer }: View): Plan {
  const { relation } = layer
  if (relation.kind === 'gathered' && relation.grouped)
    return compileNumbers(`SELECT count(*), 0 FROM ${readParquet(relation.files!)}`, ['rows', 'wrong'], new Parameters(), layer)
  const { from, natural } = sourceOf(layer, null)
  const keys = `SELECT ${natural[0]!.sql} AS k, lag(${natural[0]!.sql}) OVER () AS before FROM ${from}`
  const sql = `SELECT count(*), count(*) FILTER (k IS NULL OR k <= before) FROM (${keys})`
  return compileNumbers(sql, ['rows', 'wrong'], new Parameters(), layer)
}

/** Compiles a statement whose columns are doubles. */
function compileNumbers(sql: string, names: readonly string[], parameters: Parameters, layer: Layer, prefix = ''): Plan {
  const columns = names.map((name) => ({ name, wire: { kind: 'float', bits: 64 } }) as const)
  const body = `SELECT ${names.map((name) => `CAST(${name} AS DOUBLE)`).join(', ')} FROM (${sql}) AS g(${names.join(', ')})`
  const properties = columns.map((_, n) => n)
  return frozen({
    statement: withSentinel(body, columns.length, parameters, prefix),
    layout: { columns, geometries: [], key: null, properties, geometryName: layer.geometryColumn },
    keys: [],
    outputs: [{ kind: 'features', fields: names.map((name) => ({ key: name, field: 'property', name }) as const) }],
    cursorKey: null,
    sorted: false,
    indexed: false,
    few: false,
    ...liveOf(layer),
    digest: digestOf(body, '', parameters.values),
  })
}

/** The source of the statement. */
export function sourceFor(query: Scanned, ring: Ring | null = null): Source {
  if (query.view.layer.sortedCopies && query.orderBy && !query.key && !ring) {
    // The value of a position that is too long for a cursor is read by a join, which loses the order of a scan.
    const pruned = query.after?.keys[0] === true || filtersOf(query, new Parameters()).necessary !== null
    const copy = copyFor({ ...query, orderBy: query.orderBy }, pruned)
    if (copy && sourceOf(query.view.layer, null).natural[0]?.sql === ROW_ID) return copy
  }
  return sourceOf(query.view.layer, wantedFiles(query, ring))
}

/** Compiles the condition of a ring: the box of everything within its reach. */
type Ring = (parameters: Parameters) => Condition

function ringOf(query: FeatureQuery, reach: number): Ring {
  const probe = nearestFirst(query)
  if (!probe) throw new RangeError('a result with rings is ordered by distance')
  return (parameters) => withinBox(probe, query.view.layer, reach, parameters)
}

/** The version of a live layer, which the worker prepares before it runs the statement. */
export function liveOf({ relation }: Layer): Pick<Plan, 'live'> {
  return relation.kind === 'live' ? { live: relation } : {}
}

export interface Where {
  /** SQL before the statement, or empty. */
  readonly prefix: string
  /** The filter, preceded by what prunes. `true` for every feature. */
  readonly where: string
  /** True if an index returns the rows, which are then not in natural order. */
  readonly indexed: boolean
  /** True if the box, the key or a value leaves few row groups to read. */
  readonly few: boolean
  /** The number of features that are expected. Null if nothing is known about the filter. */
  readonly expected: number | null
}

export function compileWhere(query: Scanned, source: Source, parameters: Parameters, ring: Ring | null = null): Where {
  const { layer } = query.view
  const conditions: Condition[] = ring ? [ring(parameters)] : []
  if (query.where || query.view.rule) conditions.push(filtersOf(query, parameters))
  if (query.thinning) conditions.push({ exact: isAmong(query.thinning, layer, source), necessary: null })
  if (query.ranked) conditions.push({ exact: isRanked(query.ranked, layer, source, parameters), necessary: null })
  if (query.key) conditions.push({ exact: hasKey(query.key, source, parameters), necessary: null })
  const kept = isKept(layer)
  if (kept !== null) conditions.push({ exact: kept, necessary: null })
  const { exact, necessary } = all(conditions)
  const box = necessary?.box ?? null
  const index = box && indexScan(layer, box, source, parameters)
  const found = isFound(query) || source.copy?.isFew === true
  const inBox = box && expectedIn(layer, box)
  const few = found || (inBox !== null && layer.pruning.kind !== 'NONE' && inBox <= FEW_FEATURES)
  const counts = { few, expected: found ? FEW_ROWS : inBox }
  if (index) return { prefix: index.prefix, where: `(${index.condition}) AND (${exact})`, indexed: true, ...counts }
  const whole = necessary === null ? `(${exact})` : `(${necessary.sql()}) AND (${exact})`
  return { prefix: '', where: whole, indexed: false, ...counts }
}

function isFiltered({ where, key, view }: Scanned): boolean {
  return Boolean(where ?? key ?? view.rule)
}

/**
 * The most expected features for one thread. A second thread has little to read then, and costs up to a third of the processor time of a box.
 * The estimate is too low for a crowded place: there a page or count takes up to twice the time on two idle processors.
 */
const FEW_FEATURES = 8_192

/** The most expected features of a result that is held. An estimate that is too low costs the result that was held. */
const MOST_FITTING = FEW_ROWS

/** True if the engine finds the feature of the key without a scan. */
function isFound({ key, view }: Scanned): boolean {
  const { key: column } = view.layer
  return key?.kind === 'row' || (key?.kind === 'value' && column.kind === 'COLUMN' && column.isPrimary === true)
}

/** Predicates of consecutive scans. A whole result has one scan without a predicate. */
function after(place: ResumePoint | null, keys: readonly SortColumn[], source: Source, parameters: Parameters): string[][] {
  const [key] = keys
  if (key && source.copy?.isOrder) return partsOfCopy(place, key, source, parameters)
  if (!place) return [[]]
  if (keys.length > 0) return [[`(${afterSorted(place, keys, source, parameters)})`]]
  return afterInParts(place.natural, source.natural, parameters).map((part) => [part])
}

/** Bound, like every number from a client. */
export function limitOf({ limit }: Pick<FeatureQuery, 'limit'>, parameters: Parameters): string {
  return limit === null ? '' : ` LIMIT CAST(${parameters.bind(limit)} AS BIGINT)`
}

/**
 * For node-api, a streamed result that fails looks like one that ended. Only this last row proves that the engine reached the end.
 */
export function withSentinel(body: string, width: number, { values, proofs }: Parameters, prefix: string): Statement {
  const nulls = Array.from({ length: width }, () => 'NULL').join(', ')
  const proven = proofs.length === 0 ? '' : ` WHERE ${proofs.map((proof) => `(${proof}) IS NOT NULL`).join(' AND ')}`
  const sentinel = `SELECT ${nulls}, true FROM ${SENTINEL}${proven}`
  return { sql: `${prefix}SELECT *, false AS eof FROM (${body}) UNION ALL ${sentinel}`, parameters: values }
}

/** Two chunks of the engine. An execution holds as much of a streamed result: one chunk is encoded, and the next one is read ahead. */
const MOST_HELD = 2 * CHUNK_ROWS

/**
 * Only the row of a sentinel computes the proofs.
 *
 * @param mayFit True if a result with a larger limit may be held too, because it may have few rows. Its limit must be the last value.
 */
export function heldOf(
  sql: string,
  { limit, view }: Pick<Query, 'limit' | 'view'>,
  mayFit: boolean,
  { proofs }: Parameters,
): { readonly held?: Held } | null {
  if (limit === null || proofs.length > 0 || (limit > MOST_HELD && !mayFit)) return null
  return { held: { sql, cut: limit > MOST_HELD ? MOST_HELD : null, isOfTable: view.layer.relation.kind === 'table' } }
}

/** The digest of a filter stands for its values, so that a large geometry is not printed and read again for every execution. */
export function digestOf(sql: string, filter: string, others: readonly Parameter[]): string {
  return hash('sha256', JSON.stringify([sql, filter, others])).slice(0, 32)
}

export function filterDigest({ view, where, key }: Scanned): string {
  return `${view.rule?.digest ?? ''} ${where?.digest ?? ''} ${key ? keyText(key) : ''}`
}

function keyText(key: FeatureKey): string {
  return key.kind === 'row' ? String(key.row) : 'text' in key ? key.text : ''
}

export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(Object.freeze(value))) frozen(member)
  return value
}

/**
 * True for one of 2^thinning rows with a geometry, by a hash of the row number, which is the same in every server. A predicate of the row number
 * alone would reach the scan of a table, and end the process.
 */
function isAmong(thinning: number, layer: Layer, source: Source): string {
  return withGeometryOnly(layer, `${hashOf(source)} % ${2 ** thinning} = 0`)
}

function withGeometryOnly(layer: Layer, condition: string): string {
  return `CASE WHEN ${geometryColumnOf(layer)} IS NOT NULL THEN ${condition} END`
}

function hashOf({ natural }: Source): string {
  return `hash(${natural.map(({ sql, value = sql }) => value).join(', ')})`
}

/** Parts of which a share of equal ranks is a multiple. */
const SHARES = 2 ** 20

function isRanked({ by, least, share }: RankThreshold, layer: Layer, source: Source, parameters: Parameters): string {
  const [rank, limit] = [rankOf(by, layer), parameters.double(least)]
  const isShown = `${hashOf(source)} % ${SHARES} < ${Math.round(share * SHARES)}`
  return withGeometryOnly(layer, `(${rank} > ${limit} OR (${rank} = ${limit} AND ${isShown}))`)
}

/** Below every finite rank. */
const LOWEST = '-1.7e308'

/** SQL of a finite number. */
function rankOf(by: Rank, layer: Layer): string {
  const value = by === 'size' ? sizeOf(layer) : `CAST(${columnOf(by)} AS DOUBLE)`
  return `CASE WHEN isfinite(${value}) THEN ${value} ELSE ${LOWEST} END`
}

function sizeOf(layer: Layer): string {
  const covering = coveringOf(layer)
  const between = (high: string, low: string) => `(CAST(${high} AS DOUBLE) - ${low})`
  if (covering) {
    const side = (name: keyof CoveringMembers) => memberOf(covering.column, covering.members[name])
    return `(${between(side('xmax'), side('xmin'))} + ${between(side('ymax'), side('ymin'))})`
  }
  const side = (name: string) => withGeometry(layer, (value) => `ST_${name}(${value})`)
  return `(${between(side('XMax'), side('XMin'))} + ${between(side('YMax'), side('YMin'))})`
}

/** The feature of the key: one row or none. */
function hasKey(key: FeatureKey, source: Source, parameters: Parameters): string {
  switch (key.kind) {
    case 'none':
      return 'false'
    case 'row':
      return isRow(source, key.row, parameters)
    case 'value': {
      const comparison = comparisonOf(key.field.type)!
      return isEqual(comparison, columnOf(key.field), comparison.cast(parameters.text(key.text)))
    }
    case 'text':
      return `CAST(${columnOf(key.field)} AS VARCHAR) = ${parameters.text(key.text)}`
  }
}

/* Selects the files of a layer that can contain matching features. Other files are not opened, which saves 0.1 ms of processor time per file with a cached footer. */

/**
 * File numbers within the layer, including the first, from which the engine takes the column types. Null: all files, or
 * unknown.
 */
function wantedFiles(query: Scanned, ring: Ring | null): readonly number[] | null {
  const { relation } = query.view.layer
  if (relation.kind !== 'parquet' || relation.files.length === 1 || relation.files.some(hasColumns)) return null
  const isWanted = byRowNumber(query, relation.fileRows) ?? byExtent(query, ring)
  if (!isWanted) return null
  const wanted = relation.files.flatMap((_, file) => (file === 0 || isWanted(file) ? [file] : []))
  return wanted.length === relation.files.length ? null : wanted
}

/** Text that identifies the rows that are read. */
export type Scanned = Pick<Query, 'view' | 'where'> &
  Partial<Pick<FeatureQuery, 'after' | 'key' | 'orderBy' | 'thinning' | 'ranked'>>

/**
 * The position of a group is no row, so it selects no file. Only a plain count may read its rows in another order: the last digits of a sum depend on
 * it.
 */
export function scannedOf(query: Query): Scanned {
  if (query.kind === 'features') return query
  const { view, where, keys, measures } = query
  const isCount = keys.length === 0 && measures.every(({ figure }) => figure.kind === 'features')
  return { view, where, ...(isCount && { orderBy: [] }) }
}

type IsWanted = (file: number) => boolean

/** If the key is a row number, exactly one file has it. */
function byRowNumber({ key }: Scanned, fileRows: readonly number[]): IsWanted | null {
  if (key?.kind !== 'row') return null
  let left = Number(key.row)
  const file = fileRows.findIndex((rows) => {
    if (left < rows) return true
    left -= rows
    return false
  })
  return (other) => other === file
}

/** See `Engine.mayMatch`. */
export function mayMatch(query: Scanned): (extent: BBox | null) => boolean {
  const necessary = query.where || query.view.rule ? filtersOf(query, new Parameters()).necessary : null
  return (extent) => necessary === null || (extent !== null && necessary.meets(extent))
}

/** Null also if the scan does not prune by the column that the extents were read from, because then they may be wrong. */
function byExtent(query: Scanned, ring: Ring | null): IsWanted | null {
  const {
    view: { layer },
    after,
  } = query
  const summaries = layer.relation.kind === 'parquet' ? layer.relation.fileSummaries : undefined
  if (!summaries || layer.pruning.kind === 'NONE') return null
  const unused = new Parameters()
  const { necessary } = all([...(ring ? [ring(unused)] : []), filtersOf(query, unused)])
  if (!necessary) return null
  // The file of the position is kept regardless of its extent, because positions count rows in it.
  const at = after ? Number(after.keys.at(-2)) : null
  return (file) => {
    const extent = summaries[file]?.extent ?? null
    return file === at || extent === null || necessary.meets(extent)
  }
}
