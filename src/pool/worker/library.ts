/**
 * libduckdb's C API beside node-api, by FFI: what node-api has but does not pass on. It leans on node-api's handles being N-API
 * externals that hold the C pointers, so versions are pinned and a wrong pointer is a dead worker, which the pool survives.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import type { DuckDBResult } from '@duckdb/node-api'
import koffi from 'koffi'

const require = createRequire(import.meta.url)
// The bindings' package of this platform is a dependency of node-api's, not of ours: it is found from there.
const bindings = createRequire(createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings'))
const platform = `@duckdb/node-bindings-${process.platform}-${process.arch}`
const file = process.platform === 'darwin' ? 'libduckdb.dylib' : process.platform === 'win32' ? 'duckdb.dll' : 'libduckdb.so'

export const library = koffi.load(path.join(path.dirname(bindings.resolve(`${platform}/package.json`)), file))

const resultError = library.func('const char *duckdb_result_error(void *result)') as (result: unknown) => string | null

/**
 * Why a streamed result ended before its sentinel: `fetchChunk()` only ends, and the engine's words are lost otherwise.
 * Null after a clean end.
 */
export function errorOf(result: DuckDBResult): string | null {
  return resultError((result as unknown as { result: unknown }).result)
}
