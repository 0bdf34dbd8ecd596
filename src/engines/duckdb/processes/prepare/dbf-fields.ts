/** Finds attributes of a Shapefile that are boolean, because the engine's GDAL reads them as the letters T and F. */
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'

/** Bytes of the header, and of each field descriptor after it. The twelfth byte of a descriptor is the type. */
const RECORD_BYTES = 32
const TYPE = 11
const END_OF_FIELDS = 0x0d
/** dBase's limit is 255 fields. */
const MOST_FIELDS = 2048

/** Returns the type of each field in the order of the attribute table. Empty if there is no table. */
export async function logicalFields(shapefile: string): Promise<readonly boolean[]> {
  const { dir, name } = path.parse(shapefile)
  const table = (await readdir(dir)).find((part) => part.toLowerCase() === `${name}.dbf`.toLowerCase())
  if (table === undefined) return []
  const handle = await open(path.join(dir, table))
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(RECORD_BYTES * MOST_FIELDS), 0, RECORD_BYTES * MOST_FIELDS, 0)
    const fields: boolean[] = []
    for (let at = RECORD_BYTES; at + RECORD_BYTES <= bytesRead && buffer[at] !== END_OF_FIELDS; at += RECORD_BYTES) {
      fields.push(buffer.toString('latin1', at + TYPE, at + TYPE + 1) === 'L')
    }
    return fields
  } finally {
    await handle.close()
  }
}
