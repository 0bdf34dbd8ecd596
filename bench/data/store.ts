/** The layers as tables of a DuckDB database: rows in the files' order, the covering column's members as columns (zone maps prune by them). */
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { LAYERS } from './layers.ts'

export const STORE_FILE = 'imported.duckdb'

/** The table that holds a layer, and the name under which it is served. */
export function tableOf(layer: string): string {
  return `imported_${layer}`
}

/** Into the database that is attached as `store`. */
export async function writeStore(connection: DuckDBConnection, folder: string): Promise<void> {
  for (const { name } of LAYERS) {
    await connection.run(`CREATE TABLE store.${tableOf(name)} AS
      SELECT * EXCLUDE (bbox, geom), bbox.xmin AS xmin, bbox.ymin AS ymin, bbox.xmax AS xmax, bbox.ymax AS ymax, geom
      FROM '${join(folder, `${name}.parquet`)}'`)
  }
  await connection.run('CHECKPOINT store')
}
