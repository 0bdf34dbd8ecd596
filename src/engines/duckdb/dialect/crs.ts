/** Coordinate reference systems that a client names: `AUTHORITY:CODE`. Whether PROJ knows one is for the engine to say. */

import { notHorizontal } from '../../../geometry/not-horizontal.ts'
import { GeoduckError } from '../../../model/errors.ts'
import type { Crs, Layer } from '../../../model/layer.ts'
import { show } from '../../../model/show.ts'
import type { Parameters } from './parameters.ts'

const FORM = /^[A-Za-z][A-Za-z0-9_]{0,19}:[A-Za-z0-9_.]{1,20}$/
/** Longitude and latitude on WGS 84: the same coordinates, as x comes first whatever the authority's axes are. */
const LON_LAT = new Set(['OGC:CRS84', 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/** A CRS of another name whose coordinates are the same is none to transform to. */
export function sameCrs(a: Crs, b: Crs): boolean {
  return (a.isLonLat && b.isLonLat) || (a.code !== null && a.code === b.code)
}

/** As PostGIS numbers them; null: the CRS has no number there. */
export function sridOf(crs: Crs | null): number | null {
  if (crs?.isLonLat) return 4326
  const [, number] = /^EPSG:(\d{1,6})$/.exec(crs?.code ?? '') ?? []
  return number === undefined ? null : Number(number)
}

/** BAD_INPUT for what is not of the form, and for heights, which is all that can be told here. `argument` is named in messages. */
export function readCrs(text: unknown, argument: string): Crs {
  if (typeof text !== 'string' || !FORM.test(text)) {
    throw new GeoduckError('BAD_INPUT', `\`${argument}\` takes AUTHORITY:CODE, e.g. "EPSG:3857", not ${show(text)}.`)
  }
  const code = text.toUpperCase()
  const kind = notHorizontal(code)
  if (kind !== null) {
    throw new GeoduckError('BAD_INPUT', `\`${argument}\`: ${code} is ${kind}; take a horizontal one, e.g. "EPSG:3857".`)
  }
  return { code, name: code, isLonLat: LON_LAT.has(code) }
}

/** The code of the layer's own CRS, to transform from or to. BAD_INPUT: its source names none. */
export function layerCrsCode({ name, crs }: Layer, argument: string): string {
  if (crs?.code) return crs.code
  const has = crs ? `has a CRS without a code (${show(crs.name)})` : 'has no CRS that its source names'
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(name)} ${has}, so there is nothing to transform; leave it out.`,
  )
}

/** SQL of a geometry in another CRS, x first in both. An unknown code fails the statement; what has no place there is infinite. */
export function transformed(geometry: string, from: string, to: string, parameters: Parameters): string {
  return `ST_Transform(${geometry}, ${parameters.text(from)}, ${parameters.text(to)})`
}

/** SQL: no coordinate of the geometry is infinite or NaN. True for an empty one. */
export function isBounded(geometry: string): string {
  const sides = ['XMin', 'XMax', 'YMin', 'YMax'].map((side) => `ST_${side}(${geometry})`)
  return `coalesce(isfinite(${sides.join(' + ')}), true)`
}
