/**
 * A chunk as columns, the fast way: the engine's own Arrow export. One native call a chunk gives every buffer, strings with their offsets
 * included, where the plain way (`vectors.ts`) needs one a string. The buffers are copied into an arena and released at once.
 * Layouts are those of the Arrow C data interface, https://arrow.apache.org/docs/format/CDataInterface.html
 */
import type { DuckDBDataChunk } from '@duckdb/node-api'
import koffi from 'koffi'
import type { ColumnBatch, ColumnData, FixedValues, WireColumn, WireType } from '../../../../encode/batch.ts'
import type { Arena } from './arena.ts'
import { copyFrom, exportChunk, type Pointer } from './library.ts'

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
