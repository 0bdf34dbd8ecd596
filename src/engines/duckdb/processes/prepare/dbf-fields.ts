/** Which attributes of a Shapefile are true or false: the engine's GDAL reads them as the letters T and F. */
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'

/** Of the head, and of what describes a field behind it; its type is the twelfth byte. */
const RECORD_BYTES = 32
const TYPE = 11
const END_OF_FIELDS = 0x0d
/** dBase's own limit is 255. */
const MOST_FIELDS = 2048

/** For each field of the table of attributes, in its order; empty where there is no table. */
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
