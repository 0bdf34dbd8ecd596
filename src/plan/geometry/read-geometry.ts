import type { Crs, Layer } from '../../catalog/layer.ts'
import { GeoduckError } from '../../errors.ts'
import { readCrs, sameCrs } from '../crs.ts'
import type { GeometryInput } from '../query.ts'
import { boxGeometry, readBox } from './box.ts'
import { type ClientGeometry, GeometryBuilder } from './builder.ts'
import { readGeoJson } from './geojson.ts'
import { readWkbText } from './wkb-text.ts'
import { readWkt } from './wkt.ts'

const MEMBERS = ['geojson', 'wkt', 'wkb', 'bbox'] as const

/** A client's geometry, and the CRS that it is in where that is not the layer's. */
export interface GeometryArgument extends ClientGeometry {
  readonly crs: Crs | null
  /** For messages. */
  readonly name: string
}

/**
 * A client's geometry in canonical form. BAD_INPUT: it is not one, exactly; LIMIT_EXCEEDED: it is nested deeper than 16 or has more
 * vertices than `most`. Empty geometry is taken, as the empty set that it is.
 */
export function readGeometry(input: GeometryInput, layer: Layer, argument: string, most: number): GeometryArgument {
  const members = MEMBERS.filter((name) => input[name] !== undefined && input[name] !== null)
  const [member] = members
  if (member === undefined || members.length > 1) {
    throw new GeoduckError('BAD_INPUT', `\`${argument}\` takes exactly one of \`geojson\`, \`wkt\`, \`wkb\` and \`bbox\`.`)
  }
  const named = input.crs === undefined || input.crs === null ? null : readCrs(input.crs, `${argument}.crs`)
  const crs = named && layer.crs && sameCrs(named, layer.crs) ? null : named
  const name = `${argument}.${member}`
  const isLonLat = (named ?? layer.crs)?.isLonLat === true
  return { ...readMember(input, member, new GeometryBuilder(name, isLonLat, most), isLonLat, name), crs, name }
}

function readMember(
  input: GeometryInput,
  member: (typeof MEMBERS)[number],
  to: GeometryBuilder,
  isLonLat: boolean,
  name: string,
): ClientGeometry {
  if (member === 'bbox') return boxGeometry(readBox(input.bbox, isLonLat, name), name)
  if (member === 'geojson') readGeoJson(input.geojson, to)
  else {
    const text = input[member]
    if (typeof text !== 'string') throw to.wrong('takes a string')
    if (member === 'wkt') readWkt(text, to)
    else readWkbText(text, to)
  }
  return to.finish()
}
