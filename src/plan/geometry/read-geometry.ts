import type { Crs, Layer } from '../../catalog/layer.ts'
import { GeoduckError } from '../../errors.ts'
import { readCrs, sameCrs } from '../crs.ts'
import type { GeometryInput } from '../query.ts'
import { boxGeometry, readBox } from './box.ts'
import { type ClientGeometry, GeometryBuilder } from './builder.ts'
import { readGeoJson } from './geojson.ts'
import { readTwkb } from './twkb.ts'
import { readWkb, sridOfWkb } from './wkb-reader.ts'
import { twkbOfText, wkbOfText } from './wkb-text.ts'
import { readWkt, sridOfWkt } from './wkt.ts'

const MEMBERS = ['geojson', 'wkt', 'wkb', 'twkb', 'bbox'] as const
type Member = (typeof MEMBERS)[number]

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
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${argument}\` takes exactly one of \`geojson\`, \`wkt\`, \`wkb\`, \`twkb\` and \`bbox\`.`,
    )
  }
  const name = `${argument}.${member}`
  const builder = (isLonLat: boolean) => new GeometryBuilder(name, isLonLat, most)
  const { srid, read } = opened(input, member, builder(false), most)
  const named = namedCrs(input, srid, argument, name)
  const crs = named && layer.crs && sameCrs(named, layer.crs) ? null : named
  const isLonLat = (named ?? layer.crs)?.isLonLat === true
  if (member === 'bbox') return { ...boxGeometry(readBox(input.bbox, isLonLat, name), name), crs, name }
  const to = builder(isLonLat)
  read(to)
  return { ...to.finish(), crs, name }
}

/** What is known of it before it is read. */
interface Opened {
  /** PostGIS's number of its CRS; null: it has none. */
  readonly srid: number | null
  read(to: GeometryBuilder): void
}

/** `wrong` makes errors only. */
function opened(input: GeometryInput, member: Member, wrong: GeometryBuilder, most: number): Opened {
  if (member === 'geojson' || member === 'bbox') return { srid: null, read: (to) => readGeoJson(input.geojson, to) }
  const text = input[member]
  if (typeof text !== 'string') throw wrong.wrong('takes a string')
  if (member === 'wkt') return { srid: sridOfWkt(text), read: (to) => readWkt(text, to) }
  if (member === 'twkb') return { srid: null, read: (to) => readTwkb(twkbOfText(text, to), to, most) }
  const bytes = wkbOfText(text, wrong)
  return { srid: sridOfWkb(bytes), read: (to) => readWkb(bytes, to) }
}

/** An SRID of 0 is PostGIS's for none. */
function namedCrs({ crs }: GeometryInput, srid: number | null, argument: string, name: string): Crs | null {
  const beside = crs === undefined || crs === null ? null : readCrs(crs, `${argument}.crs`)
  if (srid === null || srid === 0) return beside
  const within = readCrs(`EPSG:${srid}`, name)
  if (beside && !sameCrs(beside, within)) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${name}\` has the SRID ${srid}, which is not the CRS that \`crs\` names; leave one of them out.`,
    )
  }
  return within
}
