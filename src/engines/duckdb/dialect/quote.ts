/**
 * The only place where a name becomes SQL text. Names, labels and paths come from the catalogue and the command line; nothing of a client
 * comes here.
 */
import type { Field, Layer, Pruning } from '../../../model/layer.ts'
import { withoutWildcards } from '../host/files.ts'
import type { Parameter } from './plan.ts'

type CoveringColumn = Extract<Pruning, { readonly kind: 'COVERING_COLUMN' }>

/** What every relation is called in a plan: columns are written with it, so that no source name can mean anything else. */
const RELATION = 't'

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Text as an SQL literal. DuckDB knows no escapes in it but the doubled quote. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function columnOf(column: Pick<Field, 'name'>): string {
  return `${RELATION}.${identifier(column.name)}`
}

export function geometryColumnOf(layer: Layer): string {
  return `${RELATION}.${identifier(layer.geometryColumn)}`
}

/** A member of a struct column; of the row itself where `column` is null. */
export function memberOf(column: string | null, member: string): string {
  return [RELATION, ...(column === null ? [] : [identifier(column)]), identifier(member)].join('.')
}

/** A virtual column (row numbers), or one that the relation's own text makes. */
export function virtualColumn(name: string): string {
  return `${RELATION}.${name}`
}

export function readParquet(files: readonly string[]): string {
  return `read_parquet(${fileList(files)}) AS ${RELATION}`
}

export function fileList(files: readonly string[]): string {
  return `[${files.map((file) => literal(withoutWildcards(file))).join(', ')}]`
}

/** A relation of a row a row group: its covering column or columns, with the least of the lower sides and the largest of the upper ones. */
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
  return `(SELECT ${box} FROM parquet_metadata(${fileList(files)}) GROUP BY file_name, row_group_id) AS ${RELATION}`
}

export function tableOf(database: string, schema: string, table: string): string {
  return `${identifier(database)}.${identifier(schema)}.${identifier(table)} AS ${RELATION}`
}

/** A relation for people to read: by the layer's name. */
export function named(layer: string): string {
  return `${identifier(layer)} AS ${RELATION}`
}

/** A relation with one column more: the number of each row, from 0, in the source's order. */
export function numbered(relation: string, name: string): string {
  return `(SELECT *, row_number() OVER () - 1 AS ${name} FROM ${relation}) AS ${RELATION}`
}

/** The values of one statement, in the order of their numbers. */
export class Parameters {
  readonly values: Parameter[] = []
  /** SQL of constants that the statement must not end without having computed: what fails in them is swallowed where they are used. */
  readonly proofs: string[] = []

  /** `$n`. A value says nothing of its type to the engine: the caller casts it. */
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

/** Begins what a statement itself refuses a client with: the pool passes on what stands behind it, as what is wrong with the client's input. */
export const REFUSED = 'Refused: '

/** SQL that ends the statement with a message of ours. Nothing of a client's may be in it. */
export function refusal(message: string): string {
  return `error(${literal(`${REFUSED}${message}`)})`
}
