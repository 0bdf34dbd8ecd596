/** The parts of packages without types that the demo uses. */
declare module 'topojson-client' {
  export interface Polygonal {
    readonly type: 'Polygon' | 'MultiPolygon'
    readonly coordinates: unknown
  }
  export interface Feature {
    readonly id?: string | number
    readonly properties: { readonly name: string }
    readonly geometry: Polygonal
  }
  export function feature(topology: unknown, object: unknown): { readonly features: Feature[] }
  export function mesh(topology: unknown, object: unknown, filter: (one: unknown, other: unknown) => boolean): unknown
}

declare module 'd3-geo' {
  export interface Projection {
    scale(scale: number): this
    translate(offset: readonly [x: number, y: number]): this
    precision(pixels: number): this
    reflectY(reflect: boolean): this
  }
  export function geoEquirectangular(): Projection
}

declare module 'd3-geo-projection' {
  import type { Projection } from 'd3-geo'

  export function geoProject<Geometry>(object: Geometry, projection: Projection): Geometry
}
