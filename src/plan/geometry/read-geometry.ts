import type { Layer } from '../../catalog/layer.ts'
import { GeoduckError } from '../../errors.ts'
import type { GeometryInput } from '../query.ts'
import { boxGeometry, readBox } from './box.ts'
import { type ClientGeometry, GeometryBuilder } from './builder.ts'
import { readGeoJson } from './geojson.ts'
import { readWkt } from './wkt.ts'

/**
 * A client's geometry, in the layer's CRS, in canonical form. BAD_INPUT: it is not one, exactly; LIMIT_EXCEEDED: it is nested
 * deeper than 16 or has more than 25,000 vertices. Empty geometry is taken, as the empty set that it is.
 */
export function readGeometry(input: GeometryInput, layer: Layer, argument: string): ClientGeometry {
  const members = (['geojson', 'wkt', 'bbox'] as const).filter((name) => input[name] !== undefined && input[name] !== null)
  const [member] = members
  if (member === undefined || members.length > 1) {
    throw new GeoduckError('BAD_INPUT', `\`${argument}\` takes exactly one of \`geojson\`, \`wkt\` and \`bbox\`.`)
  }
  const name = `${argument}.${member}`
  if (member === 'bbox') return boxGeometry(readBox(input.bbox, layer, name), name)
  const to = new GeometryBuilder(name, layer.crs?.isLonLat === true)
  if (member === 'geojson') readGeoJson(input.geojson, to)
  else if (typeof input.wkt === 'string') readWkt(input.wkt, to)
  else throw to.wrong('takes a string')
  return to.finish()
}
