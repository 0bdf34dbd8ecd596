/** The columns of a relation, with the names and types of the engine. */
import { type DuckDBConnection, DuckDBGeometryType } from '@duckdb/node-api'
import type { FieldType } from '../../../../model/field-type.ts'
import { fieldTypeOf, plainTypeOf } from './field-type-of.ts'
import { rowsOf } from './rows.ts'

export interface RelationColumn {
  readonly name: string
  readonly type: FieldType
  /** See `Field.readAs`. */
  readonly readAs: string | null
  /** The type, as in DESCRIBE. */
  readonly native: string
  /** The CRS of a GEOMETRY column as text. Empty if there is none, and for other types. */
  readonly crs: string
  readonly nullable: boolean
  readonly isPrimaryKey: boolean
  /** The comment of a table's column. */
  readonly comment?: string
}

/** Describes the relation `from`, the text after FROM. It reads no rows and takes about 2 ms. */
export async function columnsOf(connection: DuckDBConnection, from: string): Promise<RelationColumn[]> {
  const described = await rowsOf(connection, `DESCRIBE SELECT * FROM ${from}`)
  const prepared = await connection.prepare(`SELECT * FROM ${from}`)
  try {
    return described.map((row, index) => {
      const type = prepared.columnType(index)
      return {
        name: String(row['column_name']),
        type: fieldTypeOf(type),
        readAs: plainTypeOf(type),
        native: String(row['column_type']),
        crs: type instanceof DuckDBGeometryType ? (type.crs ?? '') : '',
        nullable: row['null'] !== 'NO',
        isPrimaryKey: row['key'] === 'PRI',
      }
    })
  } finally {
    prepared.destroySync()
  }
}
