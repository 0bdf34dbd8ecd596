/** Reads the CRS of a layer from its source. It uses only the source's own words, and looks nothing up. */
import { type Crs, isLonLatCode, LON_LAT } from '../model/layer.ts'

/** The CRS of a GeoParquet column without a `crs`. */
export const CRS84: Crs = { code: LON_LAT, name: 'WGS 84 (CRS84)', isLonLat: true }

/** @param crs https://proj.org/specifications/projjson.html; null if it is no PROJJSON */
export function crsOfProjjson(crs: unknown): Crs | null {
  if (!isRecord(crs)) return null
  const source = isRecord(crs['source_crs']) ? crs['source_crs'] : {}
  const code = codeOf(crs['id'])
  const name = [crs['name'], source['name'], code].find((text) => typeof text === 'string') ?? 'unnamed'
  return {
    code,
    name: String(name),
    isLonLat: code === null ? isWgs84(crs) : isLonLatCode(code),
    ...defined(JSON.stringify(crs)),
  }
}

/** Reads `AUTHORITY:CODE`, PROJJSON or WKT: DuckDB's text of a column's CRS, or that of a `.prj`. Null if it is empty. */
export function crsOfText(text: string): Crs | null {
  if (text === '') return null
  if (text.startsWith('{')) return crsOfProjjson(parsed(text)) ?? unknown(text)
  if (/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/.test(text)) {
    const code = text.toUpperCase()
    return code === CRS84.code ? CRS84 : { code, name: code === 'EPSG:4326' ? 'WGS 84' : code, isLonLat: isLonLatCode(code) }
  }
  if (!/^\s*[A-Z]+CRS\s*\[|^\s*[A-Z]+CS\s*\[/i.test(text)) return unknown(text)
  // The id of the whole is the last member. Ids of its parts end earlier.
  const id = text.match(/(?:ID|AUTHORITY)\s*\["([^"]+)",\s*"?([^"\],]+)"?[^[\]]*\]\s*\]\s*$/i)
  const code = id ? `${id[1]}:${id[2]}`.toUpperCase() : null
  const isLonLat = code === null ? WGS84_WKT.test(text) : isLonLatCode(code)
  return { code, name: text.match(/"([^"]*)"/)?.[1] ?? 'unnamed', isLonLat, ...defined(text) }
}

/**
 * Reads the logical type of a Parquet column as DuckDB prints it. By the specification of Parquet, a GEOMETRY or GEOGRAPHY without a
 * `crs` has OGC:CRS84, `srid:N` is the number of an EPSG code, and `projjson:KEY` names a text of the file's metadata.
 *
 * @param textOf returns a text of the file's metadata
 */
export function crsOfParquet(logicalType: string, textOf: (key: string) => string | undefined): Crs | null {
  const crs = /^Geo(?:metry|graphy)Type\(crs=(.*?)(?:, algorithm=[^,]*)?\)$/s.exec(logicalType)?.[1] ?? ''
  if (crs === '<null>') return CRS84
  const [, scheme, value = ''] = /^(srid|projjson):(.*)$/s.exec(crs) ?? []
  if (scheme === 'projjson') return crsOfText(textOf(value) ?? '') ?? unknown(crs)
  // PostGIS writes the number 0 for an unknown CRS.
  if (scheme === 'srid') return Number(value) === 0 ? null : crsOfText(`EPSG:${value}`)
  return crsOfText(crs)
}

function unknown(text: string): Crs {
  return { code: null, name: text.slice(0, 80), isLonLat: false }
}

/** PROJJSON and WKT of a CRS have some kilobytes. A definition is sent with every query. */
const MOST_CHARACTERS = 65_536

/** Words by which PROJ would open a file, such as a grid of a datum, that only the author of the source names. */
const OPENS_FILES = /PARAMETERFILE|"value"\s*:\s*"|(?:grids?|file|init|model|catalog)=(?!@null)/i

/** The definition, if PROJ may read it. */
function defined(definition: string): Pick<Crs, 'definition'> {
  return definition.length > MOST_CHARACTERS || OPENS_FILES.test(definition) ? {} : { definition }
}

function codeOf(id: unknown): string | null {
  if (!isRecord(id)) return null
  const { authority, code } = id
  if (typeof authority !== 'string' || (typeof code !== 'string' && typeof code !== 'number')) return null
  return `${authority}:${code}`.toUpperCase()
}

const WGS84 = '(?:World[ _]Geodetic[ _]System[ _]1984|WGS[ _]?1984|WGS ?84)'
const WGS84_NAME = new RegExp(`^${WGS84}`, 'i')
/** Greenwich and degrees are the usual case; another prime meridian or unit has other coordinates. */
const WGS84_WKT = new RegExp(
  `^\\s*(?:GEOG(?:CRS|CS)|GEODCRS)\\s*\\["[^"]*",\\s*(?:DATUM|ENSEMBLE)\\s*\\["(?:D_)?${WGS84}(?!.*PRIMEM\\s*\\["(?!Greenwich))(?!.*"(?:grad|gon|radian))`,
  'is',
)

const OTHER_DEGREES = /"prime_meridian":\{"name":"(?!Greenwich)|"(?:grad|gon|radian)"/

/** Some writers omit the id of a geographic CRS on the datum of GPS, which has several spellings. */
function isWgs84(projjson: Readonly<Record<string, unknown>>): boolean {
  const datum = projjson['datum_ensemble'] ?? projjson['datum']
  const name = isRecord(datum) ? String(datum['name']) : ''
  return projjson['type'] === 'GeographicCRS' && WGS84_NAME.test(name) && !OTHER_DEGREES.test(JSON.stringify(projjson))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
