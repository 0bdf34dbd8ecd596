/** Whole results in one piece: a table, a FeatureCollection. */
import { join } from 'node:path'
import { tableToIPC } from 'apache-arrow'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ArrowBatch, streamFeatures, toGeoJSON, toTable } from '../../../src/client/client.ts'
import { ROOT } from '../../support/environment.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const COUNTRIES = join(ROOT, '.geoduck/demo/countries.parquet')

let server: TestServer
let url: string

beforeAll(async () => {
  server = await serve([PLACES, COUNTRIES])
  url = `${server.url}/graphql`
})
afterAll(() => server?.close())

const SUMMARY = `
import base64, json, sys
import geopandas, pyarrow
table = pyarrow.ipc.open_stream(base64.b64decode(sys.stdin.read())).read_all()
streamed = geopandas.GeoDataFrame.from_arrow(table)
source = geopandas.read_parquet(sys.argv[1])
print(json.dumps({
  'rows': len(streamed),
  'names': streamed['name'].tolist() == source['name'].tolist(),
  'geometry': bool(streamed.geometry.geom_equals(source.geometry).all()),
  'crs': streamed.crs == source.crs,
}))
`

it('a table of Arrow batches is what geopandas reads from the source', async () => {
  const table = await toTable(streamFeatures({ url, layer: 'countries', encoding: 'arrow', batchSize: 50 }))
  expect(table.batches.length).toBeGreaterThan(3)
  const bytes = Buffer.from(tableToIPC(table, 'stream')).toString('base64')
  expect(await python(SUMMARY, [COUNTRIES], bytes)).toEqual({ rows: table.numRows, names: true, geometry: true, crs: true })
})

it('a table holds the received bytes, for any number of batches', async () => {
  const came: ArrowBatch[] = []
  async function* kept() {
    for await (const batch of streamFeatures({ url, layer: 'places', encoding: 'arrow', batchSize: 100 })) {
      came.push(batch)
      yield batch
    }
  }
  const table = await toTable(kept())
  expect(table.numRows).toBe(7_343)
  expect(table.batches).toHaveLength(came.length)
  for (const [index, { data }] of table.batches.entries()) {
    const values = data.children.map(({ values }) => values as Uint8Array).filter((bytes) => bytes?.byteLength > 0)
    expect(values.length).toBeGreaterThan(2)
    for (const { buffer } of values) expect(buffer).toBe(came[index]!.arrow.buffer)
  }
})

it('a FeatureCollection has every feature of its batches', async () => {
  const where = { property: { name: 'name', in: ['Switzerland', 'Austria'] } }
  const collection = await toGeoJSON(streamFeatures({ url, layer: 'countries', where, batchSize: 1 }))
  expect(collection.type).toBe('FeatureCollection')
  expect(collection.features.map(({ properties }) => properties?.['name']).sort()).toEqual(['Austria', 'Switzerland'])
})

it('nothing is an empty table and an empty FeatureCollection', async () => {
  const where = { bbox: [0, -89, 1, -88] }
  expect((await toTable(streamFeatures({ url, layer: 'places', where, encoding: 'arrow' }))).numRows).toBe(0)
  expect(await toGeoJSON(streamFeatures({ url, layer: 'places', where }))).toEqual({ type: 'FeatureCollection', features: [] })
})
