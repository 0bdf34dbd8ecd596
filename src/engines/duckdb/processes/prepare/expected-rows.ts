/**
 * Reads how many features a file declares. GDAL reports no error if a file ends too early or is corrupt: a reader that gets fewer features has
 * not read the whole file.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { rowsOfTable } from './feature-tables.ts'
import type { FileToRead } from './file-relation.ts'
import { featuresInHeader } from './flatgeobuf-header.ts'

const HEAD_BYTES = 65_536
const LINE_FEED = 10
const RECORD_SEPARATOR = 0x1e
const SHAPEFILE_HEAD = 100

/** Null if the file does not declare a number. @throws Error if the file is shorter than it declares */
export async function expectedRows({ file, format, table }: FileToRead): Promise<number | null> {
  if (format === 'GeoPackage' && table !== null) return rowsOfTable(file, table)
  if (format === 'FlatGeobuf') return featuresInHeader(await headOf(file, 2 ** 24), (await stat(file)).size)
  if (format === 'Shapefile') return await shapefileRows(file)
  return format === 'GeoJSON' ? await sequenceRows(file) : null
}

/** The header has the length in 16-bit words. */
async function shapefileRows(file: string): Promise<null> {
  const head = await headOf(file, SHAPEFILE_HEAD)
  if (head.readInt32BE(24) * 2 > (await stat(file)).size) throw new Error('it is cut short')
  return null
}

/** Counts one feature per line or per record of a text sequence (RFC 8142). Null for a document. */
async function sequenceRows(file: string): Promise<number | null> {
  const head = (await headOf(file, HEAD_BYTES))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
  if (head.startsWith('\u001e')) return await countPieces(file, RECORD_SEPARATOR)
  const end = head.indexOf('\n')
  return end > 0 && head.slice(end).trim() !== '' && isFeature(head.slice(0, end)) ? await countPieces(file, LINE_FEED) : null
}

function isFeature(line: string): boolean {
  try {
    return (JSON.parse(line) as { readonly type?: unknown } | null)?.type === 'Feature'
  } catch {
    return false
  }
}

/** Lines that contain more than white space. */
async function countPieces(file: string, separator: number): Promise<number> {
  let [pieces, isBlank] = [0, true]
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(separator); at >= 0; from = at + 1, at = chunk.indexOf(separator, from)) {
      if (!isBlank || hasText(chunk, from, at)) pieces++
      isBlank = true
    }
    isBlank &&= !hasText(chunk, from, chunk.length)
  }
  return isBlank ? pieces : pieces + 1
}

function hasText(chunk: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((chunk[at] ?? 0) > 0x20) return true
  return false
}

async function headOf(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file)
  try {
    const buffer = Buffer.alloc(Math.min(bytes, (await handle.stat()).size))
    await handle.read(buffer, 0, buffer.length, 0)
    return buffer
  } finally {
    await handle.close()
  }
}
