/** Spliced results are results like any other. */
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, type PageInfo, post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

interface Feature {
  readonly key: string
  readonly geometry: { readonly type: string; readonly coordinates: number[] }
  readonly properties: Record<string, unknown>
}

const QUERY = `query ($first: Int, $wkt: Boolean = false) {
  __typename
  page: features(layer: "places", first: $first) {
    __typename
    count
    ...encodings
    again: features { ...named key }
    features { __typename }
    pageInfo { hasNextPage }
    text: geojson(precision: 1)
  }
  other: features(layer: "places", first: 1, orderBy: [{ property: "name", direction: DESC }]) { features { p: properties(only: ["name"]) } }
  missing: feature(layer: "places", id: "no such id") { id }
  one: feature(layer: "places", id: "7") { __typename ident: id geometry @skip(if: $wkt) wkt: geometry(as: WKT) @include(if: $wkt) properties(only: ["name"]) }
}
fragment encodings on FeatureConnection { features { id key geometry } geojson arrow }
fragment named on Feature { properties }`

interface Page {
  readonly features: readonly (Feature & { __typename: string })[]
  readonly again: readonly Feature[]
  readonly geojson: { readonly type: string; readonly features: readonly (Feature & { readonly id: string })[] }
  readonly text: { readonly features: readonly Feature[] }
  readonly arrow: string
}

describe('a result with encodings in it', () => {
  it('has its fields in document order under their aliases, with any spliced value', async () => {
    const text = await (await post(server, { query: QUERY, variables: { first: 3 } })).text()
    const { data } = JSON.parse(text) as { data: Record<string, Record<string, unknown>> }
    // Only the values differ from what JSON.stringify prints.
    expect(text).toBe(JSON.stringify(JSON.parse(text)))
    expect(Object.keys(data)).toEqual(['__typename', 'page', 'other', 'missing', 'one'])
    expect(Object.keys(data['page']!)).toEqual([
      '__typename',
      'count',
      'features',
      'geojson',
      'arrow',
      'again',
      'pageInfo',
      'text',
    ])
    expect(data['missing']).toBeNull()
    expect(Object.keys(data['one']!)).toEqual(['__typename', 'ident', 'geometry', 'properties'])
    const [first] = (data['page'] as unknown as Page).features
    expect(Object.keys(first!)).toEqual(['id', 'key', 'geometry', '__typename'])
  })

  it('has the same features in each encoding', async () => {
    const { data } = await ask<{ page: Page }>(server, QUERY, { first: 200 })
    const { features, again, geojson, text, arrow } = data!.page
    expect(features).toHaveLength(200)
    expect(features.map(({ key }) => key)).toEqual(again.map(({ key }) => key))
    expect(geojson.type).toBe('FeatureCollection')
    expect(geojson.features.map(({ id }) => id)).toEqual(again.map(({ key }) => key))
    expect(geojson.features.map(({ geometry }) => geometry)).toEqual(features.map(({ geometry }) => geometry))
    expect(geojson.features.map(({ properties }) => properties)).toEqual(again.map(({ properties }) => properties))
    for (const [i, { geometry }] of text.features.entries()) {
      for (const axis of [0, 1])
        expect(geometry.coordinates[axis]).toBeCloseTo(geojson.features[i]!.geometry.coordinates[axis]!, 0.9)
    }
    const names = [...tableFromIPC(Buffer.from(arrow, 'base64')).getChild('name')!]
    expect(names).toEqual(again.map(({ properties }) => properties['name']))
  })

  it('goes with errors in other fields', async () => {
    const { data, errors } = await ask(
      server,
      '{ feature(layer: "places", id: "3") { key } layer(name: "x") { name } one: feature(layer: "nowhere", id: "1") { id } }',
    )
    expect(data).toEqual({ feature: { key: '3' }, layer: null, one: null })
    expect(errors).toMatchObject([{ path: ['one'], extensions: { code: 'LAYER_NOT_FOUND' } }])
  })

  it('is null as a whole where another page fails, since pages are not nullable', async () => {
    const { data, errors } = await ask(
      server,
      '{ a: features(layer: "places", first: 5) { features { id } geojson } b: features(layer: "nowhere") { count } }',
    )
    expect(data).toBeNull()
    expect(errors).toHaveLength(1)
  })

  it('belongs to the named operation of a document', async () => {
    const document =
      'query a { features(layer: "places", first: 1) { a: features { id } } } query b { features(layer: "places", first: 2) { b: features { id } } }'
    expect(Object.keys((await ask<{ features: object }>(server, document, {}, 'b')).data!.features)).toEqual(['b'])
  })

  it('is the same over a WebSocket', async () => {
    const expected = await ask(server, QUERY, { first: 20, wkt: true })
    const socket = await RawSocket.open(server.socketUrl)
    socket.subscribe('1', QUERY, { first: 20, wkt: true })
    const [next] = await socket.ended('1')
    expect(next).toEqual({ id: '1', type: 'next', payload: expected })
    socket.close()
  })

  it('is untouched by text of a client that looks like what is spliced', async () => {
    const socket = await RawSocket.open(server.socketUrl)
    const id = 'payload-00000000-0000-0000-0000-000000000000'
    socket.subscribe(id, '{ features(layer: "places", first: 1) { count geojson } }')
    const [next, complete] = await socket.ended(id)
    expect(next).toMatchObject({ id, payload: { data: { features: { count: 1 } } } })
    expect(complete!.type).toBe('complete')
    socket.close()
  })
})

describe('pages', () => {
  it('follow each other by their cursors until there is no more', async () => {
    const query =
      'query ($after: Cursor) { features(layer: "places", first: 1000, after: $after) { count pageInfo { hasNextPage endCursor } features { key } } }'
    const ids: string[] = []
    let after: string | null = null
    for (let more = true; more; ) {
      const answer: Answer<{ features: { pageInfo: PageInfo; features: Feature[] } }> = await ask(server, query, { after })
      const page = answer.data!.features
      ids.push(...page.features.map(({ key }) => key))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    expect(new Set(ids).size).toBe(7_343)
    expect(ids).toHaveLength(7_343)
  })

  it('count what matches only when that is asked', async () => {
    const where = '{ bbox: [5, 47, 15, 55] }'
    const { data } = await ask<{ features: { count: number } }>(
      server,
      `{ features(layer: "places", first: 10, where: ${where}) { count totalCount pageInfo { hasNextPage } } }`,
    )
    const all = await ask<{ features: { count: number } }>(
      server,
      `{ features(layer: "places", first: 10000, where: ${where}) { count } }`,
    )
    expect(data!.features).toEqual({
      count: 10,
      totalCount: String(all.data!.features.count),
      pageInfo: { hasNextPage: true },
    })
  })

  it('that are empty are whole documents', async () => {
    const { data } = await ask(
      server,
      '{ features(layer: "places", where: { bbox: [0, -89, 1, -88] }) { count pageInfo { hasNextPage endCursor startCursor } features { id } edges { cursor } geojson arrow } }',
    )
    expect(data).toMatchObject({
      features: {
        count: 0,
        pageInfo: { hasNextPage: false, endCursor: null, startCursor: null },
        features: [],
        edges: [],
        geojson: { type: 'FeatureCollection', features: [] },
      },
    })
  })
})
