/** The formats that are turned into GeoParquet before they are served. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'

/** GeoJSON stands also for one feature a line, and for RFC 8142 text sequences. */
export type Format = 'GeoPackage' | 'Shapefile' | 'FlatGeobuf' | 'GeoJSON' | 'CSV'

/** The parts of a Shapefile that are read: shapes, their index, attributes, CRS, the attributes' encoding. */
const SHAPEFILE_PARTS = new Set(['.shx', '.dbf', '.prj', '.cpg'])
/** Of a GeoPackage that was written to and not closed. */
const GEOPACKAGE_PARTS = ['-wal', '-journal', '-shm']

/**
 * Every file that belongs to it, itself first: to be allowed to the engine. A Shapefile's parts that are there, in whatever case their
 * endings are; a GeoPackage's log whether it is there or not.
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

/** What can be imported. */
export type InputFormat = Format | 'GeoParquet' | 'DuckDB'
