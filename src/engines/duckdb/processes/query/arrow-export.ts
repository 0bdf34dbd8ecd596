/**
 * Reads a chunk as columns in the fast way, by the engine's own Arrow export. One native call per chunk returns all buffers,
 * including strings with their offsets; `vectors.ts` needs one call per string. The buffers are copied into an arena and
 * released at once. The layouts are those of the Arrow C data interface,
 * https://arrow.apache.org/docs/format/CDataInterface.html
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

/**
 * Reads the first columns of a chunk into `arena`. `columns` describes them in order. `options` are the Arrow options of the
 * connection.
 */
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

/** Returns a batch of these columns without rows. */
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

/** Returns the bytes per value; 0 for types with offsets. */
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

/** Bytes of a new arena. */
const FIRST_BYTES = 512 * 1024
/** Most bytes of all arenas that are kept. One chunk of 2,048 large polygons has 8 MB and more. */
const MOST_KEPT_BYTES = 64 * 1024 * 1024

const kept: Arena[] = []
let keptBytes = 0

/**
 * Memory for the columns of chunks, which is used again for later chunks. A separate buffer per column took a third of a
 * worker's own processor time, to allocate it and for V8 to collect it.
 */
export class Arena {
  #block = new ArrayBuffer(FIRST_BYTES)
  #used = 0

  /** Returns an arena that nobody uses. */
  static open(): Arena {
    const arena = kept.pop()
    if (!arena) return new Arena()
    keptBytes -= arena.#block.byteLength
    return arena
  }

  /** Returns `bytes` bytes with arbitrary content, aligned for all number types. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#used + bytes > this.#block.byteLength) {
      // Views of the block before keep that block in memory as long as they are needed.
      this.#block = new ArrayBuffer(Math.max(2 * this.#block.byteLength, padded(bytes)))
      this.#used = 0
    }
    const taken = new Uint8Array(this.#block, this.#used, bytes)
    this.#used += padded(bytes)
    return taken
  }

  /** Makes the arena available again. Its memory must not be read after this. */
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

/*
 * Functions of libduckdb's C API that node-api does not offer, called by FFI. It relies on node-api's handles, which are N-API
 * externals that hold the C pointers. Therefore versions are pinned. A wrong pointer ends the worker, which the pool survives.
 */
const require = createRequire(import.meta.url)
// The package of this platform's bindings is a dependency of node-api, so it is resolved from there.
const bindings = createRequire(createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings'))
const platform = `@duckdb/node-bindings-${process.platform}-${process.arch}`
const file = process.platform === 'darwin' ? 'libduckdb.dylib' : process.platform === 'win32' ? 'duckdb.dll' : 'libduckdb.so'

const library = koffi.load(path.join(path.dirname(bindings.resolve(`${platform}/package.json`)), file))

/** A C pointer of koffi. */
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
 * Returns the engine's error message of a streamed result; null after a clean end. `fetchChunk()` of a failed result just ends,
 * so there is no other way to get the message.
 */
export function errorOf(result: DuckDBResult): string | null {
  return resultError((result as unknown as { result: Pointer }).result) as string | null
}

/** Returns the Arrow options of a connection. They must be closed before the connection. */
export function openArrowOptions(connection: DuckDBConnection): Pointer {
  const out: Pointer[] = [null]
  connectionOptions(handleOf(connection), out)
  return out[0]
}

/** Returns the `duckdb_connection`, which is the first member of the struct that node-api's external points to. */
function handleOf(connection: DuckDBConnection): Pointer {
  return koffi.decode((connection as unknown as { connection: Pointer }).connection, 'void *')
}

export function closeArrowOptions(options: Pointer): void {
  destroyOptions([options])
}

/**
 * Exports the chunk's columns into `array`, the memory of an ArrowArray. The engine owns the buffers until the array is
 * released.
 */
function exportChunk(options: Pointer, chunk: DuckDBDataChunk, array: Uint8Array): void {
  const error = chunkToArrow(options, (chunk as unknown as { chunk: Pointer }).chunk, array) as Pointer
  if (error) throw new Error(String(errorMessage(error)))
}

/**
 * Copies the engine's memory, by FFI too: an ArrayBuffer over the engine's memory would be one more object for V8 to collect.
 */
function copyFrom(pointer: Pointer, to: Uint8Array): void {
  if (to.length > 0) copyBytes(to, pointer, to.length)
}

/** One operator of a plan that has run. */
interface ProfiledOperator {
  /** Returns the value of a metric; 0 if the operator does not have it. */
  metric(name: string): number
  readonly children: readonly ProfiledOperator[]
}

/** Returns the profile of the connection's last query, valid until the next query; null if the query did not reach its end. */
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

/** Metrics of the engine's profiler that count what a query has read. They cost 1 % of the processor time of a box query. */
const METRICS = { read: 'OPERATOR_ROW_GROUPS_SCANNED', all: 'OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN', rows: 'OPERATOR_ROWS_SCANNED' }

const COUNTED = JSON.stringify(Object.fromEntries(Object.values(METRICS).map((name) => [name, 'true'])))

/** Statement that makes a connection count what its queries read. Nothing is printed or written. */
export const COUNT_SCANS = `SET enable_profiling = 'no_output'; SET custom_profiling_settings = '${COUNTED}'`

/**
 * Returns what the connection's last query has read; null if the query was stopped before its end. `sentinels`: the number of
 * sentinels in its result, each of which is read from a table of one row.
 */
export function scanOf(connection: DuckDBConnection, sentinels: 0 | 1): Scan | null {
  const root = lastProfile(connection)
  if (!root) return null
  const operators = below(root)
  const each = (name: string) => operators.map((operator) => operator.metric(name))
  const sum = (name: string) => each(name).reduce((total, count) => total + count, 0)
  // Parts of a plan that scan the same source one after the other open the same row groups.
  return {
    rowGroupsRead: sum(METRICS.read) - sentinels,
    rowGroups: Math.max(0, ...each(METRICS.all)),
    rowsScanned: sum(METRICS.rows) - sentinels,
  }
}

function below(operator: ProfiledOperator): ProfiledOperator[] {
  return operator.children.flatMap((child) => [child, ...below(child)])
}
