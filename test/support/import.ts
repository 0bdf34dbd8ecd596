/** The command as it is run, and a look into stores that shares nothing with it but the engine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api'
import { ROOT } from './environment.ts'
import { type ProgramResult, runProgram } from './program.ts'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

const ARGUMENTS = (args: readonly string[]) => [join(ROOT, 'src/main.ts'), 'import', ...args]

export const geoduckImport = (...args: readonly string[]): Promise<ProgramResult> => runProgram(process.execPath, ARGUMENTS(args))

/** The leader of a new process group. */
export function startImport(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ARGUMENTS(args), { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
}

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'geoduck-test-'))
}

export const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

/** Hidden ones too. */
export const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).sort()

/** A connection to a new instance in memory, with the spatial extension. */
export async function using<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  try {
    await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
    await connection.run('SET geometry_always_xy = true')
    return await work(connection)
  } finally {
    connection.closeSync()
    duckdb.closeSync()
  }
}

/** Statements in the store, as a writer. */
export function within(store: string, statements: readonly string[]): Promise<void> {
  return using(async (connection) => {
    await connection.run(`ATTACH '${store}' AS db (STORAGE_VERSION 'v1.5.0')`)
    await connection.run('USE db')
    for (const statement of statements) await connection.run(statement)
    await connection.run('USE memory')
    await connection.run('DETACH db')
  })
}

/** Rows of a query in the store, read-only. */
export function look(store: string, query: string): Promise<JS[][]> {
  return using(async (connection) => {
    await connection.run(`ATTACH '${store}' AS db (READ_ONLY)`)
    await connection.run('USE db')
    return (await connection.runAndReadAll(query)).getRowsJS() as JS[][]
  })
}

/** Small squares at random places, the same for the same number of rows, in GeoParquet as the engine writes it. */
export function squares(file: string, rows: number, version = 1): Promise<void> {
  return using(async (connection) => {
    await connection.run(`COPY (
      SELECT i AS id, ${version} AS version, 'square ' || i AS name, ST_MakeEnvelope(x, y, x + 0.01, y + 0.01) AS geom
      FROM (SELECT i, (hash(i) % 359000) / 1000.0 - 180 AS x, (hash(i + 7777777) % 169000) / 1000.0 - 85 AS y FROM range(${rows}) r(i))
    ) TO '${file}' (FORMAT parquet)`)
  })
}

export const INDEXES = 'SELECT index_name FROM duckdb_indexes() ORDER BY index_name'
