/**
 * A question as a plan: SQL, values, and what the result's columns are. Pure: no engine, no clock. Names come from the catalogue
 * and are quoted in `quote.ts`; every value of a client is bound.
 */
import { hash } from 'node:crypto'
import type { AggregateQuery, FeatureKey, FeatureQuery, Query } from '../../../model/query.ts'
import { resultColumns } from './columns.ts'
import { all, type Condition, TRUE } from './condition.ts'
import { type Scanned, wantedFiles } from './files.ts'
import { filtersOf } from './filter.ts'
import { isKept } from './geometry-column.ts'
import { hasKey } from './has-key.ts'
import { indexScan } from './index-scan.ts'
import { behindInParts, behindSorted, type Place, readPosition } from './keyset.ts'
import { orderClause, type SortColumn, sortColumns } from './order.ts'
import { Parameters } from './parameters.ts'
import type { Parameter, Plan, Statement } from './plan.ts'
import { type Source, sourceOf } from './source.ts'

/** The features of a query, in order, from behind `after` on. CURSOR_INVALID: `after` is of another order. */
export function compileFeatures(query: FeatureQuery): Plan {
  const source = sourceFor(query)
  const keys = sortColumns(query.orderBy)
  const parameters = new Parameters()
  const { select, keys: keyColumns, layout } = resultColumns(query, keys, source, parameters)
  const others = [...parameters.values]
  const { prefix, where, indexed } = compileWhere(query, source, parameters)
  const order = orderClause(keys, source, !indexed)
  const rows = `SELECT ${select.map((sql, n) => `${sql} AS c${n}`).join(', ')} FROM ${source.from}`
  const digest = digestOf(`${prefix}${rows} WHERE ${where}${order}`, filterDigest(query), others)
  const place = query.after ? readPosition(query.after, keys, source) : null
  const parts = behind(place, keys, source, parameters).map((part) => `${rows} WHERE ${[...part, where].join(' AND ')}`)
  const body = `${parts.length === 1 ? parts[0] : `SELECT * FROM (${parts.join(' UNION ALL ')})`}${order}${limitOf(query, parameters)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs, cursorKey = null } = query
  return frozen({ statement, layout, keys: keyColumns, outputs, cursorKey, sorted: keys.length > 0, indexed, digest })
}

/** One row: a column for each measure. */
export function compileAggregate(query: AggregateQuery): Plan {
  const source = sourceFor(query)
  const parameters = new Parameters()
  const { prefix, where, indexed } = compileWhere(query, source, parameters)
  const columns = query.measures.map(({ kind }) => ({ name: kind, wire: { kind: 'int', bits: 64, signed: true } }) as const)
  const body = `SELECT ${columns.map((_, n) => `count(*) AS c${n}`).join(', ')} FROM ${source.from} WHERE ${where}`
  const layout = { columns, geometries: [], key: null, properties: [], geometryName: query.view.layer.geometryColumn }
  const digest = digestOf(`${prefix}${body}`, filterDigest(query), [])
  return frozen({
    statement: withSentinel(body, columns.length, parameters, prefix),
    layout,
    keys: [],
    outputs: [{ kind: 'rows' }],
    cursorKey: null,
    sorted: false,
    indexed,
    digest,
  })
}

/** What the plan's statement reads from. */
export function sourceFor(query: Query): Source {
  return sourceOf(query.view.layer, wantedFiles(query))
}

interface Where {
  /** In front of the statement, or empty. */
  readonly prefix: string
  /** The filter with what prunes in front of it; `true` for every feature. */
  readonly where: string
  /** An index gives its rows, and not in the natural order. */
  readonly indexed: boolean
}

function compileWhere(query: Scanned, source: Source, parameters: Parameters): Where {
  const { layer } = query.view
  const conditions: Condition[] = []
  if (query.where || query.view.rule) conditions.push(filtersOf(query, parameters))
  if (query.key) conditions.push({ exact: hasKey(query.key, source, parameters), necessary: null })
  const kept = isKept(layer)
  if (kept !== null) conditions.push({ exact: kept, necessary: null })
  const { exact, necessary } = all(conditions.length === 0 ? [TRUE] : conditions)
  const index = indexScan(layer, necessary, source, parameters)
  if (index) return { prefix: index.prefix, where: `(${index.condition}) AND (${exact})`, indexed: true }
  return { prefix: '', where: necessary === null ? `(${exact})` : `(${necessary.sql()}) AND (${exact})`, indexed: false }
}

/** Predicates of the scans that follow each other; one without a predicate for a whole result. */
function behind(place: Place | null, keys: readonly SortColumn[], source: Source, parameters: Parameters): string[][] {
  if (!place) return [[]]
  if (keys.length > 0) return [[`(${behindSorted(place, keys, source, parameters)})`]]
  return behindInParts(place.natural, source.natural, parameters).map((part) => [part])
}

/** Bound, as every number of a client is. */
function limitOf({ limit }: FeatureQuery, parameters: Parameters): string {
  return limit === null ? '' : ` LIMIT CAST(${parameters.bind(limit)} AS BIGINT)`
}

/**
 * A streamed result that fails looks to node-api like one that ended: only this last row proves that the engine came to the end.
 */
function withSentinel(body: string, width: number, { values, proofs }: Parameters, prefix: string): Statement {
  const nulls = Array.from({ length: width }, () => 'NULL').join(', ')
  const proven = proofs.length === 0 ? '' : ` WHERE ${proofs.map((proof) => `(${proof}) IS NOT NULL`).join(' AND ')}`
  return { sql: `${prefix}SELECT *, false AS eof FROM (${body}) UNION ALL SELECT ${nulls}, true${proven}`, parameters: values }
}

/** The filter's values are told by its own digest: a large geometry is not printed and read again for every turn. */
function digestOf(sql: string, filter: string, others: readonly Parameter[]): string {
  return hash('sha256', JSON.stringify([sql, filter, others])).slice(0, 32)
}

function filterDigest({ view, where, key }: Scanned): string {
  return `${view.rule?.digest ?? ''} ${where?.digest ?? ''} ${key ? keyText(key) : ''}`
}

function keyText(key: FeatureKey): string {
  return key.kind === 'row' ? String(key.row) : 'text' in key ? key.text : ''
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(Object.freeze(value))) frozen(member)
  return value
}
