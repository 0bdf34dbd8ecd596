/** Compiles filters that compare a feature's geometry with a geometry of the client. Distances are in `d-within.ts`. */
import type { Layer } from '../../../model/layer.ts'
import type { Geometry, SpatialRelation } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import { isBounded, layerCrsText, transformed } from './crs.ts'
import type { Condition } from './filter.ts'
import { testOf } from './geometry-column.ts'
import { meetsBox } from './pruning.ts'
import { geometryColumnOf, type Parameters } from './quote.ts'

interface Compiled {
  readonly sql: string
  /** True if the boxes intersect whenever the predicate is true. */
  readonly prunes: boolean
  /** The result for an empty argument. */
  readonly ofEmpty: boolean
}

const relation = (sql: string): Compiled => ({ sql, prunes: true, ofEmpty: false })

/** OGC Simple Features 1.2.1, 6.1.15, with the feature's geometry first: a point on the border is not within, but touches. */
const RELATIONS: Readonly<Record<SpatialRelation, Compiled>> = {
  intersects: relation('ST_Intersects'),
  within: relation('ST_Within'),
  contains: relation('ST_Contains'),
  touches: relation('ST_Touches'),
  crosses: relation('ST_Crosses'),
  overlaps: relation('ST_Overlaps'),
  equals: relation('ST_Equals'),
  disjoint: { sql: 'ST_Disjoint', prunes: false, ofEmpty: true },
}

/**
 * NULL if a feature has no geometry, or a geometry for which the predicate fails (a ring that is not closed): it is neither true nor
 * false.
 */
export function compileRelation(name: SpatialRelation, geometry: Geometry, layer: Layer, parameters: Parameters): Condition {
  const compiled = RELATIONS[name]
  if (geometry.bbox === null) return whereGeometry(layer, compiled.ofEmpty)
  const { sql, box } = argumentOf(geometry, layer, parameters)
  const necessary = compiled.prunes ? meetsBox(layer, box, parameters) : null
  // TRY also hides the predicate from the optimiser's search for an index; see `meetsBox`.
  const exact = testOf(layer, (value) => `TRY(${compiled.sql}(${value}, ${sql}))`)
  // A CRS that PROJ does not know fails at once, not in the TRY of each row.
  return { exact: geometry.crs === null ? exact : `CASE WHEN ${sql} IS NOT NULL THEN ${exact} END`, necessary }
}

/** Floats beyond every coordinate. */
const EVERYWHERE = 'ST_MakeEnvelope(-3e38, -3e38, 3e38, 3e38)'

/**
 * The exact test would read every geometry in the box, which costs more than what it leaves out. A box that has no place in the layer's CRS leaves out
 * nothing.
 */
export function compileWindow({ wkb, bbox, crs }: Geometry, layer: Layer, parameters: Parameters): Condition {
  if (bbox === null) throw new RangeError('a window has a box')
  const argument = () => {
    const source = decoded(wkb, parameters)
    if (crs === null) return source
    const placed = transformed(source, crs.code!, layerCrsText(layer), parameters)
    return `list_transform([${placed}], lambda b: CASE WHEN ${isBounded('b')} THEN b ELSE ${EVERYWHERE} END)[1]`
  }
  const necessary = meetsBox(layer, crs === null ? bbox : { around: argument() }, parameters)
  if (necessary) return { exact: 'true', necessary }
  const sql = argument()
  return { exact: testOf(layer, (value) => `TRY(ST_Intersects(${value}, ${sql}))`), necessary: null }
}

/** The same result for every feature that has a geometry. */
export function whereGeometry(layer: Layer, holds: boolean): Condition {
  return { exact: `CASE WHEN ${geometryColumnOf(layer)} IS NOT NULL THEN ${holds} END`, necessary: null }
}
