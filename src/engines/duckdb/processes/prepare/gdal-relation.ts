/** Reads GeoPackage, Shapefile, FlatGeobuf and GeoJSON with the GDAL of the spatial extension. */
import { type DuckDBConnection, DuckDBGeometryType } from '@duckdb/node-api'
import { LON_LAT } from '../../../../model/crs.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import type { Format } from '../../host/format.ts'
import { refuseLinks } from './crs-link.ts'
import { logicalFields } from './dbf-fields.ts'
import type { FileRelation } from './file-relation.ts'
import { geometryName } from './geometry-name.ts'

/** The allow-list of drivers. A virtual format would open files and links that its text names. */
const DRIVERS: Readonly<Record<Exclude<Format, 'CSV'>, readonly string[]>> = {
  GeoPackage: ['GPKG'],
  Shapefile: ['ESRI Shapefile'],
  FlatGeobuf: ['FlatGeobuf'],
  GeoJSON: ['GeoJSON', 'GeoJSONSeq'],
}

/** The CRS of GeoJSON by RFC 7946. GDAL calls it EPSG:4326, which has another axis order. */
const GEOJSON_CRS = { 'EPSG:4326': LON_LAT } as const

/**
 * The columns, as GDAL names them. A GeoPackage has its key first. Other formats have `OGC_FID`, GDAL's number of the feature, unless an
 * attribute has this name. For GeoJSON it is the `id`, if that is a number.
 */
export async function gdalRelation(
  connection: DuckDBConnection,
  file: string,
  format: Exclude<Format, 'CSV'>,
  table: string | null,
): Promise<FileRelation> {
  if (format === 'GeoJSON') await refuseLinks(file)
  const drivers = DRIVERS[format].map(literal).join(', ')
  const layer = table === null ? '' : `, layer = ${literal(table)}`
  const read = `ST_Read(${literal(file)}${layer}, allowed_drivers = [${drivers}])`
  const found = await columnsOfRead(connection, read)
  const geometry = found.find(({ crs }) => crs !== null)
  if (!geometry) throw new Error('it has no geometry')
  const logical = format === 'Shapefile' ? await logicalNames(file, found) : new Set<string>()
  const attributes = found
    .filter((column) => column !== geometry)
    .map(({ name, type }) => ({ name, type: logical.has(name) ? 'BOOLEAN' : type }))
  const name = table === null ? geometryName(attributes.map((column) => column.name)) : geometry.name
  const crs = crsText(geometry.crs ?? '', format)
  const value = `ST_SetCRS(${identifier(geometry.name)}, ${literal(crs)})`
  const selected = [...attributes.map((column) => attributeValue(column.name, logical)), `${value} AS ${identifier(name)}`]
  return {
    from: `(SELECT ${selected.join(', ')} FROM ${read})`,
    columns: [...attributes, { name, type: 'GEOMETRY' }],
    geometryColumn: name,
    crs,
    problems: [],
  }
}

interface ReadColumn {
  readonly name: string
  readonly type: string
  /** The CRS of a geometry column. Null for an attribute. */
  readonly crs: string | null
}

/** Fields have the order of the table, after the number of the feature. */
async function logicalNames(file: string, found: readonly ReadColumn[]): Promise<Set<string>> {
  const fields = await logicalFields(file)
  const columns = found.filter((column) => column.crs === null && column.name !== 'OGC_FID')
  return new Set(columns.filter((column, index) => fields[index] && column.type === 'VARCHAR').map(({ name }) => name))
}

function attributeValue(name: string, logical: ReadonlySet<string>): string {
  const value = identifier(name)
  if (!logical.has(name)) return value
  return `CASE WHEN upper(${value}) IN ('T', 'Y') THEN true WHEN upper(${value}) IN ('F', 'N') THEN false END AS ${value}`
}

/** The statement is only prepared, not described as well: for every schema, GDAL reads a whole GeoJSON file. */
async function columnsOfRead(connection: DuckDBConnection, read: string): Promise<ReadColumn[]> {
  const prepared = await connection.prepare(`SELECT * FROM ${read}`)
  try {
    return Array.from({ length: prepared.columnCount }, (_, index) => {
      const type = prepared.columnType(index)
      const crs = type instanceof DuckDBGeometryType ? (type.crs ?? '') : null
      return { name: prepared.columnName(index), type: String(type), crs }
    })
  } finally {
    prepared.destroySync()
  }
}

/** GDAL's name for an unknown CRS is a CRS too, of unknown kind and unit. */
function crsText(crs: string, format: Format): string {
  if (/"name"\s*:\s*"(Undefined[^"]*|unknown)"\s*,\s*"datum"/i.test(crs) && crs.includes('EngineeringCRS')) return ''
  return format === 'GeoJSON' && crs in GEOJSON_CRS ? GEOJSON_CRS[crs as keyof typeof GEOJSON_CRS] : crs
}
