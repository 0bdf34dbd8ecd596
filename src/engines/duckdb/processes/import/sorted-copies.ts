/** Makes the key of a table and its sorted copies, after its rows are written. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { isComparedAsStored } from '../../dialect/comparison.ts'
import { COPIED_ROW, identifier, qualified } from '../../dialect/quote.ts'
import { columnsOf, type RelationColumn } from '../inspect/columns.ts'
import { canBeKey } from '../inspect/key-candidates.ts'
import { copiesIn, copyName, isRowNumber, SORTED_COPIES } from '../inspect/prove-copies.ts'
import { rowsOf } from '../inspect/rows.ts'
import { Refusal } from './refusal.ts'
import { STORE } from './target.ts'

/** The key column and the columns of the sorted copies. */
export interface Lookups {
  readonly key: string | null
  readonly index: readonly string[]
}

/** Drops the copies of a table, also of one that another program has dropped. */
export async function dropCopies(connection: DuckDBConnection, table: string): Promise<void> {
  for (const copy of await copiesIn(connection, STORE, table))
    await connection.run(`DROP TABLE ${qualified(STORE, SORTED_COPIES, copy)}`)
}

/**
 * The requested columns and those of the table before, if they still exist and fit. @throws Refusal for a requested column that does not exist or does not
 * fit
 */
export async function lookupsOf(connection: DuckDBConnection, from: string, asked: Lookups, before: Lookups): Promise<Lookups> {
  const columns = await columnsOf(connection, from)
  const find = (name: string) => columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  const required = (name: string, flag: string, fits: (column: RelationColumn) => boolean, kinds: string) => {
    const column = find(name)
    if (!column) throw new Refusal(`There is no column ${name} for ${flag}: it has ${columns.map((one) => one.name).join(', ')}.`)
    if (!fits(column)) throw new Refusal(`The column ${column.name} is ${column.native}, and ${flag} takes ${kinds}.`)
    return column.name
  }
  const key = asked.key === null ? null : required(asked.key, '--key', canBeKey, 'an integer, text or UUID')
  const index = asked.index.map((name) =>
    required(name, '--index', isComparedAsStored, 'numbers, text, dates, times and booleans'),
  )
  const taken = columns.find(isRowNumber)
  if (taken && index.length > 0) throw new Refusal(`A table with a column ${taken.name} cannot have an index: leave --index out.`)
  // A file that replaces the table may spell its columns in another way, or have other types.
  const fitting = (name: string, fits: (column: RelationColumn) => boolean) => {
    const column = find(name)
    return column && fits(column) ? [column.name] : []
  }
  const kept = taken ? [] : before.index.flatMap((name) => fitting(name, isComparedAsStored))
  const [keptKey = null] = before.key === null ? [] : fitting(before.key, canBeKey)
  return { key: key ?? keptKey, index: [...new Set([...index, ...kept])] }
}

/** Makes the column the primary key, whose index of the engine finds a row without a scan. @throws Refusal if it is not a key */
export async function makeKey(connection: DuckDBConnection, table: string, key: string): Promise<void> {
  const [path, column] = [qualified(STORE, 'main', table), identifier(key)]
  const existing = (await columnsOf(connection, path)).filter(({ isPrimaryKey }) => isPrimaryKey)
  if (existing.length === 1 && existing[0]?.name === key) return
  if (existing.length > 0) throw new Refusal(`The table ${table} has another primary key already: leave --key out.`)
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) AS n, count(${column}) AS v, count(DISTINCT ${column}) AS d FROM ${path}`,
  )
  const [rows, values, distinct] = [Number(row?.['n']), Number(row?.['v']), Number(row?.['d'])]
  if (values < rows) throw new Refusal(`The column ${key} cannot be the key: it is null in ${rows - values} of ${rows} rows.`)
  if (distinct < rows)
    throw new Refusal(`The column ${key} cannot be the key: ${rows - distinct} of ${rows} rows repeat the value of another.`)
  await connection.run(`ALTER TABLE ${path} ADD PRIMARY KEY (${column})`)
}

/** The rows must be committed and checkpointed, because only then they have their last row numbers. */
export async function makeCopies(connection: DuckDBConnection, table: string, columns: readonly string[]): Promise<void> {
  if (columns.length === 0) return
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${qualified(STORE, SORTED_COPIES)}`)
  for (const column of columns) {
    await connection.run(
      `CREATE TABLE ${qualified(STORE, SORTED_COPIES, copyName(table, column))} AS SELECT *, rowid AS ${identifier(COPIED_ROW)}
        FROM ${qualified(STORE, 'main', table)} ORDER BY ${identifier(column)} ASC NULLS LAST, rowid`,
    )
  }
}
