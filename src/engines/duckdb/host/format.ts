/** The formats of which a prepared copy is made. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'

/** GeoJSON includes files with one feature per line, and text sequences (RFC 8142). */
export type Format = 'GeoPackage' | 'Shapefile' | 'FlatGeobuf' | 'GeoJSON' | 'CSV'

/** The parts of a Shapefile that are read: shapes, their index, attributes, CRS, the attributes' encoding. */
const SHAPEFILE_PARTS = new Set(['.shx', '.dbf', '.prj', '.cpg'])
/** Suffixes of the logs beside a GeoPackage that was written to and not closed. SQLite's `-shm` has no content, and reading changes it. */
const GEOPACKAGE_PARTS = ['-wal', '-journal']

/**
 * Returns all files of a source, `file` first, which the engine must be allowed to read. The parts of a Shapefile are those
 * that exist, with extensions in upper or lower case. The logs of a GeoPackage are returned even if they don't exist.
 */
export async function filesOfFormat(file: string, format: Format): Promise<readonly string[]> {
  if (format === 'GeoPackage') return [file, ...GEOPACKAGE_PARTS.map((part) => file + part)]
  if (format !== 'Shapefile') return [file]
  const { dir, name } = path.parse(file)
  const parts = (await readdir(dir)).filter((part) => {
    const { name: stem, ext } = path.parse(part)
    return stem === name && SHAPEFILE_PARTS.has(ext.toLowerCase())
  })
  return [file, ...parts.sort().map((part) => path.join(dir, part))]
}

/** The formats that can be imported. */
export type InputFormat = Format | 'GeoParquet' | 'DuckDB'
