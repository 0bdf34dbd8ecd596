/** Reads a coordinate reference system that a client names: `AUTHORITY:CODE`. Only the engine knows whether PROJ knows it. */
import { notHorizontal } from '../geometry/not-horizontal.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Crs, crsOf, type Layer } from '../model/layer.ts'
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

/** True if coordinates can be transformed from and to the layer's CRS: it has a code, or a definition. */
export function hasKnownCrs({ crs }: Layer): boolean {
  return Boolean(crs?.definition ?? crs?.code)
}

/**
 * Checks that a transformation from or to the layer's CRS is possible. @throws GeoduckError BAD_INPUT if the source has no CRS,
 * or one that PROJ does not know
 */
export function requireKnownCrs(layer: Layer, argument: string): void {
  if (hasKnownCrs(layer)) return
  const { name, crs } = layer
  const has = crs ? `has a CRS that PROJ does not know (${show(crs.name)})` : 'has no CRS that its source names'
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(name)} ${has}, so nothing can be transformed; leave it out, or ${NAME_THE_CRS}.`,
  )
}

/** The remedy of the operator of the server. */
export const NAME_THE_CRS = 'give the layer its `crs` in the configuration of the server'
