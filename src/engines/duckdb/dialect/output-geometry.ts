/** The geometry as it leaves: in the CRS that was asked for, simplified. */

import { sameCrs } from '../../../model/crs.ts'
import type { Crs, Layer } from '../../../model/layer.ts'
import type { Representation } from '../../../model/query.ts'
import { isBounded, layerCrsCode, transformed } from './crs.ts'
import { geometryAsWkb, withGeometry } from './geometry-column.ts'
import type { Parameters } from './parameters.ts'

/**
 * WKB; as it is stored where nothing else was asked for. NULL where the geometry has no place in the CRS, or where it cannot be read. One
 * that GEOS cannot simplify stays as it is. 1 us a vertex for most projections.
 */
export function outputGeometry(layer: Layer, { crs, simplify }: Representation, parameters: Parameters): string {
  const target = targetCode(layer, crs)
  if (target === null && simplify === null) return geometryAsWkb(layer)
  return withGeometry(layer, (value) => {
    const placed = target === null ? value : placedIn(target, value, layer, parameters)
    return `ST_AsWKB(${simplify === null ? placed : each(placed, simplified('s', simplify, parameters), 's')})`
  })
}

function placedIn(target: string, value: string, layer: Layer, parameters: Parameters): string {
  const from = layerCrsCode(layer)
  // For a result without rows, too.
  parameters.proofs.push(transformed('ST_Point(0, 0)', from, target, parameters))
  return each(transformed(value, from, target, parameters), `CASE WHEN ${isBounded('h')} THEN h END`, 'h')
}

/** The CRS of the coordinates that leave; null: not known. */
export function outputCrs(layer: Layer, { crs }: Representation): Crs | null {
  return crs ?? layer.crs
}

/** Null: there is nothing to transform. */
function targetCode(layer: Layer, crs: Crs | null): string | null {
  if (!crs || (layer.crs && sameCrs(crs, layer.crs))) return null
  return crs.code
}

/** Rings stay rings: what is smaller than the tolerance keeps its fewest vertices, where ST_Simplify would leave nothing. */
function simplified(geometry: string, tolerance: number, parameters: Parameters): string {
  const simple = `TRY(ST_SimplifyPreserveTopology(${geometry}, ${parameters.double(tolerance)}))`
  // GEOS makes a polygon of a MultiPolygon of one.
  const isMulti = `starts_with(CAST(ST_GeometryType(${geometry}) AS VARCHAR), 'MULTI')`
  return `coalesce(CASE WHEN ${isMulti} THEN ST_Multi(${simple}) ELSE ${simple} END, ${geometry})`
}

/** `of`, in which the value has a name. A TRY inside fails for one row, where elsewhere it may for a vector. */
function each(value: string, of: string, name: string): string {
  return `list_transform([${value}], lambda ${name}: ${of})[1]`
}
