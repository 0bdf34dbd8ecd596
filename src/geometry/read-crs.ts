/** Reads the CRS of a layer from its source. It uses only the source's own words, and looks nothing up. */
import { isLonLatCode, LON_LAT } from '../model/crs.ts'
import type { Crs } from '../model/layer.ts'

/** The CRS of a GeoParquet column without a `crs`. */
export const CRS84: Crs = { code: LON_LAT, name: 'WGS 84 (CRS84)', isLonLat: true }

/** @param projjson https://proj.org/specifications/projjson.html; null if it is no PROJJSON */
export function crsOfProjjson(projjson: unknown): Crs | null {
  if (!isRecord(projjson)) return null
  const code = codeOf(projjson['id'])
  const name = typeof projjson['name'] === 'string' ? projjson['name'] : (code ?? 'unnamed')
  return { code, name, isLonLat: code === null ? isWgs84(projjson) : isLonLatCode(code) }
}

/** Reads DuckDB's text of a column's CRS: `AUTHORITY:CODE`, PROJJSON or WKT2. Empty if there is none. */
export function crsOfText(text: string): Crs | null {
  if (text === '') return null
  if (text.startsWith('{')) return crsOfProjjson(parsed(text))
  if (/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/.test(text)) {
    const code = text.toUpperCase()
    return code === CRS84.code ? CRS84 : { code, name: code === 'EPSG:4326' ? 'WGS 84' : code, isLonLat: isLonLatCode(code) }
  }
  const code = text.match(/ID\["([^"]+)",\s*"?([^"\],]+)"?[^[\]]*\]\s*\]\s*$/)
  const known = code ? `${code[1]}:${code[2]}`.toUpperCase() : null
  return { code: known, name: text.match(/"([^"]*)"/)?.[1] ?? 'unnamed', isLonLat: known !== null && isLonLatCode(known) }
}

function codeOf(id: unknown): string | null {
  if (!isRecord(id)) return null
  const { authority, code } = id
  if (typeof authority !== 'string' || (typeof code !== 'string' && typeof code !== 'number')) return null
  return `${authority}:${code}`.toUpperCase()
}

/** Some writers omit the id of a geographic CRS on the datum of GPS, which has several spellings. */
function isWgs84(projjson: Readonly<Record<string, unknown>>): boolean {
  const datum = projjson['datum_ensemble'] ?? projjson['datum']
  const name = isRecord(datum) ? String(datum['name']) : ''
  return projjson['type'] === 'GeographicCRS' && /^(World Geodetic System 1984|WGS[ _]?1984|WGS ?84)/i.test(name)
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
