/**
 * Compiles the difference between two versions of a live layer, or of files. The worker has put both images of each changed feature into tables, and the
 * filter is asked of both. So the cost depends on the number of changes, not on the size of the layer. A difference between two filters reads one version.
 */
import type { BatchLayout } from '../../../encode/batch.ts'
import type { DifferencePart, FeatureQuery } from '../../../model/query.ts'
import { allFields, needsOf, type ResultColumns, resultColumns } from './columns.ts'
import { compileWhere, digestOf, filterDigest, frozen, limitOf, liveOf, withSentinel } from './compile.ts'
import { compareFiles, keyOf } from './file-images.ts'
import { afterInParts, orderClause, readPosition } from './order.ts'
import { PART_ROWS, type Plan } from './plan.ts'
import {
  type Comparison,
  difference,
  FILE_IMAGES,
  hasChanged,
  type Images,
  identifier,
  imageOf,
  LIVE_COLUMNS,
  LIVE_IMAGES,
  liveMove,
  Parameters,
  virtualColumn,
} from './quote.ts'
import { type Source, sourceOf } from './source.ts'

/** Columns of the relation that list what has changed. */
const CHANGED = { geometry: 'live:changed geometry', properties: 'live:changed properties' } as const
/** A move of the filter changes no feature. */
const NO_CHANGES = [
  { name: CHANGED.geometry, sql: 'CAST(NULL AS BOOLEAN)' },
  { name: CHANGED.properties, sql: 'CAST(NULL AS VARCHAR)' },
]

/** The natural order of the rows is that of their parts. */
export function compileDifference(query: FeatureQuery, parts: readonly DifferencePart[]): Plan {
  const { layer } = query.view
  const { movedFrom, earlier: replaced } = query
  const rows = replaced ? imagesOf(FILE_IMAGES.after) : sourceOf(layer, null)
  const parameters = new Parameters()
  const { where } = compileWhere(query, rows, parameters)
  const earlier = movedFrom && compileWhere({ ...query, where: movedFrom }, rows, parameters).where
  const tables = images(query, where, parameters)
  const filter = [...parameters.values]
  const { prefix, from } = earlier
    ? { prefix: '', from: liveMove(rows.from, earlier, where, PART_ROWS, listsChanges(query) ? NO_CHANGES : []) }
    : difference(tables, PART_ROWS, comparisonOf(query, parts, parameters))
  const source = { ...rows, from }
  const result = resultColumns(query, [], source, parameters)
  const { select, keys, layout } = listsChanges(query) ? withChanges(result) : result
  const columns = select.map((sql, n) => `${sql} AS c${n}`).join(', ')
  const filters = `${filterDigest(query)}${movedFrom?.digest ?? ''}`
  const digest = digestOf(`${prefix}${columns}${from}`, filters, parameters.values.slice(filter.length))
  const place = query.after ? readPosition(query.after, [], source) : null
  const isAfter = place ? ` WHERE ${afterInParts(place.natural, source.natural, parameters).join(' OR ')}` : ''
  const body = `SELECT ${columns} FROM ${from}${isAfter}${orderClause([], source, false)}${limitOf(query, parameters)}`
  const statement = withSentinel(body, select.length, parameters, prefix)
  const { outputs } = query
  const plan = { statement, layout, keys, outputs, parts, cursorKey: null, sorted: false, indexed: true, few: !replaced, digest }
  return frozen({ ...plan, ...liveOf(layer), ...(replaced && { compared: compareFiles(replaced, layer) }) })
}

/** Images have row numbers as a live layer has them. */
function imagesOf(table: string): Source {
  const row = virtualColumn(identifier(LIVE_COLUMNS.row))
  return { from: imageOf(table), natural: [{ sql: row, type: 'BIGINT' }], offsets: [0], files: null }
}

/** Returns the tables. The checks of two versions of a file may have proven different types of geometry, so each has a condition. */
function images(query: FeatureQuery, where: string, parameters: Parameters): Images {
  const { view, earlier: layer } = query
  if (!layer) {
    const { before, after } = LIVE_IMAGES
    return { before: { table: before, where }, after: { table: after, where }, removed: null }
  }
  const before = compileWhere({ ...query, view: { ...view, layer } }, imagesOf(FILE_IMAGES.before), parameters)
  return {
    before: { table: FILE_IMAGES.before, where: before.where },
    after: { table: FILE_IMAGES.after, where },
    removed: [LIVE_COLUMNS.key, keyOf(layer)],
  }
}

function listsChanges({ outputs }: FeatureQuery): boolean {
  return outputs.some((output) => output.kind === 'features' && allFields(output.fields).some(({ field }) => field === 'changed'))
}

function comparisonOf(query: FeatureQuery, parts: readonly DifferencePart[], parameters: Parameters): Comparison {
  const { outputs, view } = query
  const { geometry } = needsOf(outputs.filter((_, n) => parts[n] === 'UPDATED'))
  const { geometryColumn } = view.layer
  const shape = geometryColumn === null ? null : { name: geometryColumn }
  const watched = query.watched ? [...query.watched, ...(geometry && shape ? [shape] : [])].map(hasChanged) : []
  const counts = watched.length > 0 ? `(${watched.join(' OR ')})` : null
  if (!listsChanges(query)) return { counts, columns: [] }
  const names = view.fields.map(
    (field) => `CASE WHEN ${hasChanged(field)} THEN CAST(${parameters.bind(field.name)} AS VARCHAR) END`,
  )
  const list = `CAST(to_json(list_filter(CAST([${names.join(', ')}] AS VARCHAR[]), lambda name: name IS NOT NULL)) AS VARCHAR)`
  const columns = [
    { name: CHANGED.geometry, sql: shape ? hasChanged(shape) : 'false' },
    { name: CHANGED.properties, sql: list },
  ]
  return { counts, columns }
}

function withChanges({ select, keys, layout }: ResultColumns): ResultColumns {
  const { length } = select
  const changed: BatchLayout = {
    ...layout,
    columns: [
      ...layout.columns,
      { name: CHANGED.geometry, wire: { kind: 'bool' } },
      { name: CHANGED.properties, wire: { kind: 'json' } },
    ],
    changed: { geometry: length, properties: length + 1 },
  }
  const more = [CHANGED.geometry, CHANGED.properties].map((name) => virtualColumn(identifier(name)))
  return { select: [...select, ...more], keys, layout: changed }
}
