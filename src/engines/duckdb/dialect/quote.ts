/**
 * The only file where a name becomes SQL text. Names, labels and paths are from the catalogue and the command line. No text of a client reaches
 * this file.
 */
import {
  type CoveringColumn,
  type Field,
  hasGeometry,
  type Layer,
  type LiveRelation,
  type Spatial,
} from '../../../model/layer.ts'
import { withoutWildcards } from '../host/files.ts'
import type { Parameter } from './plan.ts'

/** The name of every relation in a plan. Columns are written with it, so that a source name cannot mean anything else. */
const RELATION = 't'

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Text as a SQL literal. DuckDB has no escapes in it except the doubled quote. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function columnOf({ name, readAs }: Pick<Field, 'name' | 'readAs'>): string {
  const column = `${RELATION}.${identifier(name)}`
  return readAs ? `CAST(${column} AS ${readAs})` : column
}

export function geometryColumnOf(layer: Layer): string {
  return `${RELATION}.${identifier(spatial(layer).geometryColumn)}`
}

/** A query that needs the geometry of a table is refused before it is compiled. */
export function spatial(layer: Layer): Spatial<Layer> {
  if (hasGeometry(layer)) return layer
  throw new Error(`no query reads a geometry of the table ${layer.name}`)
}

/** A member of a struct column, or a column of the row if `column` is null. */
export function memberOf(column: string | null, member: string): string {
  return [RELATION, ...(column === null ? [] : [identifier(column)]), identifier(member)].join('.')
}

/** The column of a sorted copy with each row's number in the table. */
export const COPIED_ROW = 'geoduck row'

/** A virtual column (row numbers), or one that the relation's own text defines. */
export function virtualColumn(name: string): string {
  return `${RELATION}.${name}`
}

export function readParquet(files: readonly string[]): string {
  return `read_parquet(${fileList(files)}) AS ${RELATION}`
}

export function fileList(files: readonly string[]): string {
  return `[${files.map((file) => literal(withoutWildcards(file))).join(', ')}]`
}

/** The columns of `coveringStatistics` beside the covering columns: the number of rows, and the place in the order of the files. */
export const GROUP_ROWS = identifier('rows of the group')
export const GROUP_PLACE = identifier('place of the group')

/**
 * A relation with one row per row group: its covering column or columns, with the minimum of the lower sides and the maximum of
 * the upper sides.
 */
export function coveringStatistics(files: readonly string[], { column, members, float32 }: CoveringColumn): string {
  const side = (member: string, least: boolean) => {
    const [of, statistic] = least ? ['min', 'stats_min_value'] : ['max', 'stats_max_value']
    const path = column === null ? member : `${column}, ${member}`
    const value = `TRY_CAST(${statistic} AS ${float32 ? 'FLOAT' : 'DOUBLE'})`
    return { member: identifier(member), sql: `${of}(${value}) FILTER (path_in_schema = ${literal(path)})` }
  }
  const { xmin, ymin, xmax, ymax } = members
  const sides = [side(xmin, true), side(ymin, true), side(xmax, false), side(ymax, false)]
  const box =
    column === null
      ? sides.map(({ member, sql }) => `${sql} AS ${member}`).join(', ')
      : `struct_pack(${sides.map(({ member, sql }) => `${member} := ${sql}`).join(', ')}) AS ${identifier(column)}`
  const group = `max(row_group_num_rows) AS ${GROUP_ROWS}, [list_position(${fileList(files)}, file_name), row_group_id] AS ${GROUP_PLACE}`
  return `(SELECT ${box}, ${group} FROM parquet_metadata(${fileList(files)}) GROUP BY file_name, row_group_id) AS ${RELATION}`
}

/** The name of a table, an index or a schema, with the names of what it is in. */
export function qualified(...names: readonly string[]): string {
  return names.map(identifier).join('.')
}

export function tableOf(database: string, schema: string, table: string): string {
  return `${qualified(database, schema, table)} AS ${RELATION}`
}

/** The columns of a live layer beside its properties. Names of properties contain no colon. */
export const LIVE_COLUMNS = {
  row: 'live:row',
  key: 'live:key',
  geometry: 'geometry',
  west: 'live:west',
  south: 'live:south',
  east: 'live:east',
  north: 'live:north',
} as const

/** Rows of the changes are numbered from here on, so that they follow those of the base. */
export const FIRST_CHANGE = 2 ** 40

/** Variables of a connection: the rows of the base and of the changes that the version does not have, as bits, and its number of changes. */
export const LIVE_VARIABLES = { base: 'live_base', changes: 'live_changes', count: 'live_count' } as const

export const liveBase = (generation: number): string => `live_base_${generation}`

export const liveChanges = ({ layer, generation }: Pick<LiveRelation, 'layer' | 'generation'>): string =>
  qualified('memory', 'main', `live_changes_${layer}_${generation}`)

/**
 * The rows of a live layer at the version that the worker has prepared. Bits keep the order of both scans; a join would lose it. Both parts have
 * the same columns in the same order.
 */
export function liveRows(relation: LiveRelation): string {
  const row = identifier(LIVE_COLUMNS.row)
  const isNot = (variable: string, number: string) => `get_bit(getvariable('${variable}'), CAST(${number} AS INTEGER)) = 0`
  const { base, changes, count } = LIVE_VARIABLES
  const number = `${row} - ${FIRST_CHANGE}`
  // Other executions may add changes, so the bits may be fewer than the rows.
  const isThere = `CASE WHEN ${number} < getvariable('${count}') THEN ${isNot(changes, number)} ELSE false END`
  const changed = `SELECT * FROM ${liveChanges(relation)} WHERE ${isThere}`
  if (relation.generation === 0) return derived(changed)
  return derived(
    `SELECT * FROM ${qualified(liveBase(relation.generation), 'main', 'features')} WHERE ${isNot(base, row)} UNION ALL ${changed}`,
  )
}

/** The images of the features that have changed, which the worker has prepared. */
export const LIVE_IMAGES = {
  before: qualified('memory', 'main', 'live_before'),
  after: qualified('memory', 'main', 'live_after'),
} as const

/** The images of the features that differ between two versions of files, and the list of their keys, which the worker has prepared. */
export const FILE_IMAGES = {
  before: qualified('memory', 'main', 'file_before'),
  after: qualified('memory', 'main', 'file_after'),
  keys: qualified('memory', 'main', 'file_keys'),
} as const

/** A version of files that is compared with another one. */
export interface FileVersion {
  readonly from: string
  /** SQL of the number of a row. */
  readonly row: string
  readonly key: string
  /** The columns that a query may need. */
  readonly columns: readonly string[]
  /** A condition of the rows that are served. Null: all. */
  readonly where: string | null
}

/** A statement that fills the list of keys of the features that differ in one of the columns, or are in one version only. Keys are not null. */
export function fileChanges(earlier: FileVersion, later: FileVersion, compared: readonly string[], most: number): string {
  const side = ({ from, key, where }: FileVersion, name: string) => {
    const columns = [key, ...compared].map((column, n) => `${RELATION}.${identifier(column)} AS v${n}`)
    return `(SELECT ${columns.join(', ')} FROM ${from}${where === null ? '' : ` WHERE ${where}`}) AS ${name}`
  }
  const differ = compared.map((_, n) => `a.v${n + 1} IS DISTINCT FROM b.v${n + 1}`)
  return (
    `CREATE TABLE ${FILE_IMAGES.keys} AS SELECT coalesce(a.v0, b.v0) AS k FROM ${side(earlier, 'a')} FULL JOIN ${side(later, 'b')}` +
    ` ON a.v0 = b.v0 WHERE ${['a.v0 IS NULL', 'b.v0 IS NULL', ...differ].join(' OR ')} LIMIT ${most}`
  )
}

/** A statement that fills a table with the images of the listed keys, with their row numbers and keys as live layers have them. */
export function fileImage(table: string, { from, row, key, columns, where }: FileVersion): string {
  const own = virtualIdentifier(key)
  const more = [`CAST(${row} AS BIGINT) AS ${identifier(LIVE_COLUMNS.row)}`, `${own} AS ${identifier(LIVE_COLUMNS.key)}`]
  const served = where === null ? '' : ` AND (${where})`
  return `CREATE TABLE ${table} AS SELECT ${[...columns.map(virtualIdentifier), ...more].join(', ')} FROM ${from} WHERE ${own} IN (SELECT k FROM ${FILE_IMAGES.keys})${served}`
}

/** The earlier image of a feature, beside the later one. */
const EARLIER = 'earlier'

/** SQL that is true if both images of a feature have different values. */
export function hasChanged({ name }: Pick<Field, 'name'>): string {
  const column = identifier(name)
  return `${EARLIER}.${column} IS DISTINCT FROM ${RELATION}.${column}`
}

/** Conditions and columns that compare both images of a feature. */
export interface Comparison {
  /** A condition of features that match both times. Null: each counts. */
  readonly counts: string | null
  /** More columns of the relation. */
  readonly columns: readonly { readonly name: string; readonly sql: string }[]
}

/** The images before and after each change, which the worker has prepared. Both have the same row number: the version, and the place in it. */
export const LIVE_STEPS = {
  before: qualified('memory', 'main', 'live_steps_before'),
  after: qualified('memory', 'main', 'live_steps_after'),
} as const

/** Bits of a step's row number for its place in its version. */
export const STEP_BITS = 20

/** The tables of a difference, and a condition for each image. */
export interface Images {
  readonly before: { readonly table: string; readonly where: string }
  readonly after: { readonly table: string; readonly where: string }
  /** Columns that a removed feature needs. Null: it has all. The versions of a file need not have the same kind of geometry. */
  readonly removed: readonly string[] | null
}

/**
 * The rows of a difference, numbered by their part.
 *
 * @returns SQL before the statement, and the relation
 */
export function difference(
  { before, after, removed }: Images,
  partRows: number,
  { counts, columns }: Comparison,
): { readonly prefix: string; readonly from: string } {
  const [row, key] = [LIVE_COLUMNS.row, LIVE_COLUMNS.key].map(virtualIdentifier) as [string, string]
  const matching = ({ table, where }: Images['before']) =>
    `AS MATERIALIZED (SELECT ${key} AS k FROM ${table} AS ${RELATION} WHERE ${where})`
  const numbered = (first: string) => `${RELATION}.* REPLACE (${row} + ${first} AS ${identifier(LIVE_COLUMNS.row)})`
  const [isBefore, isAfter] = ['matching_before', 'matching_after'].map((list) => `${key} IN (SELECT k FROM ${list})`) as [
    string,
    string,
  ]
  const more = (sqlOf: (sql: string) => string) =>
    columns.map(({ name, sql }) => `, ${sqlOf(sql)} AS ${identifier(name)}`).join('')
  const isCompared = counts !== null || columns.length > 0
  const earlier = `LEFT JOIN ${before.table} AS ${EARLIER} ON ${EARLIER}.${identifier(LIVE_COLUMNS.key)} = ${key}`
  const later = `SELECT ${numbered(`CASE WHEN ${isBefore} THEN ${partRows} ELSE 0 END`)}${more((sql) => sql)} FROM ${after.table} AS ${RELATION} ${isCompared ? earlier : ''} WHERE ${isAfter}${counts === null ? '' : ` AND (NOT (${isBefore}) OR ${counts})`}`
  const goneRow = `${row} + ${2 * partRows} AS ${identifier(LIVE_COLUMNS.row)}`
  const all = removed ? [goneRow, ...removed.map(virtualIdentifier)].join(', ') : numbered(String(2 * partRows))
  const gone = `SELECT ${all}${more(() => 'NULL')} FROM ${before.table} AS ${RELATION} WHERE ${isBefore} AND NOT (${isAfter})`
  return {
    prefix: `WITH matching_before ${matching(before)}, matching_after ${matching(after)} `,
    from: derived(`${later} UNION ALL ${removed ? 'BY NAME ' : ''}${gone}`),
  }
}

/** The rows that match only the later filter, and then those that matched only the earlier one, numbered by their part. */
export function liveMove(rows: string, earlier: string, later: string, partRows: number, columns: Comparison['columns']): string {
  const row = virtualIdentifier(LIVE_COLUMNS.row)
  // Numbers of changes follow those of the base. A part has room for both.
  const near = `CASE WHEN ${row} < ${FIRST_CHANGE} THEN ${row} ELSE ${row} - ${FIRST_CHANGE - partRows / 2} END`
  const more = columns.map(({ name, sql }) => `, ${sql} AS ${identifier(name)}`).join('')
  const some = (first: number, matches: string, other: string) =>
    `SELECT ${RELATION}.* REPLACE (${near} + ${first} AS ${identifier(LIVE_COLUMNS.row)})${more} FROM ${rows} WHERE (${matches}) AND (${other}) IS NOT TRUE`
  return derived(`${some(0, later, earlier)} UNION ALL ${some(2 * partRows, earlier, later)}`)
}

const virtualIdentifier = (name: string): string => virtualColumn(identifier(name))

/** A table of images as a relation. */
export const imageOf = (table: string): string => `${table} AS ${RELATION}`

/** A relation for people to read, with the layer's name. */
export function named(layer: string): string {
  return `${identifier(layer)} AS ${RELATION}`
}

/** The rows of a statement as a relation. */
export function derived(statement: string): string {
  return `(${statement}) AS ${RELATION}`
}

/** A relation with one more column: the number of each row, from 0, in the source's order. */
export function numbered(relation: string, name: string): string {
  return `(SELECT *, row_number() OVER () - 1 AS ${name} FROM ${relation}) AS ${RELATION}`
}

/** The rows of a relation that meet a condition, with more columns. */
export function extended(relation: string, columns: readonly string[], where: string): string {
  return derived(`SELECT ${[`${RELATION}.*`, ...columns].join(', ')} FROM ${relation} WHERE ${where}`)
}

/** The values of one statement, in the order of their numbers. */
export class Parameters {
  readonly values: Parameter[] = []
  /**
   * SQL of constants that the statement must always compute, because an error in them would be swallowed where they are used.
   */
  readonly proofs: string[] = []

  /** `$n`. A value has no type for the engine: the caller casts it. */
  bind(value: Parameter): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  double(value: number): string {
    return `CAST(${this.bind(value)} AS DOUBLE)`
  }

  text(value: string): string {
    return `CAST(${this.bind(value)} AS VARCHAR)`
  }
}

/** The start of a message by which a statement refuses the client's input. The pool sends the text after it to the client. */
export const REFUSED = 'Refused: '

/** SQL that ends the statement with our own message. It must not contain text of a client. */
export function refusal(message: string): string {
  return `error(${literal(`${REFUSED}${message}`)})`
}

/**
 * A table of one row, which each instance of the engine has. The last row of a streamed result is read from it. The engine knows
 * the order of a scan among scans of other threads, but not that of constants, for which one thread would run the whole statement.
 */
export const SENTINEL = 'memory.main.sentinel'

export const CREATE_SENTINEL = `CREATE TABLE ${SENTINEL} AS SELECT true AS eof`
