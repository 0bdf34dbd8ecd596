/** The columns of a relation, as the engine names and types them. */
import { type DuckDBConnection, DuckDBGeometryType } from '@duckdb/node-api'
import type { DuckType } from '../../../../model/layer.ts'
import { duckTypeOf } from './duck-type.ts'
import { rowsOf } from './rows.ts'

export interface RelationColumn {
  readonly name: string
  /** As in DESCRIBE. */
  readonly type: string
  readonly duckType: DuckType
  /** Text of a GEOMETRY column's CRS; empty for none and for other types. */
  readonly crs: string
  readonly nullable: boolean
  readonly isPrimaryKey: boolean
}

/** `from` is what stands behind FROM. Reads no rows: about 2 ms. */
export async function columnsOf(connection: DuckDBConnection, from: string): Promise<RelationColumn[]> {
  const described = await rowsOf(connection, `DESCRIBE SELECT * FROM ${from}`)
  const prepared = await connection.prepare(`SELECT * FROM ${from}`)
  try {
    return described.map((row, index) => {
      const type = prepared.columnType(index)
      return {
        name: String(row['column_name']),
        type: String(row['column_type']),
        duckType: duckTypeOf(type),
        crs: type instanceof DuckDBGeometryType ? (type.crs ?? '') : '',
        nullable: row['null'] !== 'NO',
        isPrimaryKey: row['key'] === 'PRI',
      }
    })
  } finally {
    prepared.destroySync()
  }
}
