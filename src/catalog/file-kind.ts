/**
 * Identifies a file by its first bytes. Its name is used only if they are ambiguous, and to describe a file that cannot be
 * served.
 */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { csvHeads } from '../engines/duckdb/host/csv-head.ts'
import type { Format } from '../engines/duckdb/host/format.ts'
import { TYPE_NAMES } from '../geometry/geometry-type.ts'

/** Parquet and DuckDB are queried in place. Other formats are first copied to GeoParquet. */
export type SourceFormat = 'Parquet' | 'DuckDB' | Format

export type FileKind =
  | { readonly kind: 'source'; readonly format: SourceFormat }
  /** Spatial data, or a file with such a name, that cannot be served. `reason` says what it is and what to do. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  /** A file that is ignored in a folder of spatial data. */
  | { readonly kind: 'other' }

const SERVED = 'GeoParquet, GeoPackage, Shapefile, FlatGeobuf, GeoJSON, CSV and DuckDB databases are served'

/** File names that promise a format which the content does not have. */
const PROMISES: Readonly<Record<string, string>> = {
  '.parquet': 'Parquet',
  '.geoparquet': 'Parquet',
  '.duckdb': 'a DuckDB database',
  '.ddb': 'a DuckDB database',
  '.gpkg': 'a GeoPackage',
  '.shp': 'a Shapefile',
  '.fgb': 'a FlatGeobuf',
  '.geojson': 'GeoJSON',
  '.geojsonl': 'GeoJSON',
  '.geojsons': 'GeoJSON',
}

const UNSERVED: Readonly<Record<string, string>> = { '.gml': 'GML', '.kml': 'KML', '.vrt': 'a VRT' }

const ARCHIVES = new Set(['.zip', '.shz', '.kmz', '.gz'])
const CSV = new Set(['.csv', '.tsv'])

/** Enough bytes for the header of a CSV with two thousand columns, and to recognise GeoJSON. */
const HEAD_BYTES = 65_536

/** The character before each feature of an RFC 8142 text sequence. */
const RECORD_SEPARATOR = '\u001e'

export async function fileKind(file: string): Promise<FileKind> {
  const extension = path.extname(file).toLowerCase()
  let head: Buffer
  try {
    head = await firstBytes(file)
  } catch {
    return unsupported('it cannot be opened: its permissions forbid it, or it is no file; let the server read it')
  }
  return byContent(head, extension) ?? byName(head, extension)
}

function byContent(head: Buffer, extension: string): FileKind | null {
  const latin = (from: number, to: number) => head.toString('latin1', from, to)
  if (latin(0, 4) === 'PAR1') return source('Parquet')
  if (latin(0, 4) === 'PARE') return unsupported('it is encrypted: serve a copy without encryption')
  if (latin(8, 12) === 'DUCK') return source('DuckDB')
  if (latin(0, 16) === 'SQLite format 3\0') return sqlite(latin(68, 72), extension)
  if (latin(0, 3) === 'fgb' && latin(4, 7) === 'fgb') return source('FlatGeobuf')
  if (head.length >= 100 && head.readInt32BE(0) === 9994 && head.readInt32LE(28) === 1000) return shapes(extension)
  const isArchive = latin(0, 4) === 'PK\x03\x04' || latin(0, 2) === '\x1f\x8b'
  if (isArchive && (ARCHIVES.has(extension) || extension in PROMISES || CSV.has(extension))) {
    return unsupported('it is an archive, and is not unpacked: serve what is in it')
  }
  const text = head.toString('utf8').replace(/^\uFEFF/, '')
  if (/^\s*<\??[a-z!]/i.test(text) && /<OGRVRTDataSource/.test(text)) {
    return unsupported('it is a VRT, which only names other files: name those')
  }
  return /^\s*\{/.test(text.replace(RECORD_SEPARATOR, '')) ? json(text) : null
}

/** GeoPackage 1.0 and 1.1 are identified in another way; some files only by their name. */
function sqlite(application: string, extension: string): FileKind | null {
  if (['GPKG', 'GP10', 'GP11'].includes(application) || extension === '.gpkg') return source('GeoPackage')
  return null
}

/** The index has the same header as the shapes. */
function shapes(extension: string): FileKind {
  return extension === '.shx' ? { kind: 'other' } : source('Shapefile')
}

const GEOJSON = new RegExp(`"type"\\s*:\\s*"(FeatureCollection|Feature|${TYPE_NAMES.join('|')})"`)

function json(text: string): FileKind | null {
  if (/"type"\s*:\s*"Topology"/.test(text)) return unsupported(`it is TopoJSON; ${SERVED}: convert it to one of them`)
  return GEOJSON.test(text) ? source('GeoJSON') : null
}

function byName(head: Buffer, extension: string): FileKind {
  const promise = PROMISES[extension]
  if (promise) return unsupported(`it is not ${promise}, although its name says so: write it again, or rename it`)
  const format = UNSERVED[extension]
  if (format) return unsupported(`it is ${format}; ${SERVED}: convert it to one of them`)
  if (!CSV.has(extension)) return { kind: 'other' }
  const heads = csvHeads(head)
  return typeof heads === 'string' ? unsupported(heads) : source('CSV')
}

const source = (format: SourceFormat): FileKind => ({ kind: 'source', format })

const unsupported = (reason: string): FileKind => ({ kind: 'unsupported', reason })

/** The reason for a named file of an unknown kind. */
export const UNKNOWN_FORMAT = `its format is not known; ${SERVED}`

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const bytes = Buffer.alloc(HEAD_BYTES)
    const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
