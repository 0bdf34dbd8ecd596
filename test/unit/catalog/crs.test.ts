import { expect, test } from 'vitest'
import { CRS84, crsOfParquet, crsOfProjjson, crsOfText } from '../../../src/geometry/read-crs.ts'

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
  ['{broken', { code: null, name: '{broken', isLonLat: false }],
  ['nonsense', { code: null, name: 'nonsense', isLonLat: false }],
  [
    'PROJCS["RGF93",GEOGCS["x",AUTHORITY["EPSG","4171"]],UNIT["metre",1],AUTHORITY["EPSG","2154"]]',
    { code: 'EPSG:2154', name: 'RGF93', isLonLat: false },
  ],
  [
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]',
    { code: null, name: 'GCS_WGS_1984', isLonLat: true },
  ],
  ['GEOGCS["x",DATUM["WGS_1984"],PRIMEM["Paris",2.33],UNIT["Degree",0.01745]]', { code: null, name: 'x', isLonLat: false }],
  ['GEOGCS["x",DATUM["WGS_1984"],PRIMEM["Greenwich",0],UNIT["grad",0.0157]]', { code: null, name: 'x', isLonLat: false }],
])('the text %s is read as %o', (text, crs) => {
  const { definition, ...read } = crsOfText(text) ?? {}
  expect(crs === null ? crsOfText(text) : read).toEqual(crs)
  expect(definition).toBe(/^[A-Z]+CRS\[|^[A-Z]+CS\[|"type"/.test(text) ? text : undefined)
})

test('PROJJSON that is none gives no CRS', () => {
  for (const value of [null, undefined, 7, 'EPSG:4326', []]) expect(crsOfProjjson(value)).toBeNull()
})

test.each([
  'BOUNDCRS[SOURCECRS[GEOGCRS["x"]],ABRIDGEDTRANSFORMATION["a",METHOD["NTv2"],PARAMETERFILE["Latitude and longitude difference file","/etc/passwd"]]]',
  'PROJCS["x",EXTENSION["PROJ4","+proj=utm +zone=32 +nadgrids=/etc/passwd +wktext"]]',
  '{"type":"BoundCRS","transformation":{"parameters":[{"name":"Vertical datum file","value":"/etc/passwd"}]}}',
  '{"type":"ProjectedCRS","conversion":{"method":{"name":"PROJ-based operation method: +proj=hgridshift +grids=/etc/passwd"}}}',
  `PROJCRS["${'x'.repeat(70_000)}"]`,
])('a definition by which PROJ would open a file, or that is too long, is none: %s', (text) => {
  expect(crsOfText(text)).not.toBeNull()
  expect(crsOfText(text)?.definition).toBeUndefined()
})

test.each([
  ['GeometryType(crs=<null>)', CRS84],
  ['GeographyType(crs=<null>, algorithm=<null>)', CRS84],
  ['GeometryType(crs=OGC:CRS84)', CRS84],
  ['GeometryType(crs=)', null],
  ['GeometryType(crs=srid:0)', null],
  ['GeometryType(crs=srid:4326)', { code: 'EPSG:4326', name: 'WGS 84', isLonLat: true }],
  ['GeographyType(crs=srid:4267, algorithm=VINCENTY)', { code: 'EPSG:4267', name: 'EPSG:4267', isLonLat: false }],
  ['GeometryType(crs=epsg:25832)', { code: 'EPSG:25832', name: 'EPSG:25832', isLonLat: false }],
  ['GeometryType(crs=projjson:known)', { code: null, name: 'ours', isLonLat: false, definition: '{"type":"X","name":"ours"}' }],
  ['GeometryType(crs=projjson:unknown)', { code: null, name: 'projjson:unknown', isLonLat: false }],
  [
    'GeometryType(crs={"type":"X","name":"a, b)"})',
    { code: null, name: 'a, b)', isLonLat: false, definition: '{"type":"X","name":"a, b)"}' },
  ],
])('Parquet’s %s is read as %o', (logicalType, crs) => {
  expect(crsOfParquet(logicalType, (key) => (key === 'known' ? '{"type": "X", "name": "ours"}' : undefined))).toEqual(crs)
})
