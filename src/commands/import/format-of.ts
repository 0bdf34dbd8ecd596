/** What a file of an import is read as. */
import path from 'node:path'
import { fileKind, UNKNOWN_FORMAT } from '../../catalog/file-kind.ts'
import type { Format } from '../../catalog/prepare/format.ts'
import { ImportError } from './import-error.ts'

export type InputFormat = Format | 'GeoParquet' | 'DuckDB'

/** @throws ImportError */
export async function formatOf(file: string): Promise<InputFormat> {
  const found = await fileKind(file)
  if (found.kind === 'parquet') return 'GeoParquet'
  if (found.kind === 'duckdb') return 'DuckDB'
  if (found.kind === 'foreign') return found.format
  throw new ImportError(`${path.basename(file)}: ${found.kind === 'unsupported' ? found.reason : UNKNOWN_FORMAT}.`)
}
