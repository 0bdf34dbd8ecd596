/** Writes the geometry of a GeoJSON feature as WKB. It refuses only what has no meaning: rings may be open or empty. RFC 7946, 3.1. */
import { WkbWriter } from '../../../../geometry/builder.ts'
import { GEOMETRY, type GeometryTypeName, isTypeName, typeOf } from '../../../../geometry/geometry-type.ts'
import type { Json, JsonObject } from './json-parser.ts'

const DEEPEST = 16

/** The problem of features for which `hasMore` is true. */
export const moreNumbers = (count: number): string =>
  `the positions of ${count} of its features have more than three numbers, of which the first three are served`

export class GeoJsonWriter {
  /** True if a position had more than three numbers, of which the others are not served. */
  hasMore = false
  readonly #out = new WkbWriter()
  #hasZ = false

  /** Null for no geometry. @throws Error with the reason why the value is no geometry */
  wkb(value: Json | undefined): Uint8Array | null {
    if (value === null || value === undefined) return null
    this.hasMore = false
    this.#hasZ = hasHeight(value, 0)
    this.#out.length = 0
    this.#geometry(value, 0)
    return this.#out.bytes()
  }

  #geometry(value: Json, depth: number): void {
    if (!(value instanceof Map)) throw new Error('it is no object')
    if (depth > DEEPEST) throw new Error(`it is nested deeper than ${DEEPEST}`)
    const members = value as JsonObject
    const type = members.get('type')
    if (!isTypeName(type)) throw new Error(`its type is ${JSON.stringify(String(type)).slice(0, 40)}, which is none of GeoJSON`)
    if (type === 'GeometryCollection') {
      const geometries = listOf(members.get('geometries'), '`geometries`')
      this.#header(GEOMETRY.COLLECTION)
      this.#count(geometries.length)
      for (const member of geometries) this.#geometry(member, depth + 1)
    } else this.#coordinates(type, listOf(members.get('coordinates'), '`coordinates`'))
  }

  #coordinates(type: GeometryTypeName, list: readonly Json[]): void {
    const { code, member } = typeOf(type)
    this.#header(code)
    if (type === 'Point') {
      if (list.length === 0) this.#ordinates(Number.NaN, Number.NaN, Number.NaN)
      else this.#position(list)
      return
    }
    this.#count(list.length)
    for (const item of list) {
      const inner = listOf(item, 'an item of `coordinates`')
      if (member) this.#coordinates(member, inner)
      else if (type === 'LineString') this.#position(inner)
      else {
        this.#count(inner.length)
        for (const position of inner) this.#position(listOf(position, 'a position'))
      }
    }
  }

  #header(code: number): void {
    this.#out.header(this.#hasZ ? code + 1000 : code)
  }

  #count(count: number): void {
    this.#out.closeCount(this.#out.openCount(), count)
  }

  /** A height that is missing beside others is 0, as in every other reader. */
  #position(position: readonly Json[]): void {
    const [x, y, z = 0] = position
    if (typeof x !== 'number' || typeof y !== 'number' || typeof z !== 'number' || !Number.isFinite(x + y + z))
      throw new Error('a position is a list of two or three finite numbers')
    this.hasMore ||= position.length > 3
    this.#ordinates(x, y, z)
  }

  #ordinates(x: number, y: number, z: number): void {
    this.#out.position(x, y)
    if (this.#hasZ) this.#out.ordinate(z)
  }
}

function listOf(value: Json | undefined, what: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[]
  throw new Error(`${what} is no list`)
}

/** True if a position has three numbers. */
function hasHeight(value: Json, depth: number): boolean {
  if (depth > 2 * DEEPEST + 4) return false
  if (value instanceof Map) return hasHeight(value.get('coordinates') ?? value.get('geometries') ?? null, depth + 1)
  if (!Array.isArray(value)) return false
  if (typeof value[0] === 'number') return value.length > 2
  return value.some((item) => hasHeight(item as Json, depth + 1))
}
