/** What the file system tells of a file without reading it. Two servers with the same data differ in all of it. */
import { stat } from 'node:fs/promises'

const ABSENT = 'absent'

/** Device, inode, size and modification time as text. About 30 us. A file that is not there is one of its states. */
export async function stampOf(path: string): Promise<{ readonly bytes: number; readonly stamp: string }> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return { bytes: Number(size), stamp: `${dev}:${ino}:${size}:${mtimeNs}` }
  } catch {
    return { bytes: 0, stamp: ABSENT }
  }
}

/** Of a DuckDB database: the stamps of its file and of its write-ahead log. */
export async function databaseVersion(path: string): Promise<string> {
  const stamps = await Promise.all([path, `${path}.wal`].map(stampOf))
  return stamps.map(({ stamp }) => stamp).join(' ')
}
/** A path that DuckDB's globbing takes for that one file: wildcards in its own name stand in brackets. */
export const withoutWildcards = (file: string): string => file.replace(/[*?[]/g, '[$&]')

/**
 * What the engine's `allowed_paths` must hold for it to read these files: a name with wildcards is written in brackets, lest it match other
 * files, and the engine wants to be allowed that text as well.
 */
export const pathsFor = (files: readonly string[]): readonly string[] => [
  ...new Set(files.flatMap((file) => [file, withoutWildcards(file)])),
]
