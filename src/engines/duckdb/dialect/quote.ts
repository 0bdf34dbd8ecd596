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

/**
 * The rows of a difference, numbered by their part. `where` is a condition of one image.
 *
 * @returns SQL before the statement, and the relation
 */
export function liveDifference(
  where: string,
  partRows: number,
  { counts, columns }: Comparison,
): { readonly prefix: string; readonly from: string } {
  const [row, key] = [LIVE_COLUMNS.row, LIVE_COLUMNS.key].map(virtualIdentifier) as [string, string]
  const matching = (image: string) => `AS MATERIALIZED (SELECT ${key} AS k FROM ${image} AS ${RELATION} WHERE ${where})`
  const numbered = (first: string) => `${RELATION}.* REPLACE (${row} + ${first} AS ${identifier(LIVE_COLUMNS.row)})`
  const [isBefore, isAfter] = ['matching_before', 'matching_after'].map((list) => `${key} IN (SELECT k FROM ${list})`) as [
    string,
    string,
  ]
  const more = (sqlOf: (sql: string) => string) =>
    columns.map(({ name, sql }) => `, ${sqlOf(sql)} AS ${identifier(name)}`).join('')
  const isCompared = counts !== null || columns.length > 0
  const earlier = `LEFT JOIN ${LIVE_IMAGES.before} AS ${EARLIER} ON ${EARLIER}.${identifier(LIVE_COLUMNS.key)} = ${key}`
  const later = `SELECT ${numbered(`CASE WHEN ${isBefore} THEN ${partRows} ELSE 0 END`)}${more((sql) => sql)} FROM ${LIVE_IMAGES.after} AS ${RELATION} ${isCompared ? earlier : ''} WHERE ${isAfter}${counts === null ? '' : ` AND (NOT (${isBefore}) OR ${counts})`}`
  const gone = `SELECT ${numbered(String(2 * partRows))}${more(() => 'NULL')} FROM ${LIVE_IMAGES.before} AS ${RELATION} WHERE ${isBefore} AND NOT (${isAfter})`
  return {
    prefix: `WITH matching_before ${matching(LIVE_IMAGES.before)}, matching_after ${matching(LIVE_IMAGES.after)} `,
    from: derived(`${later} UNION ALL ${gone}`),
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
