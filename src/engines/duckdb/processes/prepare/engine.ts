/** The one DuckDB instance of the preparer: it reads the source's files, and writes into the process's own folder. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { withoutWildcards } from '../../host/files.ts'
import type { PreparerOptions } from '../../host/preparation.ts'
import { identifier, literal } from '../inspect/quote.ts'

/** Where a source is read to, before it is sorted: a database on disk, since it may be larger than memory. */
export const STAGING = 'staging'
/** In the process's folder, until it is whole. */
export const UNFINISHED = 'unfinished.parquet'

export async function openEngine(options: PreparerOptions): Promise<DuckDBConnection> {
  const spill = path.join(options.folder, 'spill')
  await mkdir(spill, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitBytes}B`,
    threads: String(options.threads),
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await duckdb.connect()
  const staging = path.join(options.folder, 'staging.duckdb')
  const unfinished = path.join(options.folder, UNFINISHED)
  const stagings = ['', '.wal', '.wal.checkpoint', '.wal.recovery'].map((ending) => `${staging}${ending}`)
  const allowed = [...options.files, ...options.files.map(withoutWildcards), ...stagings, unfinished]
  const settings = [
    options.spatialExtension ? `LOAD ${literal(options.spatialExtension)}` : 'LOAD spatial',
    'SET GLOBAL geometry_always_xy = true',
    // Where there is no bar to be drawn, the engine counts for whoever asks.
    'SET enable_progress_bar = true',
    'SET enable_progress_bar_print = false',
    `SET GLOBAL allowed_paths = [${allowed.map(literal).join(', ')}]`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
    `ATTACH ${literal(staging)} AS ${identifier(STAGING)}`,
  ]
  for (const setting of settings) await connection.run(setting)
  return connection
}
