/** Coordinates and arguments in other CRSs, and the contract's other filters, from the document to the bytes. */
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES, await fixture('geoparquet/projected.parquet')])
})
afterAll(() => server.close())

interface Page {
  readonly pageInfo: { readonly endCursor: string }
  readonly features: readonly {
    readonly id: string
    readonly geometry: { readonly coordinates: [number, number] }
    readonly bbox: number[]
  }[]
}

const PAGE =
  'query ($crs: String, $after: Cursor) { features(layer: "places", first: 5, after: $after) { pageInfo { endCursor } features { id geometry(crs: $crs) bbox(crs: $crs) } } }'

async function page(crs: string | null, after: string | null = null): Promise<Page> {
  const { data, errors } = await ask<{ features: Page }>(server, PAGE, { crs, after })
  expect(errors).toBeUndefined()
  return data!.features
}

describe('crs', () => {
  it('is that of the geometry, the box and Arrow, on pages, single features and streams', async () => {
    const [plain, mercator] = [await page(null), await page('EPSG:3857')]
    for (const [n, { id, geometry, bbox }] of mercator.features.entries()) {
      const [x, y] = plain.features[n]!.geometry.coordinates
      const [wantedX, wantedY] = [x * 111_319.490793, Math.log(Math.tan(((90 + y) * Math.PI) / 360)) * 6_378_137]
      expect(geometry.coordinates[0]).toBeCloseTo(wantedX, -0.5)
      expect(geometry.coordinates[1]).toBeCloseTo(wantedY, -0.5)
      expect(bbox[0]).toBeCloseTo(geometry.coordinates[0], 5)
      const one = await ask<{ feature: unknown }>(
        server,
        `{ feature(layer: "places", id: "${id}") { id geometry(crs: "EPSG:3857", simplify: 1) bbox(crs: "EPSG:3857") } }`,
      )
      expect(one.data!.feature).toEqual({ id, geometry, bbox })
    }
    const { data } = await ask<{ features: { arrow: string } }>(
      server,
      '{ features(layer: "places", first: 1) { arrow(crs: "EPSG:3857") } }',
    )
    const { fields } = tableFromIPC(Buffer.from(data!.features.arrow, 'base64')).schema
    expect(fields.at(-1)!.metadata.get('ARROW:extension:metadata')).toContain('EPSG:3857')
    const socket = await RawSocket.open(server.socketUrl)
    socket.subscribe(
      '1',
      'subscription { featureBatches(layer: "places", limit: 5) { features { id geometry(crs: "EPSG:3857") bbox(crs: "EPSG:3857") } } }',
    )
    const [next] = await socket.ended('1')
    expect(next).toMatchObject({ payload: { data: { featureBatches: { features: mercator.features } } } })
    socket.close()
  })

  it('may change from page to page: a cursor does not depend on it', async () => {
    const first = await page('EPSG:3857')
    expect((await page(null)).pageInfo).toEqual(first.pageInfo)
    expect((await page('EPSG:3035', first.pageInfo.endCursor)).features.map(({ id }) => id)).toEqual(
      (await page(null, first.pageInfo.endCursor)).features.map(({ id }) => id),
    )
  })

  it.each([
    ['', 'geometry(crs: "EPSG:999999")', '`crs`, or an SRID: no transformation between the CRS of places and that one is known.'],
    ['where: { property: { name: "name", eq: "nowhere" } }', 'bbox(crs: "EPSG:999999")', 'no transformation between'],
    ['', 'geometry(crs: "3857")', '`crs` takes AUTHORITY:CODE, e.g. "EPSG:3857", not "3857".'],
    ['where: { intersects: { bbox: [1, 2, 3, 4], crs: "EPSG:999999" } }', 'id', 'no transformation between'],
    [
      'where: { not: { within: { bbox: [1e5, 5e6, 9e5, 6e6], crs: "EPSG:32601" } } }',
      'id',
      '`within.bbox` crosses the antimeridian or a pole',
    ],
    ['where: { dWithin: { geometry: { wkt: "POINT(1 2)" }, distance: 6e6 } }', 'id', 'at most 5,000,000 m from points'],
    ['where: { property: { name: "nam", like: "x" } }', 'id', 'near: "name"'],
    ['', 'geometry(simplify: -1)', '`simplify` takes a finite number from 0 on, not -1.'],
  ])('and arguments that cannot be are BAD_INPUT with what to do: %s %s', async (args, field, message) => {
    const { errors } = await ask(server, `{ features(layer: "places", first: 1, ${args}) { features { ${field} } } }`)
    expect(errors).toHaveLength(1)
    expect(errors![0]!.extensions['code']).toBe('BAD_INPUT')
    expect(errors![0]!.message).toContain(message)
  })

  it('other than longitude and latitude is refused for geojson, with the way out', async () => {
    const refused = await ask(server, '{ features(layer: "places") { geojson(crs: "EPSG:3857") } }')
    expect(refused.errors![0]!.message).toContain('`crs` asks for EPSG:3857: leave `crs` out or say "OGC:CRS84"')
    const { data } = await ask(server, '{ features(layer: "places", first: 1) { geojson(crs: "EPSG:4326", bbox: true) } }')
    expect(data).toMatchObject({
      features: { geojson: { type: 'FeatureCollection', bbox: [1, 2, 3, 4].map(() => expect.any(Number)) } },
    })
  })

  it('brings a layer that is not in longitude and latitude to geojson', async () => {
    const { data: layers } = await ask<{ layers: { name: string; crs: { code: string } }[] }>(
      server,
      '{ layers { name crs { code } } }',
    )
    const { name, crs } = layers!.layers.find((layer) => layer.name !== 'places')!
    const plain = await ask(server, `{ features(layer: "${name}") { geojson } }`)
    expect(plain.errors![0]!.message).toContain(`is in ${crs.code}: ask for \`crs: "OGC:CRS84"\``)
    const { data } = await ask<{ features: { geojson: { bbox: [number, number, number, number] } } }>(
      server,
      `{ features(layer: "${name}") { geojson(crs: "OGC:CRS84", bbox: true) } }`,
    )
    const [west, south, east, north] = data!.features.geojson.bbox
    for (const degrees of [west, east]) expect(Math.abs(degrees)).toBeLessThanOrEqual(180)
    for (const degrees of [south, north]) expect(Math.abs(degrees)).toBeLessThanOrEqual(90)
  })
})

it('metres find what is near, across the antimeridian too', async () => {
  const { data } = await ask<{ features: { features: { properties: { name: string } }[] } }>(
    server,
    '{ features(layer: "places", where: { dWithin: { geometry: { wkt: "POINT(-179.9 -17)" }, distance: 200000 } }) { features { properties(only: ["name"]) } } }',
  )
  const { data: all } = await ask<{
    features: { features: { geometry: { coordinates: [number, number] }; properties: { name: string } }[] }
  }>(server, '{ features(layer: "places", first: 10000) { features { geometry properties(only: ["name"]) } } }')
  const near = all!.features.features.filter(
    ({
      geometry: {
        coordinates: [x, y],
      },
    }) => haversine(x, y, -179.9, -17) < 200_000,
  )
  expect(data!.features.features.map(({ properties }) => properties.name)).toEqual(near.map(({ properties }) => properties.name))
  expect(near.some(({ geometry }) => geometry.coordinates[0] > 0)).toBe(true)
})

function haversine(x1: number, y1: number, x2: number, y2: number): number {
  const rad = Math.PI / 180
  const a = Math.sin(((y2 - y1) * rad) / 2) ** 2 + Math.cos(y1 * rad) * Math.cos(y2 * rad) * Math.sin(((x2 - x1) * rad) / 2) ** 2
  return 2 * 6_371_000 * Math.asin(Math.sqrt(a))
}
