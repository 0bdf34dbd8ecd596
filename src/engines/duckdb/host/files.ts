/**
 * Identifies versions of files by their metadata, without reading them. Two servers with the same data have different stamps.
 */
import { type BigIntStats, statSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import path from 'node:path'

const ABSENT = 'absent'

export interface Stamp {
  readonly bytes: number
  /** Device, inode, size and modification time as text. A missing file has the stamp `absent`. */
  readonly stamp: string
}

/** Returns the stamp of the file. It costs about 30 us, and several times as much when the threads of libuv sleep. */
export async function stampOf(path: string): Promise<Stamp> {
  try {
    return asStamp(await stat(path, { bigint: true }))
  } catch {
    return asStamp(undefined)
  }
}

/** Returns the stamp without waiting. It costs 5 us on a local disk, and blocks on a network share that does not answer. */
export function stampNow(path: string): Stamp {
  try {
    return asStamp(statSync(path, { bigint: true, throwIfNoEntry: false }))
  } catch {
    return asStamp(undefined)
  }
}

function asStamp(found: BigIntStats | undefined): Stamp {
  if (!found) return { bytes: 0, stamp: ABSENT }
  const { dev, ino, size, mtimeNs } = found
  return { bytes: Number(size), stamp: `${dev}:${ino}:${size}:${mtimeNs}` }
}

/** Linux's numbers of file systems on a disk or in memory (statfs(2)): ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, overlayfs. */
const LOCAL_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630,
])

/** Returns true if the file is in a file system of this machine. A missing file counts as in the one of its folder. */
export async function isLocal(file: string): Promise<boolean> {
  const found = await statfs(file).catch(() => statfs(path.dirname(file)).catch(() => null))
  return found !== null && LOCAL_SYSTEMS.has(found.type)
}

/** Returns the version of a DuckDB database: the stamps of its file and of its write-ahead log. */
export async function databaseVersion(path: string): Promise<string> {
  const stamps = await Promise.all([path, `${path}.wal`].map(stampOf))
  return stamps.map(({ stamp }) => stamp).join(' ')
}
/** Returns the files in the folder of a process that the engine must be allowed to read to resolve the CRS of a source. */
export const crsFiles = (folder: string): readonly string[] =>
  ['', '-wal', '-journal'].map((end) => path.join(folder, `crs.gpkg${end}`))

/** True if names of folders become columns (key=value). Their types depend on all files. */
export function hasColumns(file: string): boolean {
  return /[\\/][^\\/]*=[^\\/]*[\\/]/.test(file)
}

/** Returns a path that matches only this file in DuckDB's globbing: wildcards in its name are put in brackets. */
export const withoutWildcards = (file: string): string => file.replace(/[*?[]/g, '[$&]')

/**
 * Returns the `allowed_paths` that the engine needs to read these files. A name with wildcards is needed twice: as it is on
 * disk, and with brackets, because the engine also checks the path of the query.
 */
export const pathsFor = (files: readonly string[]): readonly string[] => [
  ...new Set(files.flatMap((file) => [file, withoutWildcards(file)])),
]

/** Most files of earlier versions that are kept. Workers are allowed to open them before they exist. */
export const KEPT_FILES = 256

export const keptFile = (folder: string, slot: number): string => path.join(folder, `${slot}.parquet`)

/** Returns the paths of all files of earlier versions, for `allowed_paths`. */
export const keptPaths = (folder: string, slots = KEPT_FILES): readonly string[] =>
  pathsFor(Array.from({ length: slots }, (_, slot) => keptFile(folder, slot)))
