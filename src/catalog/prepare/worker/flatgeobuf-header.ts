/** The one number that is wanted of a FlatGeobuf's header, a FlatBuffers table. https://github.com/flatgeobuf/flatgeobuf/blob/master/src/fbs/header.fbs */

const MAGIC_BYTES = 8
const SIZE_BYTES = 4
/** The ninth field of the table; each has two bytes in the table's index, behind the index's own four. */
const FEATURES_COUNT = 4 + 8 * 2

/** Null where the writer did not know. @throws Error for a header that is none */
export function featuresInHeader(file: Buffer): number | null {
  const header = file.subarray(MAGIC_BYTES + SIZE_BYTES)
  try {
    const table = header.readUInt32LE(0)
    const index = table - header.readInt32LE(table)
    if (header.readUInt16LE(index) <= FEATURES_COUNT) return null
    const offset = header.readUInt16LE(index + FEATURES_COUNT)
    return offset === 0 ? null : Number(header.readBigUInt64LE(table + offset)) || null
  } catch (cause) {
    throw new Error('its header is corrupt', { cause })
  }
}
