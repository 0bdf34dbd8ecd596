import type { Layer } from '../../../model/layer.ts'
import type { Parameters } from './quote.ts'

/** The layer's CRS for PROJ. It exists for every query that transforms, because `ask/` has checked it. */
export function layerCrsText({ crs }: Layer): string {
  const text = crs?.definition ?? crs?.code
  if (!text) throw new RangeError('a layer whose CRS is not known is not transformed')
  return text
}

/**
 * SQL of a geometry in another CRS, with x first in both. An unknown code fails the statement. Coordinates that cannot be
 * transformed are infinite.
 */
export function transformed(geometry: string, from: string, to: string, parameters: Parameters): string {
  return `ST_Transform(${geometry}, ${parameters.text(from)}, ${parameters.text(to)})`
}

/** SQL that is true if no coordinate of the geometry is infinite or NaN. True for an empty geometry. */
export function isBounded(geometry: string): string {
  const sides = ['XMin', 'XMax', 'YMin', 'YMax'].map((side) => `ST_${side}(${geometry})`)
  return `coalesce(isfinite(${sides.join(' + ')}), true)`
}
