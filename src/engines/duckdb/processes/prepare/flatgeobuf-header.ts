/**
 * A FlatGeobuf's header, a FlatBuffers table: proven before GDAL sees it, which ends its process by the second one in it that is corrupt, and read
 * for the one number that is wanted of it. https://github.com/flatgeobuf/flatgeobuf/blob/master/src/fbs/header.fbs
 */

const MAGIC_BYTES = 8
const SIZE_BYTES = 4
const GEOMETRY_TYPE = 2
const FEATURES_COUNT = 8
const INDEX_NODE_SIZE = 9
const INDEX_NODE_BYTES = 40
/** The last of the known ones, TIN and Triangle among them. */
const MOST_GEOMETRY_TYPE = 17

/** What the fields of a table are, by their numbers; what is not named is a number of at most eight bytes. */
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

/** Null where the writer did not know. @throws Error for a header that is none, and for a file that has no room for its index */
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

/** @throws RangeError for what leads out of the header */
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

/** Of a field; 0 where the table has it not. */
function fieldOffset(header: Buffer, table: number, field: number): number {
  const index = table - header.readInt32LE(table)
  const entry = 4 + field * 2
  if (header.readUInt16LE(index) <= entry) return 0
  const offset = header.readUInt16LE(index + entry)
  return offset === 0 ? 0 : table + offset
}

/** Of a packed tree whose nodes have so many boxes; none where that is 0. */
function indexBytes(features: number, nodeSize: number): number {
  if (nodeSize === 0 || features === 0) return 0
  let nodes = features
  for (let level = features; level > 1; ) {
    level = Math.ceil(level / Math.max(2, nodeSize))
    nodes += level
  }
  return nodes * INDEX_NODE_BYTES
}
