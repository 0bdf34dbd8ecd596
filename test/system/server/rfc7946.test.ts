/** GeoJSON as it leaves, by a checker of another make (check-geojson) and by shapely: pages, batches and downloads. */
import { join } from 'node:path'
import { getIssues } from '@placemarkio/check-geojson'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { post } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'

/** Fixtures, and what each is for. */
const LAYERS: Readonly<Record<string, string>> = {
  countries: 'polygons and multipolygons, some across the antimeridian',
  mixed: 'each type, nulls, empties',
  z: 'heights',
  attributes: 'properties of each type',
  'native-multipolygon': "GeoParquet's own encoding",
  'nothing-but-empty': 'no coordinates',
  projected: 'metres',
}
const ARGUMENTS = 'crs: "OGC:CRS84"'

let server: TestServer
beforeAll(async () => {
  const files = Object.keys(LAYERS).filter((name) => name !== 'countries')
  const fixtures = await Promise.all(files.map((name) => fixture(`geoparquet/${name}.parquet`)))
  server = await serve([join(ROOT, '.geoduck/demo/countries.parquet'), ...fixtures])
})
afterAll(() => server?.close())

/** Received documents as text: parsing would lose a repeated member. */
type Read = (layer: string) => Promise<string[]>

const between = (text: string, before: string, after: string) => text.slice(text.indexOf(before) + before.length, -after.length)

const WIRES: Readonly<Record<string, Read>> = {
  async page(layer) {
    const query = `{ features(layer: "${layer}", first: 1000) { geojson(bbox: true, ${ARGUMENTS}) } }`
    const text = await (await post(server, { query })).text()
    return [between(text, '"geojson":', '}}}')]
  },
  async batch(layer) {
    const query = `subscription { featureBatches(layer: "${layer}", batchSize: 50) { geojson(precision: 3, ${ARGUMENTS}) } }`
    const text = await (await post(server, { query }, { accept: 'text/event-stream' })).text()
    const lines = text.split('\n').filter((line) => line.startsWith('data: {'))
    return lines.map((line) => between(line, '"geojson":', '}}}'))
  },
  async download(layer) {
    const text = await (await fetch(`${server.url}/download/${layer}.geojsonl?crs=${encodeURIComponent('"OGC:CRS84"')}`)).text()
    return text.trimEnd().split('\n')
  },
}

/** Violations of section 3.1.6, 4 or 7, by shapely and json. */
const AGAINST = `
import json, sys, shapely
from shapely.geometry import shape
def rings(g):
    if g.geom_type == 'Polygon': return [] if g.is_empty else [(g.exterior, True), *((r, False) for r in g.interiors)]
    return [x for p in g.geoms for x in rings(p)] if hasattr(g, 'geoms') else []
def against(f):
    if f['geometry'] is None: return None
    g = shape(f['geometry'])
    if any(r.is_ccw != outer for r, outer in rings(g) if shapely.Polygon(r).area > 1e-9): return 'winding'
    if any(not (-180 <= x <= 180 and -90 <= y <= 90) for x, y in shapely.get_coordinates(g)): return 'range'
found, count = [], 0
for text in json.load(sys.stdin):
    document = json.loads(text)
    if 'crs' in document or 'coordinates' in document or 'geometries' in document: found.append('member')
    for f in document.get('features', [document]):
        count += 1
        if why := against(f): found.append([f.get('id'), why])
print(json.dumps({'found': found, 'count': count}))
`

/** Section 3.1 lets readers take it for null, which is what the checker asks for. */
const EMPTY_POINT = '{"type":"Point","coordinates":[]}'

it.each(Object.entries(WIRES))('a %s follows the rules, with any content', async (_wire, read) => {
  const texts = (await Promise.all(Object.keys(LAYERS).map(read))).flat()
  const issues = texts.flatMap((text) => getIssues(text.replaceAll(EMPTY_POINT, 'null')))
  expect(issues.map(({ message }) => message)).toEqual([])
  const { found, count } = await python<{ found: unknown[]; count: number }>(AGAINST, [], JSON.stringify(texts))
  expect(found).toEqual([])
  expect(count).toBeGreaterThan(300)
})

it('what is not is noticed', async () => {
  const feature = (geometry: string) => `{"type":"Feature","geometry":${geometry},"properties":{}}`
  const clockwise = feature('{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]}')
  const elsewhere = feature('{"type":"Point","coordinates":[500000,4649776]}')
  expect(await python(AGAINST, [], JSON.stringify([clockwise, elsewhere]))).toMatchObject({
    found: [
      [null, 'winding'],
      [null, 'range'],
    ],
  })
  expect(getIssues(feature('{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[0,2]]]}'))).not.toEqual([])
})
