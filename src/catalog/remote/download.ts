/** Copies whole objects of other machines to the disk. */
import { open, rm, stat, statfs, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { PreparedCache } from '../sources/prepared-cache.ts'
import { ObjectError, type ObjectVersion } from '../stores/store.ts'
import { versionId } from './gateway.ts'
import type { RemoteObjects } from './remote-objects.ts'

/** The interval for looking at an object that another server downloads. */
const HELD_MS = 1_000
/** Bytes that a download leaves free, for the other files of the cache directory. */
const SPARE_BYTES = 100e6
/** Counts for the size of the cache, as a whole copy does. */
const PARTIAL = 'partial.parquet'

export interface CopyRequest {
  readonly objects: RemoteObjects
  readonly version: ObjectVersion
  /** The name of the copy in its folder. */
  readonly name: string
  /** The name of an empty file that is made beside it. */
  readonly mark: string
  readonly cache: PreparedCache
  readonly signal: AbortSignal
  /** Called with the number of bytes that have arrived. */
  readonly arrived: (bytes: number) => void
}

/** Returns the path of the copy of this version. One server of those that share the folder downloads it. */
export async function copied({ objects, version, name, mark, cache, signal, arrived }: CopyRequest): Promise<string> {
  const id = versionId(version)
  await cache.use(id)
  for (;;) {
    const lock = await cache.lock(id)
    try {
      const known = await cache.findFile(id, name)
      if (known !== null) return known
      if (lock) {
        await download(objects, version, cache.placeOf(id, PARTIAL), signal, arrived)
        await writeFile(cache.placeOf(id, mark), '')
        return await cache.keepFile(cache.placeOf(id, PARTIAL), id, name)
      }
    } finally {
      await lock?.release()
    }
    await delay(HELD_MS, undefined, { signal })
  }
}

/** Continues after the last byte of an earlier download of this version. */
async function download(
  objects: RemoteObjects,
  version: ObjectVersion,
  partial: string,
  signal: AbortSignal,
  arrived: (bytes: number) => void,
): Promise<void> {
  let at = await bytesOf(partial)
  if (at > version.bytes) at = 0
  await requireRoom(path.dirname(partial), version.bytes - at)
  const file = await open(partial, at === 0 ? 'w' : 'r+')
  try {
    while (at < version.bytes) {
      const from = at
      try {
        for await (const piece of objects.rest(version, at)) {
          signal.throwIfAborted()
          await file.write(piece, 0, piece.length, at)
          at += piece.length
          arrived(at)
        }
      } catch (error) {
        // The reader stops after a few faults. A large object may have more.
        const isFault = error instanceof ObjectError && error.why === 'UNREACHABLE'
        if (!isFault || at === from) throw error
      }
    }
    await file.sync()
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error
    if (error.why === 'CHANGED') await rm(partial, { force: true })
    throw new SourceError(error.message, { cause: error.cause })
  } finally {
    await file.close()
  }
}

/** After a power cut, a file may have its size without its bytes. */
async function bytesOf(partial: string): Promise<number> {
  const known = await stat(partial).catch(() => null)
  return known && known.mtimeMs > Date.now() - os.uptime() * 1_000 ? known.size : 0
}

/** @throws SourceError */
async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize - SPARE_BYTES
  if (bytes <= free) return
  const gb = (value: number) => `${(Math.max(0, value) / 1e9).toFixed(1)} GB`
  throw new SourceError(
    `its copy takes ${gb(bytes)} more, and the disk of the cache directory has ${gb(free)}: make room there, or name another by --cache-directory`,
  )
}
