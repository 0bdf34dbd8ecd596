/** The one DuckDB instance of the preparer. It reads the source's files, and writes into the process's own folder. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import { crsFiles, withoutWildcards } from '../../host/files.ts'
import type { PreparerOptions } from '../../host/preparation.ts'
import { openDuckDB } from '../../open.ts'

/** The database that a source is read into before it is sorted. It is on disk, because it may be larger than memory. */
export const STAGING = 'staging'
/** The copy, in the process's folder until it is complete. */
export const UNFINISHED = 'unfinished.parquet'

export async function openEngine(options: PreparerOptions): Promise<DuckDBConnection> {
  const { folder, files, spatialExtension, memoryLimitBytes, threads } = options
  const staging = path.join(folder, 'staging.duckdb')
  const stagings = ['', '.wal', '.wal.checkpoint', '.wal.recovery'].map((ending) => `${staging}${ending}`)
  const { connection } = await openDuckDB({
    spatialExtension,
    memoryLimitBytes,
    threads,
    tempDirectory: path.join(folder, 'spill'),
    allowedPaths: [...files, ...files.map(withoutWildcards), ...stagings, path.join(folder, UNFINISHED), ...crsFiles(folder)],
    countsProgress: true,
  })
  await connection.run(`ATTACH ${literal(staging)} AS ${identifier(STAGING)}`)
  return connection
}
