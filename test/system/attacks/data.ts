/** The data of the attacked server: many small squares, and 10,000 features of 2.7 KB, whose page is 27 MB. */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { squares } from '../../support/pool.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

export const SQUARES = 'squares-200000'
export const WIDE = 'wide-10000'

/** Paths of both files, which are made once. */
export async function attackedData(): Promise<string[]> {
  const small = await squares()
  const wide = join(dirname(small), `${WIDE}.parquet`)
  if (!existsSync(wide)) await makeWide(wide)
  return [small, wide]
}

async function makeWide(file: string): Promise<void> {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  const unfinished = `${file}.${process.pid}`
  await connection.run(`COPY (
    SELECT i AS id, repeat(md5(i::VARCHAR), 81) AS text, ST_Point(i % 180, i % 90) AS geometry FROM range(10000) r(i)
  ) TO '${unfinished}' (FORMAT parquet)`)
  connection.closeSync()
  duckdb.closeSync()
  await rename(unfinished, file)
}
