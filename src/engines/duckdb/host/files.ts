/**
 * Identifies versions of files by their metadata, without reading them. Two servers with the same data have different stamps.
 */
import { stat } from 'node:fs/promises'
import path from 'node:path'

const ABSENT = 'absent'

/** Returns device, inode, size and modification time as text. A missing file has the stamp `absent`. It costs about 30 us. */
export async function stampOf(path: string): Promise<{ readonly bytes: number; readonly stamp: string }> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return { bytes: Number(size), stamp: `${dev}:${ino}:${size}:${mtimeNs}` }
  } catch {
    return { bytes: 0, stamp: ABSENT }
  }
}

/** Returns the version of a DuckDB database: the stamps of its file and of its write-ahead log. */
export async function databaseVersion(path: string): Promise<string> {
  const stamps = await Promise.all([path, `${path}.wal`].map(stampOf))
  return stamps.map(({ stamp }) => stamp).join(' ')
}
/** Returns the files in the folder of a process that the engine must be allowed to read to resolve the CRS of a source. */
export const crsFiles = (folder: string): readonly string[] =>
  ['', '-wal', '-journal'].map((end) => path.join(folder, `crs.gpkg${end}`))

/** Returns a path that matches only this file in DuckDB's globbing: wildcards in its name are put in brackets. */
export const withoutWildcards = (file: string): string => file.replace(/[*?[]/g, '[$&]')

/**
 * Returns the `allowed_paths` that the engine needs to read these files. A name with wildcards is needed twice: as it is on
 * disk, and with brackets, because the engine also checks the path of the query.
 */
export const pathsFor = (files: readonly string[]): readonly string[] => [
  ...new Set(files.flatMap((file) => [file, withoutWildcards(file)])),
]
