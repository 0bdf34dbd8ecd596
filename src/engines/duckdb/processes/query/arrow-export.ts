/**
 * A chunk as columns, the fast way: the engine's own Arrow export. One native call a chunk gives every buffer, strings with their offsets
 * included, where the plain way (`vectors.ts`) needs one a string. The buffers are copied into an arena and released at once.
 * Layouts are those of the Arrow C data interface, https://arrow.apache.org/docs/format/CDataInterface.html
 */

import { createRequire } from 'node:module'
import path from 'node:path'
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import koffi from 'koffi'
import type { ColumnBatch, ColumnData, FixedValues, WireColumn, WireType } from '../../../../encode/batch.ts'
import type { Scan } from '../../messages.ts'

const ARROW_ARRAY = koffi.struct({
  length: 'int64',
  null_count: 'int64',
  offset: 'int64',
  n_buffers: 'int64',
  n_children: 'int64',
  buffers: 'void *',
  children: 'void *',
  dictionary: 'void *',
  release: 'void *',
  private_data: 'void *',
})
const RELEASE = koffi.proto('void ReleaseArrowArray(void *array)')

interface ArrowArray {
  readonly null_count: number
  readonly offset: number
  readonly n_buffers: number
  readonly n_children: number
  readonly buffers: Pointer
  readonly children: Pointer
  readonly release: Pointer
}

/** `columns` describe the chunk's first columns, in order; `options` are the connection's. They lie in `arena`. */
export function readArrow(chunk: DuckDBDataChunk, columns: readonly WireColumn[], options: Pointer, arena: Arena): ColumnBatch {
  const memory = Buffer.alloc(koffi.sizeof(ARROW_ARRAY))
  exportChunk(options, chunk, memory)
  const root = koffi.decode(memory, ARROW_ARRAY) as ArrowArray
  try {
    const length = chunk.rowCount
    const children = koffi.decode(root.children, 'void *', root.n_children) as Pointer[]
    return { length, columns: columns.map(({ wire }, index) => readColumn(children[index], wire, length, arena)) }
  } finally {
    koffi.call(root.release, RELEASE, memory)
  }
}

/** No rows of these columns. */
export function emptyBatch(columns: readonly WireColumn[]): ColumnBatch {
  const empty = ({ wire }: WireColumn): ColumnData => {
    if (wire.kind === 'bool') return { validity: null, values: new Uint8Array(0) }
    if (fixedWidth(wire) > 0) return { validity: null, values: typed(wire, new Uint8Array(0)) }
    return { validity: null, offsets: new Int32Array(1), bytes: new Uint8Array(0) }
  }
  return { length: 0, columns: columns.map(empty) }
}

function readColumn(pointer: Pointer, wire: WireType, length: number, arena: Arena): ColumnData {
  const array = koffi.decode(pointer, ARROW_ARRAY) as ArrowArray
  if (array.offset !== 0) throw new RangeError('the export starts its buffers at 0')
  const buffers = koffi.decode(array.buffers, 'void *', array.n_buffers) as Pointer[]
  const [bitmap, second, third] = buffers
  const copy = (from: Pointer, bytes: number): Uint8Array<ArrayBuffer> => {
    const to = arena.take(bytes)
    copyFrom(from, to)
    return to
  }
  const validity = bitmap && array.null_count !== 0 ? copy(bitmap, (length + 7) >> 3) : null
  if (wire.kind === 'bool') return { validity, values: unpacked(copy(second, (length + 7) >> 3), length) }
  const width = fixedWidth(wire)
  if (width > 0) return { validity, values: typed(wire, copy(second, length * width)) }
  const places = copy(second, (length + 1) * 4)
  const offsets = new Int32Array(places.buffer, places.byteOffset, length + 1)
  return { validity, offsets, bytes: copy(third, offsets[length] ?? 0) }
}

function unpacked(bits: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, row) => ((bits[row >> 3] ?? 0) >> (row & 7)) & 1)
}

/** Bytes a value; 0 for those that have offsets. */
function fixedWidth(wire: WireType): number {
  if (wire.kind === 'int' || wire.kind === 'float') return wire.bits / 8
  return wire.kind === 'date' ? 4 : wire.kind === 'timestamp' ? 8 : 0
}

const SIGNED = { 8: Int8Array, 16: Int16Array, 32: Int32Array, 64: BigInt64Array } as const
const UNSIGNED = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array, 64: BigUint64Array } as const

function typed(wire: WireType, { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): FixedValues {
  const view = <Values>(Kind: new (buffer: ArrayBuffer, from: number, length: number) => Values, width: number) =>
    new Kind(buffer, byteOffset, byteLength / width)
  if (wire.kind === 'int') return view<FixedValues>((wire.signed ? SIGNED : UNSIGNED)[wire.bits], wire.bits / 8)
  if (wire.kind === 'float') return wire.bits === 32 ? view(Float32Array, 4) : view(Float64Array, 8)
  return wire.kind === 'date' ? view(Int32Array, 4) : view(BigInt64Array, 8)
}

/**
 * Memory that the columns of chunks lie in, and that is used again for later ones: a buffer of its own for each column was a third of a
 * worker's own processor time, in allocating it and in V8's collecting it.
 */
const FIRST_BYTES = 512 * 1024
/** A chunk is 2,048 features: of large polygons, 8 MB and more. */
const MOST_KEPT_BYTES = 64 * 1024 * 1024

const kept: Arena[] = []
let keptBytes = 0

export class Arena {
  #block = new ArrayBuffer(FIRST_BYTES)
  #used = 0

  /** One that nobody uses. */
  static open(): Arena {
    const arena = kept.pop()
    if (!arena) return new Arena()
    keptBytes -= arena.#block.byteLength
    return arena
  }

  /** `bytes` of any content, aligned for every number. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#used + bytes > this.#block.byteLength) {
      // What was taken of the former one holds it for as long as it is needed.
      this.#block = new ArrayBuffer(Math.max(2 * this.#block.byteLength, padded(bytes)))
      this.#used = 0
    }
    const taken = new Uint8Array(this.#block, this.#used, bytes)
    this.#used += padded(bytes)
    return taken
  }

  /** Nobody reads what was taken of it any more. */
  close(): void {
    this.#used = 0
    if (keptBytes + this.#block.byteLength > MOST_KEPT_BYTES) return
    keptBytes += this.#block.byteLength
    kept.push(this)
  }
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7
}

/**
 * libduckdb's C API beside node-api, by FFI: what node-api has but does not pass on. It leans on node-api's handles being N-API
 * externals that hold the C pointers, so versions are pinned, and a wrong pointer is a dead worker, which the pool survives.
 */
const require = createRequire(import.meta.url)
// The bindings' package of this platform is a dependency of node-api's, not of ours: it is found from there.
const bindings = createRequire(createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings'))
const platform = `@duckdb/node-bindings-${process.platform}-${process.arch}`
const file = process.platform === 'darwin' ? 'libduckdb.dylib' : process.platform === 'win32' ? 'duckdb.dll' : 'libduckdb.so'

const library = koffi.load(path.join(path.dirname(bindings.resolve(`${platform}/package.json`)), file))

/** A C pointer, as koffi holds it. */
type Pointer = unknown

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
function exportChunk(options: Pointer, chunk: DuckDBDataChunk, array: Uint8Array): void {
  const error = chunkToArrow(options, (chunk as unknown as { chunk: Pointer }).chunk, array) as Pointer
  if (error) throw new Error(String(errorMessage(error)))
}

/** Copies the engine's memory into ours. By FFI too: an ArrayBuffer over it, made to copy from, is one more thing for V8 to collect. */
function copyFrom(pointer: Pointer, to: Uint8Array): void {
  if (to.length > 0) copyBytes(to, pointer, to.length)
}

/** One operator of a plan that has run. */
interface ProfiledOperator {
  /** What was counted under that name; 0 where it was not. */
  metric(name: string): number
  readonly children: readonly ProfiledOperator[]
}

/** Of the connection's last query, if it came to its end; it holds until the next one. Null: the engine has none. */
function lastProfile(connection: DuckDBConnection): ProfiledOperator | null {
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

/** How much of its source a query has read, by the engine's own profiler: 1 % of a box query's processor time. */
const METRICS = { read: 'OPERATOR_ROW_GROUPS_SCANNED', all: 'OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN', rows: 'OPERATOR_ROWS_SCANNED' }

const COUNTED = JSON.stringify(Object.fromEntries(Object.values(METRICS).map((name) => [name, 'true'])))

/** A connection's own settings: its queries count from here on, and nothing is written anywhere. */
export const COUNT_SCANS = `SET enable_profiling = 'no_output'; SET custom_profiling_settings = '${COUNTED}'`

/** Of the connection's last query. Null unless it came to its end: one that is stopped tells nothing. */
export function scanOf(connection: DuckDBConnection): Scan | null {
  const root = lastProfile(connection)
  if (!root) return null
  const operators = below(root)
  const each = (name: string) => operators.map((operator) => operator.metric(name))
  const sum = (name: string) => each(name).reduce((total, count) => total + count, 0)
  // Parts of a plan that scan the same source, one behind the other, look into the same row groups.
  return { rowGroupsRead: sum(METRICS.read), rowGroups: Math.max(0, ...each(METRICS.all)), rowsScanned: sum(METRICS.rows) }
}

function below(operator: ProfiledOperator): ProfiledOperator[] {
  return operator.children.flatMap((child) => [child, ...below(child)])
}
