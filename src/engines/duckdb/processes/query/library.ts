/**
 * libduckdb's C API beside node-api, by FFI: what node-api has but does not pass on. It leans on node-api's handles being N-API
 * externals that hold the C pointers, so versions are pinned, and a wrong pointer is a dead worker, which the pool survives.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import koffi from 'koffi'

const require = createRequire(import.meta.url)
// The bindings' package of this platform is a dependency of node-api's, not of ours: it is found from there.
const bindings = createRequire(createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings'))
const platform = `@duckdb/node-bindings-${process.platform}-${process.arch}`
const file = process.platform === 'darwin' ? 'libduckdb.dylib' : process.platform === 'win32' ? 'duckdb.dll' : 'libduckdb.so'

const library = koffi.load(path.join(path.dirname(bindings.resolve(`${platform}/package.json`)), file))

/** A C pointer, as koffi holds it. */
export type Pointer = unknown

const resultError = library.func('const char *duckdb_result_error(void *result)')
const connectionOptions = library.func('void duckdb_connection_get_arrow_options(void *connection, _Out_ void **options)')
const destroyOptions = library.func('void duckdb_destroy_arrow_options(void **options)')
const chunkToArrow = library.func('void *duckdb_data_chunk_to_arrow(void *options, void *chunk, void *array)')
const copyBytes = library.func('void *memcpy(void *to, void *from, size_t bytes)')
const errorMessage = library.func('const char *duckdb_error_data_message(void *error)')
const profileOf = library.func('void *duckdb_get_profiling_info(void *connection)')
const profileValue = library.func('void *duckdb_profiling_info_get_value(void *info, const char *key)')
const profileChildren = library.func('uint64_t duckdb_profiling_info_get_child_count(void *info)')
const profileChild = library.func('void *duckdb_profiling_info_get_child(void *info, uint64_t index)')
const valueAsNumber = library.func('uint64_t duckdb_get_uint64(void *value)')
const destroyValue = library.func('void duckdb_destroy_value(void **value)')

/**
 * Why a streamed result ended before its sentinel: `fetchChunk()` only ends, and the engine's words are lost otherwise.
 * Null after a clean end.
 */
export function errorOf(result: DuckDBResult): string | null {
  return resultError((result as unknown as { result: Pointer }).result) as string | null
}

/** Arrow options are a connection's; to be destroyed before it closes. */
export function openArrowOptions(connection: DuckDBConnection): Pointer {
  const out: Pointer[] = [null]
  connectionOptions(handleOf(connection), out)
  return out[0]
}

/** The external points to a struct whose first member is the duckdb_connection. */
function handleOf(connection: DuckDBConnection): Pointer {
  return koffi.decode((connection as unknown as { connection: Pointer }).connection, 'void *')
}

export function closeArrowOptions(options: Pointer): void {
  destroyOptions([options])
}

/** Fills `array`, the memory of an ArrowArray, with the chunk's columns. Its buffers are the engine's until it is released. */
export function exportChunk(options: Pointer, chunk: DuckDBDataChunk, array: Uint8Array): void {
  const error = chunkToArrow(options, (chunk as unknown as { chunk: Pointer }).chunk, array) as Pointer
  if (error) throw new Error(String(errorMessage(error)))
}

/** Copies the engine's memory into ours. By FFI too: an ArrayBuffer over it, made to copy from, is one more thing for V8 to collect. */
export function copyFrom(pointer: Pointer, to: Uint8Array): void {
  if (to.length > 0) copyBytes(to, pointer, to.length)
}

/** One operator of a plan that has run. */
export interface ProfiledOperator {
  /** What was counted under that name; 0 where it was not. */
  metric(name: string): number
  readonly children: readonly ProfiledOperator[]
}

/** Of the connection's last query, if it came to its end; it holds until the next one. Null: the engine has none. */
export function lastProfile(connection: DuckDBConnection): ProfiledOperator | null {
  const info = profileOf(handleOf(connection)) as Pointer
  return info ? profiled(info) : null
}

function profiled(info: Pointer): ProfiledOperator {
  return {
    metric: (name) => {
      const value = profileValue(info, name) as Pointer
      if (!value) return 0
      const number = Number(valueAsNumber(value))
      destroyValue([value])
      return number
    },
    get children() {
      return Array.from({ length: Number(profileChildren(info)) }, (_, index) => profiled(profileChild(info, index)))
    },
  }
}
