import type { Layer } from '../catalog/layer.ts'
import { GeoduckError } from '../errors.ts'

/**
 * RFC 7946 knows longitude and latitude only. A source that names no CRS is taken to be in them, as GeoParquet has it, unless its extent says
 * otherwise.
 */
export function requireLonLat({ name, crs, extent }: Layer): void {
  if (crs ? crs.isLonLat : !extent || liesInDegrees(extent)) return
  const where = crs ? `in ${crs.code ?? crs.name}` : 'not in degrees'
  throw new GeoduckError(
    'BAD_INPUT',
    `\`geojson\` is longitude and latitude (RFC 7946), and ${name} is ${where}: select \`arrow\`, or \`features { geometry }\`, which keep the layer's coordinates.`,
  )
}

function liesInDegrees([west, south, east, north]: NonNullable<Layer['extent']>): boolean {
  return west >= -180 && south >= -90 && east <= 180 && north <= 90
}
