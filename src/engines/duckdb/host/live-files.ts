/** The files of a store of live layers. */
import path from 'node:path'

/** Bases that a store may have at a time. Workers are allowed to open their files before they exist. */
export const SLOTS = 256

/** The SQLite database with all features and recent changes. It is the truth: bases are copies of it. */
export const storeFile = (directory: string): string => path.join(directory, 'store.sqlite')

/** A DuckDB database with the features of a layer along a Hilbert curve. */
export const baseFile = (directory: string, slot: number): string => path.join(directory, `base-${slot}.duckdb`)

/** A SQLite database with the row of each key in that base. */
export const keysFile = (directory: string, slot: number): string => path.join(directory, `base-${slot}.keys.sqlite`)

/** Paths of all bases, for `allowed_paths`. The engine looks for a write-ahead log beside a database, even if there is none. */
export function basePaths(directory: string): readonly string[] {
  return Array.from({ length: SLOTS }, (_, slot) => baseFile(directory, slot)).flatMap((file) => [file, `${file}.wal`])
}
