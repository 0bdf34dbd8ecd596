/**
 * Checks the header of a FlatGeobuf, a FlatBuffers table, before GDAL reads it, because the second corrupt header ends GDAL's process. Returns
 * the only number that is needed from it. https://github.com/flatgeobuf/flatgeobuf/blob/master/src/fbs/header.fbs
 */

const MAGIC_BYTES = 8
const SIZE_BYTES = 4
const GEOMETRY_TYPE = 2
const FEATURES_COUNT = 8
const INDEX_NODE_SIZE = 9
const INDEX_NODE_BYTES = 40
/** The last of the known geometry types, which include TIN and Triangle. */
const MOST_GEOMETRY_TYPE = 17

/** The types of the fields of a table by number. A field that is not listed is a number of at most eight bytes. */
type Schema = Readonly<Record<number, 'string' | 'doubles' | { readonly table: Schema } | { readonly tables: Schema }>>

const COLUMN: Schema = { 0: 'string', 2: 'string', 3: 'string', 10: 'string' }
const CRS: Schema = { 0: 'string', 2: 'string', 3: 'string', 4: 'string', 5: 'string' }
const HEADER: Schema = {
  0: 'string',
  1: 'doubles',
  7: { tables: COLUMN },
  10: { table: CRS },
  11: 'string',
  12: 'string',
  13: 'string',
}

/** Null if the writer did not know the number. @throws Error if the header is invalid, or the file has no room for its index */
export function featuresInHeader(head: Buffer, fileBytes: number): number | null {
  let header: Buffer
  let features: number
  let nodeSize: number
  try {
    const bytes = head.readUInt32LE(MAGIC_BYTES)
    header = head.subarray(MAGIC_BYTES + SIZE_BYTES, MAGIC_BYTES + SIZE_BYTES + bytes)
    if (header.length < bytes) throw new RangeError('it is longer than the file')
    const table = header.readUInt32LE(0)
    prove(header, table, HEADER)
    const [type, count, node] = [GEOMETRY_TYPE, FEATURES_COUNT, INDEX_NODE_SIZE].map((field) => fieldOffset(header, table, field))
    if (type && header.readUInt8(type) > MOST_GEOMETRY_TYPE) throw new RangeError('its type of geometry is unknown')
    features = count ? Number(header.readBigUInt64LE(count)) : 0
    nodeSize = node ? header.readUInt16LE(node) : 16
  } catch (cause) {
    throw new Error('its header is corrupt', { cause })
  }
  if (MAGIC_BYTES + SIZE_BYTES + header.length + indexBytes(features, nodeSize) > fileBytes) throw new Error('it is cut short')
  return features || null
}

/** @throws RangeError for an offset outside the header */
function prove(header: Buffer, table: number, schema: Schema): void {
  const index = table - header.readInt32LE(table)
  const fields = (header.readUInt16LE(index) - 4) / 2
  const tableBytes = header.readUInt16LE(index + 2)
  if (fields < 0 || table + tableBytes > header.length) throw new RangeError('a table leads out of it')
  for (let field = 0; field < fields; field++) {
    const at = fieldOffset(header, table, field)
    if (at === 0) continue
    if (at >= table + tableBytes) throw new RangeError('a field leads out of its table')
    const kind = schema[field]
    if (kind === undefined) continue
    const target = at + header.readUInt32LE(at)
    if (typeof kind === 'object' && 'table' in kind) prove(header, target, kind.table)
    else proveList(header, target, kind)
  }
}

function proveList(header: Buffer, at: number, kind: 'string' | 'doubles' | { readonly tables: Schema }): void {
  const length = header.readUInt32LE(at)
  const size = kind === 'string' ? 1 : kind === 'doubles' ? 8 : 4
  if (at + 4 + length * size > header.length) throw new RangeError('a list leads out of it')
  if (typeof kind === 'string') return
  for (let item = at + 4; item < at + 4 + length * size; item += size)
    prove(header, item + header.readUInt32LE(item), kind.tables)
}

/** The offset of a field. 0 if the table does not have it. */
function fieldOffset(header: Buffer, table: number, field: number): number {
  const index = table - header.readInt32LE(table)
  const entry = 4 + field * 2
  if (header.readUInt16LE(index) <= entry) return 0
  const offset = header.readUInt16LE(index + entry)
  return offset === 0 ? 0 : table + offset
}

/** Bytes of a packed tree whose nodes have `nodeSize` boxes. There is no tree if that is 0. */
function indexBytes(features: number, nodeSize: number): number {
  if (nodeSize === 0 || features === 0) return 0
  let nodes = features
  for (let level = features; level > 1; ) {
    level = Math.ceil(level / Math.max(2, nodeSize))
    nodes += level
  }
  return nodes * INDEX_NODE_BYTES
}
