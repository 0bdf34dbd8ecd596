/** Coordinate reference systems that a client names: `AUTHORITY:CODE`. Whether PROJ knows one is for the engine to say. */
import { notHorizontal } from '../geometry/not-horizontal.ts'
import { crsOf } from '../model/crs.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Crs, Layer } from '../model/layer.ts'
import { show } from '../model/show.ts'

const FORM = /^[A-Za-z][A-Za-z0-9_]{0,19}:[A-Za-z0-9_.]{1,20}$/

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
  return crsOf(code)
}

/** There is something to transform from or to. BAD_INPUT: the layer's source names no CRS, or one without a code. */
export function requireCrsCode({ name, crs }: Layer, argument: string): void {
  if (crs?.code) return
  const has = crs ? `has a CRS without a code (${show(crs.name)})` : 'has no CRS that its source names'
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(name)} ${has}, so there is nothing to transform; leave it out.`,
  )
}
