/** Writes features of a live store into tables of DuckDB, for bases and for the changes since them. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { columnTypeOf } from '../../../../model/column-type.ts'
import type { LiveColumn } from '../../../../model/live.ts'
import { comparisonOf } from '../../dialect/comparison.ts'
import { identifier, LIVE_COLUMNS } from '../../dialect/quote.ts'

export interface StoredFeature {
  readonly key: string
  readonly properties: string
  readonly geometry: Uint8Array | null
  /** @default the next number */
  readonly row?: bigint
}

const { row, key, geometry, west, south, east, north } = LIVE_COLUMNS

export async function createTable(connection: DuckDBConnection, table: string, columns: readonly LiveColumn[]): Promise<void> {
  const definitions = [
    `${identifier(row)} BIGINT NOT NULL`,
    `${identifier(key)} VARCHAR NOT NULL`,
    ...columns.map(({ name, native }) => `${identifier(name)} ${sqlType(native)}`),
    `${identifier(geometry)} GEOMETRY`,
    ...[west, south, east, north].map((side) => `${identifier(side)} DOUBLE`),
  ]
  await connection.run(`CREATE OR REPLACE TABLE ${table} (${definitions.join(', ')})`)
}

/** `COLUMN_TYPES` holds the names of DuckDB, so a checked name is SQL. */
function sqlType(native: string): string {
  if (!columnTypeOf(native)) throw new Error('a live layer has a column of an unknown type')
  return native
}

/** Appends features to a table, with row numbers from `first` on. The texts were proven when they were written, so no cast fails. */
export class Filling {
  readonly #connection: DuckDBConnection
  /** A temporary table for the texts, before the engine casts them. */
  readonly #texts: string
  readonly #columns: readonly LiveColumn[]

  private constructor(connection: DuckDBConnection, texts: string, columns: readonly LiveColumn[]) {
    this.#connection = connection
    this.#texts = texts
    this.#columns = columns
  }

  /** `texts`: a name for its temporary table, which belongs to the connection. */
  static async open(connection: DuckDBConnection, texts: string, columns: readonly LiveColumn[]): Promise<Filling> {
    const definitions = ['n BIGINT', 'k VARCHAR', ...columns.map((_, n) => `p${n} VARCHAR`), 'g BLOB']
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${identifier(texts)} (${definitions.join(', ')})`)
    return new Filling(connection, texts, columns)
  }

  async append(table: string, first: number, features: readonly StoredFeature[]): Promise<void> {
    const connection = this.#connection
    const appender = await connection.createAppender(this.#texts, 'main', 'temp')
    for (const [n, feature] of features.entries()) {
      appender.appendBigInt(feature.row ?? BigInt(first + n))
      appender.appendVarchar(feature.key)
      for (const value of JSON.parse(feature.properties) as (string | null)[]) {
        if (value === null) appender.appendNull()
        else appender.appendVarchar(value)
      }
      if (feature.geometry === null) appender.appendNull()
      else appender.appendBlob(feature.geometry)
      appender.endRow()
    }
    appender.closeSync()
    const values = this.#columns.map(({ native }, n) => cast(`p${n}`, native))
    const sides = ['XMin', 'YMin', 'XMax', 'YMax'].map((side) => `ST_${side}(g)`)
    await connection.run(
      `INSERT INTO ${table} SELECT ${['n', 'k', ...values, 'g', ...sides].join(', ')}
       FROM (SELECT * EXCLUDE g, ST_GeomFromWKB(g) AS g FROM ${identifier(this.#texts)})`,
    )
    await connection.run(`TRUNCATE ${identifier(this.#texts)}`)
  }

  async close(): Promise<void> {
    await this.#connection.run(`DROP TABLE ${identifier(this.#texts)}`)
  }
}

function cast(text: string, native: string): string {
  const type = columnTypeOf(native)!
  return comparisonOf(type)?.cast(text) ?? `CAST(${text} AS JSON)`
}
