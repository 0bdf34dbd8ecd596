/** Writes FlatGeobuf, GeoPackage, Shapefile and KML by GDAL, which is in the spatial extension. It refuses what would be silently wrong. */
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import yazl from 'yazl'
import { freeName } from '../../../../encode/csv.ts'
import type { FinishedFormat } from '../../../../model/file-format.ts'
import { LON_LAT } from '../../../../model/layer.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import type { ExportJob } from '../../host/export-messages.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { Shape, Staged } from '../prepare/stage.ts'
import { ExportRefusal } from './refusal.ts'
import { MOST_SHAPEFILE_BYTES, refuseForShapefile, tooLarge } from './shapefile-limits.ts'

type GdalFormat = Exclude<FinishedFormat, 'parquet' | 'pmtiles'>

type Job = Pick<ExportJob, 'folder' | 'name'> & { readonly format: GdalFormat }

const DRIVERS: Readonly<Record<GdalFormat, string>> = {
  fgb: 'FlatGeobuf',
  gpkg: 'GPKG',
  'shp.zip': 'ESRI Shapefile',
  kml: 'KML',
}

/** The files of a Shapefile, the first of which names it. */
const SHAPEFILE = ['shp', 'shx', 'dbf', 'prj', 'cpg'] as const
const ENDINGS = ['fgb', 'fgb-index', 'gpkg', 'gpkg-journal', 'gpkg-wal', 'kml', ...SHAPEFILE]

/** All files that GDAL may write in the folder. */
export function filesOf(folder: string): readonly string[] {
  return ENDINGS.map((ending) => path.join(folder, `export.${ending}`))
}

/** Returns the path of the file. @throws ExportRefusal; Error of the engine */
export async function writeByGdal(connection: DuckDBConnection, staged: Staged, shape: Shape, job: Job): Promise<string> {
  const { folder, format, name } = job
  const { geometry, relation, table } = staged
  if (!geometry && format === 'kml')
    throw new ExportRefusal('KML shows places, and a table without geometry has none: use .gpkg, .parquet or .csv.')
  refuseDimensions(format, shape)
  if (format === 'shp.zip') await refuseForShapefile(connection, staged)
  const columns = relation.columns.map((column) => identifier(column.name))
  if (geometry) columns.push(drawn(format, identifier(geometry.column)))
  const file = path.join(folder, `export.${format === 'shp.zip' ? 'shp' : format}`)
  const options = [
    `DRIVER ${literal(DRIVERS[format])}`,
    ...(relation.crs === '' || format === 'kml' ? [] : [`SRS ${literal(relation.crs === LON_LAT ? 'EPSG:4326' : relation.crs)}`]),
    `LAYER_NAME ${literal(format === 'shp.zip' ? 'export' : name)}`,
    ...layerOptions(format, staged, shape, format === 'fgb' && (await haveBoxes(connection, staged))),
  ]
  await connection.run(
    `COPY (SELECT ${columns.join(', ')} FROM ${table} ORDER BY rowid) TO ${literal(file)} WITH (FORMAT GDAL, ${options.join(', ')})`,
  )
  if (format === 'gpkg' && !geometry) asAttributes(file)
  return format === 'shp.zip' ? await zipped(folder, name) : file
}

/** GDAL in the engine gives each layer a column of geometries. A table of attributes (GeoPackage 1.3, 2.4) has none. */
function asAttributes(file: string): void {
  const database = new DatabaseSync(file)
  try {
    const [found] = database.prepare('SELECT table_name AS name, column_name AS geometry FROM gpkg_geometry_columns').all()
    const { name, geometry } = found as { readonly name: string; readonly geometry: string }
    database.exec(`BEGIN;
      DELETE FROM gpkg_geometry_columns;
      UPDATE gpkg_contents SET data_type = 'attributes', srs_id = 0, min_x = NULL, min_y = NULL, max_x = NULL, max_y = NULL;
      ALTER TABLE ${identifier(name)} DROP COLUMN ${identifier(geometry)};
      COMMIT`)
  } finally {
    database.close()
  }
}

/** KML would put an empty geometry at 0, 0, and an empty polygon ends the process that writes a FlatGeobuf. */
function drawn(format: GdalFormat, geometry: string): string {
  return format === 'kml' || format === 'fgb'
    ? `CASE WHEN NOT ST_IsEmpty(${geometry}) THEN ${geometry} END AS ${geometry}`
    : geometry
}

function layerOptions(format: GdalFormat, { relation, geometry }: Staged, shape: Shape, isIndexed: boolean): readonly string[] {
  const names = relation.columns.map(({ name }) => name)
  switch (format) {
    case 'fgb':
      return [creation(`SPATIAL_INDEX=${isIndexed ? 'YES' : 'NO'}`), ...onlyType(shape)]
    case 'gpkg':
      return [
        geometry
          ? creation(`FID=${freeName('fid', [...names, geometry.column])}`, `GEOMETRY_NAME=${geometry.column}`)
          : creation(`FID=${freeName('fid', names)}`, `GEOMETRY_NAME=${freeName('geom', names)}`, 'SPATIAL_INDEX=NO'),
        ...onlyType(shape),
      ]
    case 'shp.zip':
      return [creation('ENCODING=UTF-8', `SHPT=${shapeType(shape)}`)]
    case 'kml':
      return []
  }
}

/** The index of a FlatGeobuf takes no feature without geometry, and no empty one. */
async function haveBoxes(connection: DuckDBConnection, { table, geometry }: Staged): Promise<boolean> {
  if (!geometry) return false
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) - count(${identifier(geometry.covering)}) AS without, count(*) AS n FROM ${table}`,
  )
  return Number(row?.['without']) === 0 && Number(row?.['n']) > 0
}

const creation = (...options: readonly string[]): string => `LAYER_CREATION_OPTIONS (${options.map(literal).join(', ')})`

/** The type of the layer, if all geometries have one. GDAL in the engine knows no name of a type with heights or measures. */
function onlyType({ types }: Shape): readonly string[] {
  const [only] = types
  return types.length === 1 && only && !only.includes(' ') ? [`GEOMETRY_TYPE ${literal(only.toUpperCase())}`] : []
}

function refuseDimensions(format: GdalFormat, { types }: Shape): void {
  const tags = new Set(types.map((type) => type.split(' ')[1] ?? ''))
  if (format === 'fgb' && (tags.size > 1 || !tags.has('')) && types.length > 0)
    throw new ExportRefusal('A .fgb file would lose heights and measures (Z, M): use .gpkg or .parquet.')
  if (format !== 'shp.zip') return
  if (tags.size > 1)
    throw new ExportRefusal('A Shapefile has heights (Z) or measures (M) in every geometry or in none: use .gpkg.')
  const kinds = new Set(types.map((type) => shapeKind(type.split(' ')[0]!)))
  if (kinds.size > 1 || kinds.has(null)) {
    throw new ExportRefusal(`A Shapefile has one type of geometry, and these are ${types.join(', ')}: use .gpkg, or filter them.`)
  }
}

/** The kind of shape for a type of geometry. Null for collections. */
function shapeKind(type: string): string | null {
  if (type === 'Point') return 'POINT'
  if (type === 'MultiPoint') return 'MULTIPOINT'
  if (type.endsWith('LineString')) return 'ARC'
  return type.endsWith('Polygon') ? 'POLYGON' : null
}

function shapeType({ types: [first] }: Shape): string {
  if (first === undefined) return 'NULL'
  const [type = '', tag = ''] = first.split(' ')
  return `${shapeKind(type)}${tag}`
}

/** Puts the files of the Shapefile into one archive, under the name of the layer. */
async function zipped(folder: string, name: string): Promise<string> {
  const archive = new yazl.ZipFile()
  for (const ending of SHAPEFILE) {
    const file = path.join(folder, `export.${ending}`)
    const found = await stat(file).catch(() => null)
    if (!found) continue
    if (found.size > MOST_SHAPEFILE_BYTES) throw tooLarge()
    archive.addFile(file, `${name}.${ending}`)
  }
  archive.end()
  const zip = path.join(folder, 'export.shp.zip')
  await pipeline(archive.outputStream, createWriteStream(zip))
  return zip
}
