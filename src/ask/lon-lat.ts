import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import type { Representation } from '../model/query.ts'

/**
 * RFC 7946 knows longitude and latitude only. A source that names no CRS is taken to be in them, as GeoParquet has it, unless its extent says
 * otherwise.
 */
export function requireLonLat(layer: Layer, { crs }: Pick<Representation, 'crs'>): void {
  if (crs) {
    if (crs.isLonLat) return
    throw refused(`\`crs\` asks for ${crs.name}`, 'leave `crs` out or say "OGC:CRS84"')
  }
  if (layer.crs ? layer.crs.isLonLat : !layer.extent || liesInDegrees(layer.extent)) return
  if (!layer.crs?.code) throw refused(`${layer.name} is not in degrees`, 'its source names no CRS to transform from')
  throw refused(`${layer.name} is in ${layer.crs.code}`, 'ask for `crs: "OGC:CRS84"`')
}

function refused(what: string, out: string): GeoduckError {
  return new GeoduckError(
    'BAD_INPUT',
    `\`geojson\` is longitude and latitude (RFC 7946), and ${what}: ${out}, or select \`arrow\` or \`features { geometry }\`, which take any CRS.`,
  )
}

function liesInDegrees([west, south, east, north]: NonNullable<Layer['extent']>): boolean {
  return west >= -180 && south >= -90 && east <= 180 && north <= 90
}
