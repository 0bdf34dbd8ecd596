/** What a file of an import is read as. */
import path from 'node:path'
import { fileKind, UNKNOWN_FORMAT } from '../file-kind.ts'
import type { Format } from '../prepare/format.ts'
import { ImportError } from './import-error.ts'

export type InputFormat = Format | 'GeoParquet' | 'DuckDB'

const ENDINGS: Readonly<Record<string, Format>> = {
  '.gpkg': 'GeoPackage',
  '.shp': 'Shapefile',
  '.fgb': 'FlatGeobuf',
  '.geojson': 'GeoJSON',
  '.geojsonl': 'GeoJSON',
  '.geojsons': 'GeoJSON',
  '.ndjson': 'GeoJSON',
  '.json': 'GeoJSON',
  '.csv': 'CSV',
}

/** @throws ImportError */
export async function formatOf(file: string): Promise<InputFormat> {
  const found = await fileKind(file)
  if (found.kind === 'parquet') return 'GeoParquet'
  if (found.kind === 'duckdb') return 'DuckDB'
  const format = ENDINGS[path.extname(file).toLowerCase()]
  if (format) return format
  throw new ImportError(`${path.basename(file)}: ${found.kind === 'unsupported' ? found.reason : UNKNOWN_FORMAT}.`)
}
