/** The oracle for what the engine itself answers: DuckDB's own command line program of the same version, alone in its process and not limited. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './environment.ts'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

const PROGRAM = join(ROOT, '.geoduck/python/duckdb_cli/duckdb')
const MOST_OUTPUT = 256 * 1024 * 1024

/** Rows of one statement, as its `-json` mode prints them. */
export function duckdbCli<Row>(sql: string): Promise<Row[]> {
  const args = ['-json', '-no-init', '-c', `LOAD '${SPATIAL_EXTENSION}'`, '-c', sql]
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, args, { maxBuffer: MOST_OUTPUT }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`duckdb: ${stderr.trim() || error.message}`))
      else resolve(JSON.parse(stdout || '[]'))
    })
  })
}
