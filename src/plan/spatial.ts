/** bbox, intersects and within. */
import type { Layer } from '../catalog/layer.ts'
import type { Condition } from './condition.ts'
import { boxGeometry, readBox } from './geometry/box.ts'
import { type ClientGeometry, GeometryBuilder } from './geometry/builder.ts'
import { readGeometry } from './geometry/read-geometry.ts'
import { readWkb } from './geometry/wkb-reader.ts'
import { geometryValue, guarded } from './geometry-column.ts'
import type { Parameters } from './parameters.ts'
import { meetsBox } from './pruning.ts'
import type { GeometryInput } from './query.ts'
import { geometryColumnOf } from './quote.ts'

export function compileBox(bbox: unknown, layer: Layer, parameters: Parameters): Condition {
  return test('ST_Intersects', boxGeometry(readBox(bbox, layer, 'bbox'), 'bbox'), layer, parameters)
}

export function compileIntersects(input: GeometryInput, layer: Layer, parameters: Parameters): Condition {
  return test('ST_Intersects', readGeometry(input, layer, 'intersects'), layer, parameters)
}

/** OGC within: the interiors meet, and nothing lies outside. A point on the border is not within. */
export function compileWithin(input: GeometryInput, layer: Layer, parameters: Parameters): Condition {
  return test('ST_Within', readGeometry(input, layer, 'within'), layer, parameters)
}

/**
 * NULL where a feature has no geometry, or one that the predicate fails on (a ring that is not closed): it neither holds nor
 * fails to. The argument has no CRS, which agrees with columns of every CRS; another CRS than the column's would be refused by
 * the engine.
 */
function test(predicate: string, geometry: ClientGeometry, layer: Layer, parameters: Parameters): Condition {
  if (geometry.bbox === null) return { exact: `CASE WHEN ${geometryColumnOf(layer)} IS NOT NULL THEN false END`, necessary: null }
  // Nothing reaches the engine's own reader that the strict one has not been through: 1 ms for the largest.
  readWkb(geometry.wkb, new GeometryBuilder('where', false))
  const necessary = meetsBox(layer, geometry.bbox, parameters)
  // As hexadecimal text: node-api binds no bytes without being told the type. The engine decodes it once a statement.
  const argument = `ST_GeomFromWKB(unhex(${parameters.text(Buffer.from(geometry.wkb).toString('hex'))}))`
  // TRY also hides the predicate from the optimiser's search for an index, see `meetsBox`.
  return { exact: guarded(layer, `TRY(${predicate}(${geometryValue(layer)}, ${argument}))`), necessary }
}
