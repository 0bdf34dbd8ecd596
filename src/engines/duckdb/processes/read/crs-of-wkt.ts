/**
 * Turns the CRS that a file declares into one that GeoParquet can name: a code, or PROJJSON. GDAL inside the engine reads every
 * version and dialect of WKT, but only as part of a file. So the WKT is written into a GeoPackage without features.
 */
import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { type DuckDBConnection, DuckDBGeometryType } from '@duckdb/node-api'
import { literal } from '../../dialect/quote.ts'
import { crsFiles } from '../../host/files.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { DeclaredCrs } from './reader.ts'

/** No real definition is longer. */
const MOST_CHARACTERS = 100_000

export interface ResolvedCrs {
  /** `AUTHORITY:CODE`, PROJJSON or WKT2. Empty if there is no CRS, or if it cannot be read. */
  readonly crs: string
  readonly problems: readonly string[]
}

/** Resolves a CRS. The definition is used only if the engine does not know the code. */
export async function resolveCrs(connection: DuckDBConnection, declared: DeclaredCrs, folder: string): Promise<ResolvedCrs> {
  if (declared.kind === 'NONE') return { crs: '', problems: [] }
  if (declared.kind === 'CODE' && (await isKnown(connection, declared.code))) return { crs: declared.code, problems: [] }
  const crs = declared.wkt === null ? '' : await crsOfWkt(connection, declared.wkt, folder)
  if (crs !== '' || (declared.wkt !== null && isUndefined(declared.wkt))) return { crs, problems: [] }
  const name = declared.kind === 'CODE' ? ` ${declared.code.slice(0, 80)}` : ''
  return {
    crs,
    problems: [`its CRS${name} is not known, so its layer has none: give the layer its \`crs\` in the configuration`],
  }
}

async function isKnown(connection: DuckDBConnection, code: string): Promise<boolean> {
  const rows = await rowsOf(connection, `SELECT 1 FROM duckdb_coordinate_systems() WHERE crs_name = ${literal(code)}`)
  return rows.length > 0
}

/** GeoPackage's two definitions of "undefined", and GDAL's name for an unknown CRS, which is of unknown kind and unit. */
function isUndefined(wkt: string): boolean {
  return /^\s*(undefined\s*)?$/i.test(wkt) || /^\s*([A-Z_]+\s*\[\s*"Undefined\b|(LOCAL_CS|ENG[A-Z]+)\s*\[\s*"unknown)/i.test(wkt)
}

/** WKT without axes has x first, as these have. Every other tool calls it by EPSG's code. */
const OF_EPSG: Readonly<Record<string, string>> = { 'OGC:CRS84': 'EPSG:4326', 'OGC:CRS84h': 'EPSG:4979' }

async function crsOfWkt(connection: DuckDBConnection, wkt: string, folder: string): Promise<string> {
  // GDAL would take other texts for the name of a file, or for a link.
  if (isUndefined(wkt) || wkt.length > MOST_CHARACTERS || !/^\s*[A-Za-z_]\w*\s*[[(]/.test(wkt)) return ''
  const [file = ''] = crsFiles(folder)
  await rm(file, { force: true })
  writeStub(file, wkt)
  try {
    const prepared = await connection.prepare(`SELECT * FROM ST_Read(${literal(file)}, allowed_drivers = ['GPKG'])`)
    try {
      const types = Array.from({ length: prepared.columnCount }, (_, index) => prepared.columnType(index))
      const crs = types.find((type) => type instanceof DuckDBGeometryType)?.crs ?? ''
      return wkt.includes('CRS84') ? crs : (OF_EPSG[crs] ?? crs)
    } finally {
      prepared.destroySync()
    }
  } catch {
    // GDAL refuses the definition.
    return ''
  }
}

/** A GeoPackage with one table of features, which is empty. OGC 12-128r19. */
function writeStub(file: string, wkt: string): void {
  const database = new DatabaseSync(file)
  try {
    database.exec(`PRAGMA application_id = ${0x47504b47}; PRAGMA user_version = 10400; ${STUB}`)
    database.prepare("INSERT INTO gpkg_spatial_ref_sys VALUES ('layer', 1, 'NONE', 1, ?, NULL)").run(wkt)
  } finally {
    database.close()
  }
}

const STUB = `
  CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
  CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT, description TEXT,
    last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
  CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
    srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
  CREATE TABLE layer (fid INTEGER PRIMARY KEY, geom GEOMETRY);
  INSERT INTO gpkg_contents VALUES ('layer', 'features', 'layer', '', '2000-01-01T00:00:00Z', NULL, NULL, NULL, NULL, 1);
  INSERT INTO gpkg_geometry_columns VALUES ('layer', 'geom', 'GEOMETRY', 1, 0, 0);`
