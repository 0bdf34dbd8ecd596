/** Finds out by what PROJ knows the CRS of a layer, and whether its coordinates can be of that CRS. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { type BBox, type Crs, type Layer, LON_LAT } from '../../../../model/layer.ts'
import { literal } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { rowsOf } from './rows.ts'

const REMEDY = 'give the layer its `crs` in the configuration'

/** Returns the CRS with its definition only if PROJ knows the definition, and does not know the code. */
export async function withoutNeedlessDefinition(connection: DuckDBConnection, crs: Crs | null): Promise<Crs | null> {
  if (!crs?.definition) return crs
  const { definition, ...named } = crs
  const isNeeded = !(named.code && (await isKnown(connection, named.code))) && (await isKnown(connection, definition))
  return isNeeded ? crs : named
}

/** Returns the problems of a layer's CRS. `extent` is that of its features. */
export async function crsFaults(
  connection: DuckDBConnection,
  { crs, wantedCrs, extent }: Pick<Layer, 'crs' | 'extent'> & Pick<Description, 'wantedCrs'>,
): Promise<string[]> {
  if (crs === null) return []
  const text = crs.definition ?? crs.code
  if (text !== null && (await isKnown(connection, text))) {
    if (extent === null) return []
    if (crs.isLonLat) return outsideDegrees(crs, extent)
    return (await hasPlace(connection, text, extent)) ? [] : [`its coordinates have no place in its CRS ${crs.name}: ${REMEDY}`]
  }
  if (wantedCrs) return [`its CRS ${wantedCrs} is none that PROJ knows: correct \`crs\``]
  return [`its CRS ${crs.name} is none that PROJ knows, so its coordinates are not transformed: ${REMEDY}`]
}

/** PROJ's answers of this process. */
const known = new Map<string, boolean>()

/** True if PROJ knows the CRS. It transforms an empty point, which computes nothing. */
async function isKnown(connection: DuckDBConnection, crs: string): Promise<boolean> {
  const found = known.get(crs)
  if (found !== undefined) return found
  const sql = `SELECT ST_Transform('POINT EMPTY'::GEOMETRY, ${literal(crs)}, '${LON_LAT}')`
  const answer = await rowsOf(connection, sql).then(
    () => true,
    () => false,
  )
  known.set(crs, answer)
  return answer
}

/** False if no corner of the extent, nor its centre, has a longitude and latitude: PROJ takes some CRSs whose projection it lacks. */
async function hasPlace(connection: DuckDBConnection, crs: string, [west, south, east, north]: BBox): Promise<boolean> {
  const points = [
    [west, south],
    [east, south],
    [west, north],
    [east, north],
    [(west + east) / 2, (south + north) / 2],
  ]
  const placed = points.map(([x, y]) => {
    const point = `ST_Transform(ST_Point(${x}::DOUBLE, ${y}::DOUBLE), ${literal(crs)}, '${LON_LAT}')`
    return `isfinite(ST_X(${point}) + ST_Y(${point}))`
  })
  const [row] = await rowsOf(connection, `SELECT ${placed.join(' OR ')} AS found`)
  return row?.['found'] === true
}

/**
 * Longitudes from 0 to 360 and boxes across the antimeridian occur in real data, and so do cells of a grid that reach over a pole.
 */
const MOST_LONGITUDE = 360
const MOST_LATITUDE = 91

function outsideDegrees({ code, name }: Crs, [west, south, east, north]: BBox): string[] {
  const farthest = (a: number, b: number) => (Math.abs(a) > Math.abs(b) ? a : b)
  const [x, y] = [farthest(west, east), farthest(south, north)]
  const isOutside = Math.abs(x) > MOST_LONGITUDE ? x : Math.abs(y) > MOST_LATITUDE ? y : null
  if (isOutside === null) return []
  const isTurned = Math.abs(x) <= MOST_LATITUDE && Math.abs(y) <= MOST_LONGITUDE
  const reach = `its CRS is ${code ?? name} (degrees), but its coordinates reach ${isTurned ? 'the latitude ' : ''}${isOutside}`
  return [`${reach}: ${isTurned ? 'if x and y are exchanged, write the source again; else ' : ''}${REMEDY}`]
}
