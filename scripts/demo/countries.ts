/** The countries of Natural Earth (package world-atlas, 1:50 million), made fit for a flat map. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { geoEquirectangular } from 'd3-geo'
import { geoProject } from 'd3-geo-projection'
import { feature, type Polygonal } from 'topojson-client'

export interface Country {
  readonly name: string
  /** ISO 3166-1 numeric; null for what has none. */
  readonly iso: string | null
  /** Degrees, longitude first. Some are not valid yet: a cut leaves rings that touch themselves. */
  readonly geometry: Polygonal
}

const DEGREES_PER_RADIAN = 180 / Math.PI

/** In the atlas' order. The atlas is cut for a globe: its rings run through the antimeridian and around the poles. */
export async function readCountries(): Promise<Country[]> {
  const file = createRequire(import.meta.url).resolve('world-atlas/countries-50m.json')
  const atlas = JSON.parse(await readFile(file, 'utf8'))
  // An equirectangular projection to degrees changes no coordinate; projecting is what cuts at the antimeridian.
  const plane = geoEquirectangular().scale(DEGREES_PER_RADIAN).translate([0, 0]).precision(0).reflectY(true)
  return feature(atlas, atlas.objects.countries).features.map(({ id, properties, geometry }) => ({
    name: properties.name,
    iso: id === undefined ? null : String(id),
    geometry: geoProject(geometry, plane),
  }))
}
