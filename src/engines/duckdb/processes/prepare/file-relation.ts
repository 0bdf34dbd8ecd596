/**
 * Reads files of all formats as relations, for preparation and for imports. It must run in a temporary process, on a limited connection: the
 * spatial extension is loaded, `geometry_always_xy` is on, external access is off, and `allowed_paths` has what `filesOfFormat` returns. The
 * environment of the process contains `GDAL_ENVIRONMENT`.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Format } from '../../host/format.ts'
import { openFlatGeobuf } from '../read/flatgeobuf.ts'
import { openGeoJson } from '../read/geojson.ts'
import { openGeoPackage } from '../read/geopackage.ts'
import { type OnProgress, readFeatures } from '../read/read-features.ts'
import type { FeatureReader } from '../read/reader.ts'
import { openShapefile } from '../read/shapefile.ts'
import { csvRelation } from './csv-relation.ts'

export interface FileToRead {
  /** The absolute path. */
  readonly file: string
  readonly format: Format
  /** A table of a GeoPackage, as `featureTables` lists it. Null for other formats. */
  readonly table: string | null
}

export interface FileRelation {
  /** The text after FROM. A hostile file may end the process that reads it. */
  readonly from: string
  /** The properties in the order of `from`; the geometry follows them. Names are unique without regard to case. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** A column of type GEOMETRY with any mixture of geometry types. Its CRS is in the column type. Null for a table. */
  readonly geometryColumn: string | null
  /** `AUTHORITY:CODE`, PROJJSON or WKT2. Empty if the file has no CRS. */
  readonly crs: string
  /** Sentences for users about what is not served, or not exactly as the file holds it. */
  readonly problems: readonly string[]
}

/**
 * Reads a file. A CSV is read when the relation is used; other formats are read at once.
 *
 * @param folder for files that exist only while this process runs
 * @throws Error of the engine, or an Error that names the fault
 */
export async function relationOf(
  connection: DuckDBConnection,
  { file, format, table }: FileToRead,
  folder: string,
  onProgress: OnProgress,
): Promise<FileRelation> {
  if (format === 'CSV') return await csvRelation(connection, file)
  try {
    const reader = await READERS[format](file, table)
    try {
      return await readFeatures(connection, reader, folder, onProgress)
    } finally {
      reader.close()
    }
  } catch (error) {
    // A number in the file leads out of it.
    throw error instanceof RangeError ? new Error('it is corrupt', { cause: error }) : error
  }
}

const READERS: Readonly<Record<Exclude<Format, 'CSV'>, (file: string, table: string | null) => Promise<FeatureReader>>> = {
  GeoPackage: async (file, table) => openGeoPackage(file, table ?? ''),
  Shapefile: openShapefile,
  FlatGeobuf: openFlatGeobuf,
  GeoJSON: openGeoJson,
}
