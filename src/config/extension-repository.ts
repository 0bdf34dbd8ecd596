import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

const TIMEOUT_MS = 120_000

/**
 * Has the engine install the extension from its own repository into its own directory. In a process of its own: the server never
 * loads the engine. Without a network it fails in half a second.
 *
 * @returns null, or why it failed in one line
 */
export function installFromRepository(): Promise<string | null> {
  const script = fileURLToPath(new URL(`../engines/duckdb/processes/install/install${extname(import.meta.url)}`, import.meta.url))
  return runProgram(process.execPath, [script], { timeoutMs: TIMEOUT_MS })
}
