/** Reads GeoJSON geometry objects (RFC 7946, 3.1) from JavaScript values. */

import { show } from '../model/show.ts'
import type { GeometryBuilder } from './builder.ts'
import { type GeometryTypeName, isTypeName, TYPE_NAMES, typeOf } from './geometry-type.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Foreign members are ignored, except `crs`, because the geometry is in the layer's CRS. The builder limits the recursion. */
export function readGeoJson(value: unknown, to: GeometryBuilder): void {
  const object = asObject(value, to)
  const type = asType(object['type'], to)
  if (object['crs'] !== undefined && object['crs'] !== null) {
    throw to.wrong(
      'a `crs` member is not taken: RFC 7946 has none; say `crs` beside `geojson`, or leave both out for the layer’s CRS',
    )
  }
  to.begin(type)
  if (type === 'GeometryCollection') {
    for (const member of asList(object['geometries'], '`geometries` is a list of geometries', to)) readGeoJson(member, to)
  } else {
    readCoordinates(type, object['coordinates'], to)
  }
  to.end()
}

/** Reads the content of a geometry whose type is known. */
function readCoordinates(type: GeometryTypeName, value: unknown, to: GeometryBuilder): void {
  const coordinates = asList(value, `\`coordinates\` of a ${type} are a list`, to)
  const memberType = typeOf(type).member
  if (type === 'Point') {
    if (coordinates.length > 0) readPosition(coordinates, to)
  } else if (type === 'LineString') {
    readPositions(coordinates, to)
  } else if (type === 'Polygon') {
    for (const ring of coordinates) {
      to.beginRing()
      readPositions(asList(ring, 'a ring is a list of positions', to), to)
      to.end()
    }
  } else if (memberType) {
    for (const member of coordinates) {
      to.begin(memberType)
      readCoordinates(memberType, member, to)
      to.end()
    }
  }
}

function readPositions(positions: readonly unknown[], to: GeometryBuilder): void {
  for (const position of positions) readPosition(asList(position, 'a position is a list of numbers', to), to)
}

function readPosition(position: readonly unknown[], to: GeometryBuilder): void {
  if (position.length < 2 || position.length > 4) throw to.wrong('a position has two to four numbers')
  if (!position.every((ordinate) => typeof ordinate === 'number' && Number.isFinite(ordinate))) {
    throw to.wrong('coordinates are finite numbers')
  }
  if (position.length > 2) to.isWhole = false
  to.position(position[0] as number, position[1] as number)
}

function asObject(value: unknown, to: GeometryBuilder): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw to.wrong(`takes a GeoJSON geometry object, not ${show(value)}`)
}

function asType(type: unknown, to: GeometryBuilder): GeometryTypeName {
  if (isTypeName(type)) return type
  if (type === 'Feature') throw to.wrong('takes a geometry, not a Feature: pass its `geometry` member')
  if (type === 'FeatureCollection')
    throw to.wrong('takes a geometry, not a FeatureCollection: pass the `geometry` of one feature')
  throw to.wrong(`\`type\` is one of ${TYPE_NAMES.join(', ')}, not ${show(type)}`)
}

function asList(value: unknown, what: string, to: GeometryBuilder): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw to.wrong(`${what}, not ${show(value)}`)
}
