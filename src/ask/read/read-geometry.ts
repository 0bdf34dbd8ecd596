import { boxGeometry, readBox } from '../../geometry/box.ts'
import { type ClientGeometry, GeometryBudget, GeometryBuilder, type Pieces } from '../../geometry/builder.ts'
import { readGeoJson } from '../../geometry/geojson.ts'
import { GEOMETRY_TYPES, type GeometryTypeName } from '../../geometry/geometry-type.ts'
import { readTwkb } from '../../geometry/twkb.ts'
import { readWkb, sridOfWkb } from '../../geometry/wkb-reader.ts'
import { readWkt, sridOfWkt } from '../../geometry/wkt.ts'
import type { GeometryInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { type BBox, type Crs, type Layer, sameCrs } from '../../model/layer.ts'
import type { Geometry } from '../../model/predicate.ts'
import { readCrs, requireKnownCrs } from '../crs.ts'
import { nullMember } from './null-member.ts'

const MEMBERS = ['geojson', 'wkt', 'wkb', 'twkb', 'bbox'] as const
type Member = (typeof MEMBERS)[number]

/** The share of the size of the box that an edge may have. The middle of an edge is then off by 1/16,000 of its whole bend. */
export const PIECES = 64

/**
 * Reads a geometry of a client into its canonical form. An empty geometry is valid: it is the empty set. In another CRS than the layer's, its edges
 * are cut into short ones, because a straight edge in one CRS is not straight in the other.
 *
 * @throws GeoduckError BAD_INPUT if it is invalid;
 * LIMIT_EXCEEDED if it is nested deeper than 16 or exceeds the budget
 */
export function readGeometry(input: GeometryInput, layer: Layer, argument: string, tally: GeometryBudget): Geometry {
  const { isWhole: _, ...geometry } = readAny(input, layer, argument, tally)
  return geometry
}

function readAny(
  input: GeometryInput,
  layer: Layer,
  argument: string,
  tally: GeometryBudget,
): Geometry & Pick<ClientGeometry, 'isWhole'> {
  if (Object.values(input).includes(null)) throw nullMember(input, argument)
  const members = MEMBERS.filter((name) => input[name] !== undefined)
  const [member] = members
  if (member === undefined || members.length > 1) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${argument}\` takes exactly one of \`geojson\`, \`wkt\`, \`wkb\`, \`twkb\` and \`bbox\`.`,
    )
  }
  const name = `${argument}.${member}`
  const { srid, read } = opened(input, member, new GeometryBuilder(name, false), tally.most.vertices)
  const named = namedCrs(input, srid, argument, name)
  const crs = named && layer.crs && sameCrs(named, layer.crs) ? null : named
  const isLonLat = (named ?? layer.crs)?.isLonLat === true
  return tally.during(() => {
    const {
      wkb,
      bbox,
      isWhole = true,
    } = member === 'bbox'
      ? boxGeometry(readBox(input.bbox, isLonLat, name), name)
      : readInto(new GeometryBuilder(name, isLonLat, tally), read)
    if (crs === null || bbox === null) return { wkb, bbox, crs, argument: name, isWhole }
    requireKnownCrs(layer, input.crs ? `${argument}.crs` : name)
    return { wkb: cutEdges(wkb, ofBox(bbox), name, tally), bbox, crs, argument: name }
  })
}

/**
 * Reads a geometry that is stored, in the CRS of the layer.
 *
 * @throws GeoduckError as `readGeometry`, and BAD_INPUT for what its canonical form would leave out
 */
export function readStoredGeometry(
  input: GeometryInput,
  layer: Layer,
  argument: string,
  tally: GeometryBudget,
): { readonly wkb: Uint8Array; readonly bbox: BBox; readonly type: GeometryTypeName } {
  const to = new GeometryBuilder(argument, false)
  const { wkb, bbox, crs, isWhole } = readAny(input, layer, argument, tally)
  if (crs !== null) throw to.wrong('a feature is written in the CRS of its layer: leave `crs` and SRID out, or name that CRS')
  if (!isWhole) throw to.wrong('geometries are stored in two dimensions and without empty parts; leave these out')
  if (bbox === null) throw to.wrong('an empty geometry is not stored; leave `geometry` out')
  return { wkb, bbox, type: GEOMETRY_TYPES[new DataView(wkb.buffer, wkb.byteOffset).getUint32(1, true) - 1]!.name }
}

function readInto(to: GeometryBuilder, read: Opened['read']): ClientGeometry {
  read(to)
  return to.finish()
}

/** The WKB of the builder, with its edges cut. */
export function cutEdges(
  wkb: Uint8Array,
  pieces: Pieces,
  name: string,
  tally = new GeometryBudget(Number.POSITIVE_INFINITY),
): Uint8Array {
  const own = new GeometryBudget(Number.POSITIVE_INFINITY)
  own.inserted = tally.inserted
  const to = new GeometryBuilder(name, false, own, pieces)
  readWkb(wkb, to)
  tally.inserted = own.inserted
  return to.finish().wkb
}

function ofBox([west, south, east, north]: BBox): Pieces {
  // A box across the antimeridian consists of two boxes, each with shorter edges.
  const size = Math.max(Math.abs(east - west), north - south)
  return (dx, dy) => Math.max(1, Math.ceil((PIECES * Math.max(Math.abs(dx), Math.abs(dy))) / (size || 1)))
}

/** Facts about the geometry that are known before it is read. */
interface Opened {
  /** PostGIS's number of its CRS. Null if it has none. */
  readonly srid: number | null
  read(to: GeometryBuilder): void
}

/** `wrong` only makes errors. */
function opened(input: GeometryInput, member: Member, wrong: GeometryBuilder, most: number): Opened {
  if (member === 'geojson' || member === 'bbox') return { srid: null, read: (to) => readGeoJson(input.geojson, to) }
  const text = input[member]
  if (typeof text !== 'string') throw wrong.wrong('takes a string')
  if (member === 'wkt') return { srid: sridOfWkt(text), read: (to) => readWkt(text, to) }
  if (member === 'twkb') return { srid: null, read: (to) => readTwkb(twkbOfText(text, to), to, most) }
  const bytes = wkbOfText(text, wrong)
  return { srid: sridOfWkb(bytes), read: (to) => readWkb(bytes, to) }
}

/** An SRID of 0 means none in PostGIS. */
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

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Reads well-known binary from text. Its first byte is 0 or 1, so hexadecimal begins with `0` and base64 with `A`. */
function wkbOfText(text: string, to: GeometryBuilder): Buffer {
  const bytes = text.startsWith('0') ? fromHex(text) : text.startsWith('A') ? fromBase64(text) : null
  if (!bytes) throw to.wrong('takes well-known binary in hexadecimal or base64')
  return bytes
}

/**
 * Reads tiny well-known binary from text. A text of hexadecimal digits is read as hexadecimal: as base64 it would be no
 * realistic TWKB.
 */
function twkbOfText(text: string, to: GeometryBuilder): Buffer {
  const bytes = text === '' ? null : (fromHex(text) ?? fromBase64(text))
  if (!bytes) throw to.wrong('takes tiny well-known binary in hexadecimal or base64')
  return bytes
}

/** Node stops at the first character that is not hexadecimal. */
function fromHex(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'hex')
  return bytes.length * 2 === text.length ? bytes : null
}

/** Node ignores characters that are not base64. */
function fromBase64(text: string): Buffer | null {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : null
}
