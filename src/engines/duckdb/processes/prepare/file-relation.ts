/**
 * Files of all formats as relations: the one reader of what is prepared and what is imported. To be used in a throw-away process, on a
 * connection that is limited: the spatial extension loaded, `geometry_always_xy` on, external access off, `allowed_paths` with what
 * `filesOfFormat` tells. Its environment holds `GDAL_ENVIRONMENT`.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Format } from '../../host/format.ts'
import { csvRelation } from './csv-relation.ts'
import { gdalRelation } from './gdal-relation.ts'
import { parquetRelation } from './parquet-relation.ts'

export interface FileToRead {
  /** Absolute path. */
  readonly file: string
  readonly format: Format | 'GeoParquet'
  /** Of a GeoPackage; `featureTables` lists them. Null for all others. */
  readonly table: string | null
}

export interface FileRelation {
  /** What stands behind FROM. Reading it may end the process, if the file is made to do so. */
  readonly from: string
  /** In the order of `from`, the geometry last. Unique, whatever their case. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Of type GEOMETRY, in any mixture of types, with its CRS in the type. */
  readonly geometryColumn: string
  /** `AUTHORITY:CODE`, PROJJSON or WKT2; empty where the file tells none. */
  readonly crs: string
}

/** Reads the file's schema: all of it once for GeoJSON and CSV. @throws the engine's error, or one that says what is wrong */
export function relationOf(connection: DuckDBConnection, { file, format, table }: FileToRead): Promise<FileRelation> {
  if (format === 'CSV') return csvRelation(connection, file)
  if (format === 'GeoParquet') return parquetRelation(connection, file)
  return gdalRelation(connection, file, format, table)
}
