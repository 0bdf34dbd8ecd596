import { layerCrsCode, readCrs, sameCrs } from '../engines/duckdb/dialect/crs.ts'
import { GeoduckError } from '../model/errors.ts'
import type { BBox, Layer } from '../model/layer.ts'
import type { Geometry } from '../model/predicate.ts'
import type { GeometryInput } from '../model/query.ts'
import { boxGeometry, readBox } from './box.ts'
import { type ClientGeometry, GeometryBuilder, type Pieces } from './builder.ts'
import { readGeoJson } from './geojson.ts'
import { Tally } from './tally.ts'
import { readWkb } from './wkb-reader.ts'
import { readWkbText } from './wkb-text.ts'
import { readWkt } from './wkt.ts'

const MEMBERS = ['geojson', 'wkt', 'wkb', 'bbox'] as const

/** Of an edge as long as the geometry's box is: its middle is then off by 1/16,000 of what it bends in all. */
const PIECES = 64

/**
 * A client's geometry in canonical form. BAD_INPUT: it is not one, exactly; LIMIT_EXCEEDED: it is nested deeper than 16 or goes beyond what
 * `tally` lets in. Empty geometry is taken, as the empty set that it is. In another CRS than the layer's its edges are cut to short ones: what is straight
 * in one is not in the other.
 */
export function readGeometry(input: GeometryInput, layer: Layer, argument: string, tally: Tally): Geometry {
  const members = MEMBERS.filter((name) => input[name] !== undefined && input[name] !== null)
  const [member] = members
  if (member === undefined || members.length > 1) {
    throw new GeoduckError('BAD_INPUT', `\`${argument}\` takes exactly one of \`geojson\`, \`wkt\`, \`wkb\` and \`bbox\`.`)
  }
  const named = input.crs === undefined || input.crs === null ? null : readCrs(input.crs, `${argument}.crs`)
  const crs = named && layer.crs && sameCrs(named, layer.crs) ? null : named
  const name = `${argument}.${member}`
  const isLonLat = (named ?? layer.crs)?.isLonLat === true
  return tally.during(() => {
    const { wkb, bbox } = readMember(input, member, new GeometryBuilder(name, isLonLat, tally), isLonLat, name)
    if (crs === null || bbox === null) return { wkb, bbox, crs, argument: name }
    // There is something to transform to.
    layerCrsCode(layer, `${argument}.crs`)
    return { wkb: cutEdges(wkb, ofBox(bbox), name, tally), bbox, crs, argument: name }
  })
}

/** WKB as the builder wrote it, with its edges cut. */
export function cutEdges(wkb: Uint8Array, pieces: Pieces, name: string, tally: Tally): Uint8Array {
  const own = new Tally(Number.POSITIVE_INFINITY)
  own.inserted = tally.inserted
  const to = new GeometryBuilder(name, false, own, pieces)
  readWkb(wkb, to)
  tally.inserted = own.inserted
  return to.finish().wkb
}

function ofBox([west, south, east, north]: BBox): Pieces {
  // A box across the antimeridian is two, each of which has shorter edges.
  const size = Math.max(Math.abs(east - west), north - south)
  return (dx, dy) => Math.max(1, Math.ceil((PIECES * Math.max(Math.abs(dx), Math.abs(dy))) / (size || 1)))
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
