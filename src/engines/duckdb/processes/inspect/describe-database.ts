/** Describes the tables of a DuckDB database as layers, from its catalogue. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { crsOfText } from '../../../../geometry/read-crs.ts'
import type { LayerKey, Pruning } from '../../../../model/layer.ts'
import { identifier, literal, qualified } from '../../dialect/quote.ts'
import type { DescribedSource, Description } from '../../host/inspection.ts'
import { columnsOf, type RelationColumn } from './columns.ts'
import { findCovering } from './covering.ts'
import { holdsGeometry } from './field-type-of.ts'
import { canBeKey, keyCandidates } from './key-candidates.ts'
import { withoutNeedlessDefinition } from './known-crs.ts'
import { propertiesOf } from './properties.ts'
import { claimedCopies, copiesIn, SORTED_COPIES } from './prove-copies.ts'
import { reasonOf } from './reason.ts'
import { rowsOf } from './rows.ts'
import { tableOf } from './table.ts'

export interface Table {
  readonly schema: string
  readonly table: string
}

/** Attaches the database only while `use` runs: an attached file is locked against writers. */
export async function withDatabase<Result>(
  connection: DuckDBConnection,
  { file, alias }: { readonly file: string; readonly alias: string },
  use: () => Promise<Result>,
): Promise<Result> {
  await connection.run(`ATTACH ${literal(file)} AS ${identifier(alias)} (READ_ONLY)`)
  try {
    return await use()
  } finally {
    await connection.run(`DETACH ${identifier(alias)}`)
  }
}

/**
 * Returns a layer per table. The first column of type GEOMETRY is its geometry; without one, it is a table without geometry.
 *
 * @throws Error of the engine
 */
export async function describeDatabase(connection: DuckDBConnection, alias: string): Promise<DescribedSource> {
  const layers: Description[] = []
  const problems = await viewProblems(connection, alias)
  const parts = await partsOf(connection, alias)
  for (const table of await tablesOf(connection, alias)) {
    try {
      layers.push(await describeTable(connection, alias, table, parts))
    } catch (error) {
      problems.push(`table ${table.table}: ${reasonOf(error)}`)
    }
  }
  if (layers.length + problems.length === 0) problems.push('it holds no table: add one, or import the data (geoduck import)')
  return { layers, problems }
}

async function tablesOf(connection: DuckDBConnection, alias: string): Promise<Table[]> {
  const rows = await rowsOf(
    connection,
    `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ${literal(alias)} AND NOT internal AND schema_name <> ${literal(SORTED_COPIES)}
      ORDER BY schema_name <> 'main', schema_name, table_name`,
  )
  return rows.map((row) => ({ schema: String(row['schema_name']), table: String(row['table_name']) }))
}

/** Rows of a view have no row number, so they have no id and no position to resume from. */
async function viewProblems(connection: DuckDBConnection, alias: string): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT view_name FROM duckdb_views() WHERE database_name = ${literal(alias)} AND NOT internal ORDER BY view_name`,
  )
  return rows.map(
    (row) => `view ${row['view_name']}: only tables are served: make one of it, CREATE TABLE ... AS FROM ${row['view_name']}`,
  )
}

/** The parts that are read once for all tables of a database, since each reading lists all of them. */
interface Parts {
  readonly comments: Comments
  readonly copies: ReadonlySet<string>
}

const partsOf = async (connection: DuckDBConnection, alias: string): Promise<Parts> => ({
  comments: await commentsOf(connection, alias),
  copies: await copiesIn(connection, alias),
})

export async function describeTable(
  connection: DuckDBConnection,
  alias: string,
  { schema, table }: Table,
  parts?: Parts,
): Promise<Description> {
  const from = qualified(alias, schema, table)
  const { comments, copies } = parts ?? (await partsOf(connection, alias))
  const ofTable = comments.get(JSON.stringify([schema, table]))
  const columns = (await columnsOf(connection, from)).map((column) => {
    const comment = ofTable?.get(column.name)
    return comment === undefined ? column : { ...column, comment }
  })
  const geometry = columns.find(({ type }) => type.kind === 'geometry')
  const names = schema === 'main' ? [table] : [table, `${schema}_${table}`]
  const relation = { kind: 'table', database: alias, schema, table } as const
  const claimed = { copies: claimedCopies(copies, relation, columns) }
  if (!geometry) return { ...tableOf(columns), names, relation, featureCount: null, key: primaryKey(columns), ...claimed }
  // `geoduck import` and other programs write this column. It is used only after the scan has proven it.
  const covering = findCovering(columns, null)
  const others = columns.filter((column) => column !== geometry && holdsGeometry(column.type))
  return {
    names,
    relation,
    columns: propertiesOf(columns, [geometry.name, covering?.column]),
    geometryColumn: geometry.name,
    geometryEncoding: 'GEOMETRY',
    geometryTypes: [],
    hasZ: null,
    crs: await withoutNeedlessDefinition(connection, crsOfText(geometry.crs)),
    extent: null,
    featureCount: null,
    key: primaryKey(columns),
    pruning: await pruningOf(connection, alias, { schema, table }, geometry),
    covering,
    columnsUncovered: propertiesOf(columns, [geometry.name]),
    keyCandidates: keyCandidates(columns),
    ...claimed,
    unproven: [
      { column: geometry.name, stored: 'GEOMETRY' },
      ...others.map(({ name, type }) => ({ column: name, stored: type.kind === 'geometry' ? 'GEOMETRY' : 'NESTED' }) as const),
    ],
  }
}

/** Comments by schema and table, and then by column. */
type Comments = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Reads the comments of all columns (COMMENT ON COLUMN) at once, because `duckdb_columns()` lists the columns of every table. */
async function commentsOf(connection: DuckDBConnection, alias: string): Promise<Comments> {
  const rows = await rowsOf(
    connection,
    `SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()
      WHERE database_name = ${literal(alias)} AND comment IS NOT NULL`,
  )
  const byTable = Map.groupBy(rows, (row) => JSON.stringify([row['schema_name'], row['table_name']]))
  const ofTable = (own: typeof rows) => new Map(own.map((row) => [String(row['column_name']), String(row['comment'])]))
  return new Map([...byTable].map(([table, own]) => [table, ofTable(own)]))
}

function primaryKey(columns: readonly RelationColumn[]): LayerKey {
  const [column, ...more] = columns.filter(({ isPrimaryKey }) => isPrimaryKey)
  if (!column || more.length > 0 || !canBeKey(column)) return { kind: 'ROW_NUMBER' }
  return { kind: 'COLUMN', column: column.name, isPrimary: true }
}

/**
 * True if the statistics of the table know an extent, because then the engine skips row groups by `&&`. Databases in a storage
 * format before 1.5 have no such statistics.
 */
async function pruningOf(
  connection: DuckDBConnection,
  alias: string,
  { schema, table }: Table,
  geometry: RelationColumn,
): Promise<Pruning> {
  const indexes = await rowsOf(
    connection,
    `SELECT sql, expressions FROM duckdb_indexes() WHERE database_name = ${literal(alias)} AND schema_name = ${literal(schema)}
      AND table_name = ${literal(table)}`,
  )
  const isOverGeometry = (expressions: unknown) =>
    new Set([`[${geometry.name}]`, `['${identifier(geometry.name)}']`, `['${geometry.name}']`]).has(String(expressions))
  if (indexes.some(({ sql, expressions }) => /USING\s+RTREE/i.test(String(sql)) && isOverGeometry(expressions)))
    return { kind: 'RTREE' }
  const from = qualified(alias, schema, table)
  const [row] = await rowsOf(connection, `SELECT stats(${identifier(geometry.name)}) AS stats FROM ${from} LIMIT 1`)
  return { kind: /Extent: \[X: \[-?\d/.test(String(row?.['stats'])) ? 'ROW_GROUP_STATISTICS' : 'NONE' }
}
