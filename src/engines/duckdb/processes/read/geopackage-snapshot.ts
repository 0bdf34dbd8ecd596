/**
 * Copies a GeoPackage as it is at one moment, together with what its logs hold, into a private folder. SQLite opens only the copy. So nothing beside
 * the user's file is created or changed, and no lock is taken: a writer is never blocked.
 */
import { constants } from 'node:fs'
import { copyFile, mkdir, open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { stampOf } from '../../host/files.ts'

const MOST_TRIES = 20
/** Milliseconds between two tries. A transaction writes its pages in this time, unless it is large. */
const RETRY_MS = 150

/** SQLite's file format: https://www.sqlite.org/fileformat2.html */
const DATABASE_HEADER_BYTES = 100
/** It holds the salts, which change whenever the log starts again from its beginning. */
const WAL_HEADER_BYTES = 32

/**
 * Copies the file, and applies its write-ahead log or rolls its journal back, as the next writer would. The copy costs as much disk space as the file
 * while it is read; a file system that shares blocks needs none.
 *
 * @returns the path of the copy in `folder`, which is emptied first
 * @throws Error with the reason, if the file changes during each try
 */
export async function snapshotOf(file: string, folder: string): Promise<string> {
  const copy = path.join(folder, 'snapshot.gpkg')
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (tries > 0) await delay(RETRY_MS)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    if (!(await isCopied(file, copy))) continue
    applyLogs(copy)
    return copy
  }
  throw new Error('it is written to all the time: it is read again when its writer pauses')
}

/** True if there is a log beside the file that may not be in the file yet. */
export async function hasLog(file: string): Promise<boolean> {
  const logs = await Promise.all(['-wal', '-journal'].map((suffix) => stampOf(`${file}${suffix}`)))
  return logs.some(({ bytes }) => bytes > 0)
}

/**
 * True if the copy is of one moment. The database must not change meanwhile, by its stamp and by its change counter. The log may grow: SQLite ignores
 * what follows the last complete transaction. But it must not start again, by its salts.
 */
async function isCopied(file: string, copy: string): Promise<boolean> {
  const before = await stateOf(file)
  for (const suffix of ['', '-wal', '-journal']) {
    await copyFile(`${file}${suffix}`, `${copy}${suffix}`, constants.COPYFILE_FICLONE).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || suffix === '') throw error
    })
  }
  const after = await stateOf(file)
  return before.same === after.same && after.walBytes >= before.walBytes
}

async function stateOf(file: string): Promise<{ readonly same: string; readonly walBytes: number }> {
  const [database, journal] = await Promise.all([stampOf(file), stampOf(`${file}-journal`)])
  const [header, salts] = await Promise.all([headOf(file, DATABASE_HEADER_BYTES), headOf(`${file}-wal`, WAL_HEADER_BYTES)])
  const walBytes = (await stat(`${file}-wal`).catch(() => null))?.size ?? 0
  return { same: [database.stamp, journal.stamp, header, salts].join(' '), walBytes }
}

async function headOf(file: string, bytes: number): Promise<string> {
  const handle = await open(file).catch(() => null)
  if (!handle) return 'absent'
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('hex', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Afterwards the copy is complete in one file. Its bytes are those that the user's file has after its own checkpoint. */
function applyLogs(copy: string): void {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(copy, { allowExtension: false })
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (cause) {
    throw new Error('it cannot be read as a GeoPackage: it is no SQLite database, or it is corrupt', { cause })
  } finally {
    database?.close()
  }
}
