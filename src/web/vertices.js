// @ts-check
/** @import { Geometry } from 'geojson' */

/**
 * Counts the vertices of a geometry, which determine the cost to draw it.
 * @param {Geometry | null} geometry
 * @returns {number}
 */
export function vertices(geometry) {
  if (!geometry) return 0
  switch (geometry.type) {
    case 'Point':
      return 1
    case 'MultiPoint':
    case 'LineString':
      return geometry.coordinates.length
    case 'MultiLineString':
    case 'Polygon':
      return total(geometry.coordinates)
    case 'MultiPolygon':
      return geometry.coordinates.reduce((sum, rings) => sum + total(rings), 0)
    default:
      return geometry.geometries.reduce((sum, part) => sum + vertices(part), 0)
  }
}

/** @param {readonly unknown[][]} lines */
const total = (lines) => lines.reduce((sum, line) => sum + line.length, 0)
