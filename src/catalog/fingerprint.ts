/**
 * Computes fingerprints: digests of content that is cheap to read, so that servers with the same data agree, independent of paths and times of
 * files. A Parquet footer contains the position, size and statistics of every piece of the file: about 0.2 ms per file. The headers of a database
 * contain the number of its last checkpoint and the position of its catalogue, and each block starts with its checksum: 40 to 80 ms per gigabyte.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { SourceError } from '../engines/duckdb/host/source-error.ts'

/** A part of every digest. It changes when this file computes digests differently. */
const VERSION = 'geoduck-fingerprint-2'

/** Footer length (uint32, little endian) and magic bytes. */
const PARQUET_TAIL_BYTES = 8

/** No real footer is longer. Without this limit, it could fill the memory. */
const MOST_FOOTER_BYTES = 256 * 1024 * 1024

/** The main header and the two database headers, of which the newer one is valid. */
const DATABASE_HEADER_BYTES = 3 * 4096
/** The position of the block size in the first database header. It is 256 KB unless the store was made differently. */
const BLOCK_BYTES_AT = 4096 + 40
const BLOCK_BYTES = 262_144
const LEAST_BLOCK_BYTES = 16_384
const CHECKSUM_BYTES = 8
/** Number of checksums that are read at once. */
const BLOCKS_AT_ONCE = 64

/** A file, or an object of another machine. */
export interface RandomAccess {
  readonly bytes: number
  /** @throws SourceError if there are fewer bytes */
  read(from: number, length: number): Promise<Buffer>
}

type Use = <Result>(file: string, use: (content: RandomAccess) => Promise<Result>) => Promise<Result>

/**
 * The fingerprint of Parquet files in their natural order. It does not depend on where they are.
 *
 * @throws SourceError with the file, if there are several
 */
export async function fingerprintOfParquet(files: readonly string[], using: Use = usingFile): Promise<string> {
  const digest = createHash('sha256').update(VERSION).update('parquet')
  for (const file of files) {
    try {
      const { size, footer } = await using(file, readFooter)
      digest.update(`${size}:`).update(footer)
    } catch (error) {
      if (files.length === 1) throw error
      throw new SourceError(`${path.basename(file)}: ${(error as Error).message}`, { cause: error })
    }
  }
  return shortened(digest.digest('hex'))
}

/**
 * The fingerprint of a DuckDB database: its size, headers, checksums of its blocks, and write-ahead log. Two copies of a store with the same number
 * of later writes may have the same headers but different rows. The log is the part that is not checkpointed yet. It is read completely, but it is
 * rarely there, and rarely larger than 16 MB. @throws SourceError
 */
export async function fingerprintOfDatabase(file: string): Promise<string> {
  const digest = createHash('sha256').update(VERSION).update('duckdb')
  await reading(file, async (handle) => {
    const { size } = await handle.stat()
    const headers = await read(handle, 0, DATABASE_HEADER_BYTES)
    digest.update(`${size}:`).update(headers)
    for await (const checksums of blockChecksums(handle, size, headers)) digest.update(checksums)
  })
  const log = `${file}.wal`
  if (await stat(log).catch(() => null)) {
    digest.update('wal')
    for await (const piece of createReadStream(log)) digest.update(piece as Buffer)
  }
  return shortened(digest.digest('hex'))
}

async function* blockChecksums(handle: FileHandle, size: number, headers: Buffer): AsyncGenerator<Buffer> {
  const told = Number(headers.readBigUInt64LE(BLOCK_BYTES_AT))
  const step = told >= LEAST_BLOCK_BYTES && told <= BLOCK_BYTES ? told : BLOCK_BYTES
  for (let from = DATABASE_HEADER_BYTES; from + CHECKSUM_BYTES <= size; from += step * BLOCKS_AT_ONCE) {
    const places = Array.from({ length: BLOCKS_AT_ONCE }, (_, block) => from + block * step)
    const there = places.filter((place) => place + CHECKSUM_BYTES <= size)
    yield Buffer.concat(await Promise.all(there.map((place) => read(handle, place, CHECKSUM_BYTES))))
  }
}

const shortened = (digest: string): string => digest.slice(0, 32)

async function readFooter(content: RandomAccess): Promise<{ size: number; footer: Buffer }> {
  const { bytes: size } = content
  const tail = await content.read(size - PARQUET_TAIL_BYTES, PARQUET_TAIL_BYTES)
  const length = tail.readUInt32LE(0)
  const magic = tail.toString('latin1', 4)
  const isWhole = (magic === 'PAR1' || magic === 'PARE') && length <= Math.min(size - 12, MOST_FOOTER_BYTES)
  if (!isWhole)
    throw new SourceError('it has no Parquet footer: it is cut short, or still being written; copy the whole file again')
  return { size, footer: await content.read(size - PARQUET_TAIL_BYTES - length, length) }
}

const usingFile: Use = (file, use) =>
  reading(file, async (handle) => {
    const { size } = await handle.stat()
    return await use({ bytes: size, read: (from, length) => read(handle, from, length) })
  })

async function reading<Result>(file: string, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new SourceError(
      'it cannot be opened: it is gone, or its permissions forbid it; bring it back, or let the server read it',
      { cause },
    )
  })
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}

/** Reads exactly that many bytes. Otherwise the file is not what its header says. */
async function read(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  if (from < 0 || (await handle.read(bytes, 0, length, from)).bytesRead < length)
    throw new SourceError('it is cut short: copy the whole file again')
  return bytes
}
