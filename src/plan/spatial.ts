/** Filters that compare a feature's geometry with one of the client's. Distances are in `within/`. */
import type { Layer } from '../catalog/layer.ts'
import { argumentOf } from './argument.ts'
import type { Condition } from './condition.ts'
import { boxGeometry, readBox } from './geometry/box.ts'
import { type GeometryArgument, readGeometry } from './geometry/read-geometry.ts'
import { geometryValue, guarded } from './geometry-column.ts'
import type { Parameters } from './parameters.ts'
import { meetsBox } from './pruning.ts'
import type { FeatureFilter } from './query.ts'
import { geometryColumnOf } from './quote.ts'

interface Predicate {
  readonly sql: string
  /** Where it holds the boxes meet. */
  readonly prunes: boolean
  /** What it is to an argument that is empty. */
  readonly ofEmpty: boolean
}

const relation = (sql: string): Predicate => ({ sql, prunes: true, ofEmpty: false })

/** OGC Simple Features 1.2.1, 6.1.15, the feature's geometry first: a point on the border is not within, but touches. */
const PREDICATES = {
  intersects: relation('ST_Intersects'),
  within: relation('ST_Within'),
  contains: relation('ST_Contains'),
  touches: relation('ST_Touches'),
  crosses: relation('ST_Crosses'),
  overlaps: relation('ST_Overlaps'),
  equals: relation('ST_Equals'),
  disjoint: { sql: 'ST_Disjoint', prunes: false, ofEmpty: true },
} as const satisfies Readonly<Record<string, Predicate>>

type Relation = keyof typeof PREDICATES
const RELATIONS = Object.keys(PREDICATES) as Relation[]

export function compileBox(bbox: unknown, layer: Layer, parameters: Parameters): Condition {
  const box = readBox(bbox, layer.crs?.isLonLat === true, 'bbox')
  return test(PREDICATES.intersects, { ...boxGeometry(box, 'bbox'), crs: null, name: 'bbox' }, layer, parameters)
}

/** Of every member that is set. */
export function compileRelations(filter: FeatureFilter, layer: Layer, parameters: Parameters): Condition[] {
  return RELATIONS.flatMap((name) => {
    const input = filter[name]
    return input ? [test(PREDICATES[name], readGeometry(input, layer, name, parameters.mostVertices), layer, parameters)] : []
  })
}

/**
 * NULL where a feature has no geometry, or one that the predicate fails on (a ring that is not closed): it neither holds nor
 * fails to.
 */
function test(predicate: Predicate, geometry: GeometryArgument, layer: Layer, parameters: Parameters): Condition {
  if (geometry.bbox === null) return whereGeometry(layer, predicate.ofEmpty)
  const { sql, box } = argumentOf(geometry, layer, parameters)
  const necessary = predicate.prunes ? meetsBox(layer, box, parameters) : null
  // TRY also hides the predicate from the optimiser's search for an index, see `meetsBox`.
  const exact = guarded(layer, `TRY(${predicate.sql}(${geometryValue(layer)}, ${sql}))`)
  // A CRS that PROJ does not know fails at once, not in the TRY of each row.
  return { exact: geometry.crs === null ? exact : `CASE WHEN ${sql} IS NOT NULL THEN ${exact} END`, necessary }
}

/** The same for every feature that has a geometry. */
export function whereGeometry(layer: Layer, holds: boolean): Condition {
  return { exact: `CASE WHEN ${geometryColumnOf(layer)} IS NOT NULL THEN ${holds} END`, necessary: null }
}
