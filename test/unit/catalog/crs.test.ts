import { expect, test } from 'vitest'
import { crsOfProjjson, crsOfText } from '../../../src/geometry/read-crs.ts'

test.each([
  ['', null],
  ['EPSG:3857', { code: 'EPSG:3857', name: 'EPSG:3857', isLonLat: false }],
  ['OGC:CRS84', { code: 'OGC:CRS84', name: 'WGS 84 (CRS84)', isLonLat: true }],
  ['epsg:4326', { code: 'EPSG:4326', name: 'WGS 84', isLonLat: true }],
  [
    'GEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]],ID["EPSG",4326]]',
    { code: 'EPSG:4326', name: 'WGS 84', isLonLat: true },
  ],
  ['PROJCRS["our own",BASEGEOGCRS["x",ID["EPSG",4258]],CS[Cartesian,2]]', { code: null, name: 'our own', isLonLat: false }],
  ['{"type":"ProjectedCRS","name":"our own"}', { code: null, name: 'our own', isLonLat: false }],
  ['{broken', null],
])('the engine’s text %s is read as %o', (text, crs) => {
  expect(crsOfText(text)).toEqual(crs)
})

test('PROJJSON that is none gives no CRS', () => {
  for (const value of [null, undefined, 7, 'EPSG:4326', []]) expect(crsOfProjjson(value)).toBeNull()
})
