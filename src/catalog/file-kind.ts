/** What a file is, by its first bytes: its name only helps to say what a file is that cannot be served. */
import { open } from 'node:fs/promises'
import path from 'node:path'

export type FileKind =
  | { readonly kind: 'parquet' | 'duckdb' }
  /** Spatial data, or what calls itself so, that cannot be served: `reason` tells what it is and what to do. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  /** Nothing that a folder of spatial data would be blamed for. */
  | { readonly kind: 'other' }

const SERVED = 'GeoParquet files and DuckDB databases are served'

const FORMATS: Readonly<Record<string, string>> = {
  '.gpkg': 'a GeoPackage',
  '.shp': 'a Shapefile',
  '.fgb': 'a FlatGeobuf',
  '.geojson': 'GeoJSON',
  '.geojsonl': 'GeoJSON',
  '.geojsons': 'GeoJSON',
  '.gml': 'GML',
  '.kml': 'KML',
}

/** Their names promise what their content does not keep. */
const PROMISES: Readonly<Record<string, string>> = {
  '.parquet': 'Parquet',
  '.geoparquet': 'Parquet',
  '.duckdb': 'a DuckDB database',
  '.ddb': 'a DuckDB database',
}

/** Reads 12 bytes. */
export async function fileKind(file: string): Promise<FileKind> {
  const extension = path.extname(file).toLowerCase()
  let head: Buffer
  try {
    head = await firstBytes(file)
  } catch {
    return { kind: 'unsupported', reason: 'it cannot be opened: its permissions forbid it, or it is no file' }
  }
  if (head.toString('latin1', 0, 4) === 'PAR1') return { kind: 'parquet' }
  if (head.toString('latin1', 8, 12) === 'DUCK') return { kind: 'duckdb' }
  const format = FORMATS[extension]
  if (format) return { kind: 'unsupported', reason: `it is ${format}; ${SERVED}: convert it to GeoParquet` }
  const promise = PROMISES[extension]
  if (promise) return { kind: 'unsupported', reason: `it is not ${promise}, whatever its name says` }
  return { kind: 'other' }
}

/** For a file that was named, and is none of the kinds. */
export const UNKNOWN_FORMAT = `its format is not known; ${SERVED}`

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const bytes = Buffer.alloc(12)
    const { bytesRead } = await handle.read(bytes, 0, 12, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
