/** Reads a coordinate reference system that a client names: `AUTHORITY:CODE`. Only the engine knows whether PROJ knows it. */
import { notHorizontal } from '../geometry/not-horizontal.ts'
import { crsOf } from '../model/crs.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Crs, Layer } from '../model/layer.ts'
import { show } from '../model/show.ts'

const FORM = /^[A-Za-z][A-Za-z0-9_]{0,19}:[A-Za-z0-9_.]{1,20}$/

/**
 * Returns the CRS. `argument` is its name in messages. @throws GeoduckError BAD_INPUT for another form, and for a code that has
 * heights
 */
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

/**
 * Checks that a transformation from or to the layer's CRS is possible. @throws GeoduckError BAD_INPUT if the source has no CRS,
 * or one without a code
 */
export function requireCrsCode({ name, crs }: Layer, argument: string): void {
  if (crs?.code) return
  const has = crs ? `has a CRS without a code (${show(crs.name)})` : 'has no CRS that its source names'
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(name)} ${has}, so there is nothing to transform; leave it out.`,
  )
}
