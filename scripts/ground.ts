/**
 * `npm run ground`: writes the land and the borders below the map of the page, from Natural Earth (package world-atlas, 1:50 million). They are in the
 * repository and in the package, so that the page loads nothing from another host.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { geoEquirectangular } from 'd3-geo'
import { geoProject } from 'd3-geo-projection'
import { feature, mesh } from 'topojson-client'

const FILE = new URL('../src/web/ground.json', import.meta.url)
const DEGREES_PER_RADIAN = 180 / Math.PI
/** A hundredth of a degree is finer than the atlas is exact. */
const DIGITS = 2

/** The text of the file: two features of GeoJSON, the land and the borders. */
export async function ground(): Promise<string> {
  const file = createRequire(import.meta.url).resolve('world-atlas/countries-50m.json')
  const atlas = JSON.parse(await readFile(file, 'utf8'))
  // The atlas is cut for a globe. A projection that changes no coordinate cuts it at the antimeridian.
  const plane = geoEquirectangular().scale(DEGREES_PER_RADIAN).translate([0, 0]).precision(0).reflectY(true)
  const shape = feature(atlas, atlas.objects.land).features[0]?.geometry
  const borders = mesh(atlas, atlas.objects.countries, (one, other) => one !== other)
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(DIGITS)) : value)
  const features = [shape, borders].map((geometry) => ({
    type: 'Feature',
    properties: {},
    geometry: geoProject(geometry, plane),
  }))
  return `${JSON.stringify({ type: 'FeatureCollection', features }, round)}\n`
}

if (process.argv[1] === import.meta.filename) await writeFile(FILE, await ground())
