/** Ids, types, connections and representations, from the document to the bytes. */
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { type Answer, ask, post } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const ROWS = 5_000
let folder: string
let server: TestServer

/** `id` is proven unique by the scan, and is the key; `twins` have the same values twice, so that their rows' numbers are. */
const SOURCES = {
  observations: `SELECT 'a:' || i AS id, 'species ' || i % 7 AS species, i AS n, ST_Point(i % 360 - 180, i % 170 - 85) AS geom FROM range(${ROWS}) r(i)`,
  'my-places': `SELECT 'x' AS name, i % 10 AS n, ST_Buffer(ST_Point(i % 360 - 180, i % 160 - 80), 0.3) AS geom FROM range(50) r(i)`,
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-contract-'))
  await inEngine(':memory:', async (connection) => {
    for (const [name, sql] of Object.entries(SOURCES))
      await connection.run(`COPY (${sql}) TO '${join(folder, `${name}.parquet`)}' (FORMAT parquet)`)
  })
  const layers = [{ name: 'observations', path: join(folder, 'observations.parquet'), key: 'id' }]
  server = await serve([folder], { layers, watch: true, pageRows: 100_000 })
  // Keys are proven by the scan.
  while ((await data<Layers>('{ layers { state } }')).layers.some(({ state }) => state !== 'READY')) await setTimeout(50)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

interface Layers {
  readonly layers: readonly { readonly state: string }[]
}

async function data<Data>(query: string, variables: object = {}): Promise<Data> {
  const answer = await ask<Data>(server, query, variables)
  expect(answer.errors).toBeUndefined()
  return answer.data!
}

const codeOf = ({ errors }: Pick<Answer, 'errors'>) => errors?.[0]?.extensions['code']

describe('a feature', () => {
  it('has an id that names its layer and key, and for row numbers the fingerprint of its file', async () => {
    const { a, b, layer } = await data<{
      a: { features: object[] }
      b: { features: object[] }
      layer: { fingerprint: string }
    }>(`{
      a: features(layer: "observations", first: 2) { features { __typename id key layer } }
      b: features(layer: "my-places", first: 2) { features { __typename id key layer } }
      layer(name: "my-places") { fingerprint }
    }`)
    const numbered = `my-places:${layer.fingerprint.slice(0, 6)}-`
    expect(a.features).toEqual([
      { __typename: 'ObservationsFeature', id: 'observations:a:0', key: 'a:0', layer: 'observations' },
      { __typename: 'ObservationsFeature', id: 'observations:a:1', key: 'a:1', layer: 'observations' },
    ])
    expect(b.features).toEqual([
      { __typename: 'MyPlacesFeature', id: `${numbered}0`, key: '0', layer: 'my-places' },
      { __typename: 'MyPlacesFeature', id: `${numbered}1`, key: '1', layer: 'my-places' },
    ])
  })

  it('is found by its id, and in its layer by its key too', async () => {
    const { features } = await data<{ features: { features: { id: string }[] } }>(
      '{ features(layer: "my-places", first: 1) { features { id } } }',
    )
    const ids = ['observations:a:17', features.features[0]!.id]
    for (const id of ids) {
      const { node } = await data<{ node: unknown }>('query ($id: ID!) { node(id: $id) { __typename id } }', { id })
      const layer = id.split(':')[0]!
      expect(node).toEqual({ __typename: layer === 'observations' ? 'ObservationsFeature' : 'MyPlacesFeature', id })
      for (const either of [id, id.replace(/^.*?:(\w{6}-)?/, '')]) {
        const found = await data('query ($layer: String!, $id: ID!) { feature(layer: $layer, id: $id) { id } }', {
          layer,
          id: either,
        })
        expect(found).toEqual({ feature: { id } })
      }
    }
  })

  it.each([
    ['of no layer', 'nowhere:1'],
    ['without a layer', '17'],
    ['of a key that is none', 'observations:17'],
    ['of a row of another file', 'my-places:000000-1'],
    ['of a row without its file', 'my-places:1'],
    ['of nothing', ''],
  ])('is null where an id is %s', async (_, id) => {
    expect(await data('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
  })

  it('of two layers in one operation is put in each where it belongs, on every wire', async () => {
    const query = `query ($yes: Boolean = true) {
      a: node(id: "observations:a:3") { ...all ... on MyPlacesFeature { no: key } }
      none: node(id: "observations:a:9999") { id }
      b: feature(layer: "my-places", id: "7") { ...all ... on ObservationsFeature { no: key } ... @skip(if: $yes) { id } }
    }
    fragment all on Node { ... on Feature { __typename layer } ... on ObservationsFeature { properties(only: ["n"]) } ...places }
    fragment places on MyPlacesFeature { of: layer }`
    const expected = {
      a: { __typename: 'ObservationsFeature', layer: 'observations', properties: { n: '3' } },
      none: null,
      b: { __typename: 'MyPlacesFeature', layer: 'my-places', of: 'my-places' },
    }
    expect(await data(query)).toEqual(expected)
    const socket = await RawSocket.open(server.socketUrl)
    socket.subscribe('1', query)
    expect((await socket.ended('1'))[0]).toMatchObject({ payload: { data: expected } })
    socket.close()
    const text = await (await post(server, { query }, { accept: 'text/event-stream' })).text()
    expect(JSON.parse(/^data: (\{.*)$/m.exec(text)![1]!)).toEqual({ data: expected })
  })
})

/** Whole at once, as a file should be replaced. */
async function put(source: string, name: string): Promise<void> {
  await copyFile(join(folder, `${source}.parquet`), join(folder, 'unfinished'))
  await rename(join(folder, 'unfinished'), join(folder, `${name}.parquet`))
}

/** Files are looked at for a fiftieth of a processor's time, which on a busy machine is not often. */

it('types come and go with their layers, on a socket that is open too; a file that is replaced has other ids', {
  timeout: 200_000,
}, async () => {
  const socket = await RawSocket.open(server.socketUrl)
  let n = 0
  const onSocket = async (query: string): Promise<Record<string, unknown> | null> => {
    const id = String(n++)
    socket.subscribe(id, query)
    const [message] = await socket.ended(id)
    return message!.type === 'next' ? (message!.payload as { data: Record<string, unknown> }).data : null
  }
  const first = '{ features(layer: "goes", first: 1) { features { id ... on GoesFeature { of: layer } } } }'
  const idOf = async () =>
    ((await onSocket(first))?.['features'] as { features: { id: string; of: string }[] } | undefined)?.features[0]
  expect(await idOf()).toBeUndefined()
  await put('my-places', 'goes')
  await expect.poll(idOf).toEqual({ id: expect.stringMatching(/^goes:[0-9a-f]{6}-0$/), of: 'goes' })
  const before = await idOf()
  await put('observations', 'goes')
  await expect.poll(async () => (await idOf())?.id).not.toBe(before!.id)
  expect(await onSocket(`{ node(id: "${before!.id}") { id } }`)).toEqual({ node: null })
  await rm(join(folder, 'goes.parquet'))
  const types = () => onSocket('{ __type(name: "Feature") { possibleTypes { name } } }')
  await expect.poll(types).toEqual({
    __type: { possibleTypes: [{ name: 'MyPlacesFeature' }, { name: 'ObservationsFeature' }] },
  })
  socket.close()
})

interface Connection {
  readonly count: number
  readonly totalCount: string
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly key: string } }[]
}

const CONNECTION = `query ($first: Int, $after: Cursor, $orderBy: [FeatureOrder!], $where: FeatureFilter) {
  features(layer: "observations", first: $first, after: $after, orderBy: $orderBy, where: $where) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount edges { cursor node { key } } count
  }
}`
const connection = async (variables: object) => (await data<{ features: Connection }>(CONNECTION, variables)).features

describe('a connection', () => {
  it.each([
    ['in its own order', {}],
    ['sorted, with ties', { orderBy: [{ property: 'species', direction: 'DESC' }] }],
    ['filtered', { where: { property: { name: 'n', gte: '4000' } } }],
  ])('%s continues after the cursor of any edge, as after its own', async (_, question) => {
    const whole = await connection({ first: 5_000, ...question })
    const keys = whole.edges.map(({ node }) => node.key)
    expect(whole).toMatchObject({ count: keys.length, totalCount: String(keys.length) })
    expect(new Set(whole.edges.map(({ cursor }) => cursor)).size).toBe(keys.length)
    for (const place of [0, 1, 499, 733, keys.length - 2]) {
      const { cursor } = whole.edges[place]!
      const page = await connection({ first: 3, after: cursor, ...question })
      expect(page.edges.map(({ node }) => node.key)).toEqual(keys.slice(place + 1, place + 4))
      expect(page.pageInfo).toEqual({
        hasNextPage: place + 4 < keys.length,
        hasPreviousPage: true,
        startCursor: whole.edges[place + 1]!.cursor,
        endCursor: page.edges.at(-1)!.cursor,
      })
    }
    expect(whole.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false, startCursor: whole.edges[0]!.cursor })
  })

  it('takes no cursor of an edge of another question', async () => {
    const { edges } = await connection({ first: 2, orderBy: [{ property: 'n' }] })
    const answer = await ask(server, CONNECTION, { first: 1, after: edges[0]!.cursor, orderBy: [{ property: 'species' }] })
    expect(codeOf(answer)).toBe('CURSOR_INVALID')
  })

  it('has edges under every requested name, with the selection of each', async () => {
    const { features } = await data<{ features: object }>(`{ features(layer: "my-places", first: 1) {
      __typename e: edges { __typename at: cursor }
      ...more
      edges { node { ... on Feature { key } ... on ObservationsFeature { id } } one: node { __typename } }
    } }
    fragment more on FeatureConnection { edges { node { layer } } pageInfo { t: __typename end: endCursor } }`)
    expect(features).toEqual({
      __typename: 'FeatureConnection',
      e: [{ __typename: 'FeatureEdge', at: expect.any(String) }],
      edges: [{ node: { layer: 'my-places', key: '0' }, one: { __typename: 'MyPlacesFeature' } }],
      pageInfo: { t: 'PageInfo', end: expect.any(String) },
    })
  })

  it('that flows writes what it knows of its end after its features, wherever that is asked, and is the same', async () => {
    const query = `{ features(layer: "observations", first: 20000) {
      totalCount pageInfo { more: hasNextPage endCursor hasPreviousPage startCursor __typename } n: count edges { cursor node { key } } __typename } }`
    const text = await (await post(server, { query })).text()
    const { features } = (JSON.parse(text) as { data: { features: Record<string, unknown> } }).data
    expect(Object.keys(features)).toEqual(
      ['edges', '__typename', 'totalCount', 'pageInfo', 'n'].toSorted(
        (a, b) => text.indexOf(`"${a}":`) - text.indexOf(`"${b}":`),
      ),
    )
    for (const last of ['totalCount', 'pageInfo', 'n'])
      expect(text.indexOf(`"${last}":`)).toBeGreaterThan(text.lastIndexOf('"key":'))
    const held = await connection({ first: 5_000 })
    expect(features['edges']).toEqual(held.edges)
    const { hasNextPage: more, ...ends } = held.pageInfo
    expect(features).toMatchObject({ n: ROWS, totalCount: String(ROWS), pageInfo: { more, ...ends, __typename: 'PageInfo' } })
  })
})

describe('representations', () => {
  it('stand side by side in one operation, each in its own CRS', async () => {
    const { features } = await data<{
      features: {
        features: Record<string, never>[]
        geojson: { features: { geometry: { coordinates: [number, number] }; properties: object }[] }
        arrow: string
      }
    }>(`{ features(layer: "observations", first: 1, where: { property: { name: "n", eq: "200" } }) {
      features {
        geometry
        ewkt: geometry(as: EWKT) mercator: geometry(as: EWKT, crs: "EPSG:3857", precision: 0)
        laea: geometry(as: EWKB, crs: "EPSG:3035") bbox box: bbox(crs: "EPSG:3857") twkb: geometry(as: TWKB, precision: 0)
      }
      geojson(only: ["n"]) arrow(crs: "EPSG:3857", only: ["species"])
    } }`)
    const [feature] = features.features
    expect(feature).toMatchObject({
      geometry: { type: 'Point', coordinates: [20, -55] },
      ewkt: 'SRID=4326;POINT (20 -55)',
      mercator: 'SRID=3857;POINT (2226390 -7361866)',
      laea: expect.stringMatching(/^0101000020DB0B0000[0-9A-F]{32}$/),
      bbox: [20, -55, 20, -55],
      box: [
        expect.closeTo(2226389.8, 0),
        expect.closeTo(-7361866.1, 0),
        expect.closeTo(2226389.8, 0),
        expect.closeTo(-7361866.1, 0),
      ],
      twkb: '0100286D',
    })
    expect(features.geojson.features).toMatchObject([{ geometry: { coordinates: [20, -55] }, properties: { n: '200' } }])
    expect(Object.keys(features.geojson.features[0]!.properties)).toEqual(['n'])
    const table = tableFromIPC(Buffer.from(features.arrow, 'base64'))
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['id', 'species', 'geom'])
    expect(table.schema.fields.at(-1)!.metadata.get('ARROW:extension:metadata')).toContain('EPSG:3857')
    expect(table.getChild('id')!.get(0)).toBe('a:200')
  })

  it('are at most four in an operation, on all fields together', async () => {
    const four = 'geometry a: geometry(crs: "EPSG:3857") b: geometry(crs: "EPSG:3857", simplify: 1) c: bbox(crs: "EPSG:3035")'
    const page = (more: string) => `{ features(layer: "observations", first: 1) { features { ${four} ${more} } } }`
    expect(
      codeOf(await ask(server, page('same: geometry(as: WKT, crs: "epsg:3857") plain: geometry(crs: "OGC:CRS84") bbox'))),
    ).toBeUndefined()
    expect(codeOf(await ask(server, page('d: geometry(simplify: 2)')))).toBe('LIMIT_EXCEEDED')
    const two = `{
      x: feature(layer: "observations", id: "a:1") { ${four} }
      y: features(layer: "my-places", first: 1) { arrow(crs: "EPSG:32632") }
    }`
    const { errors } = await ask(server, two)
    expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }])
    expect(errors![0]!.message).toBe(
      'One operation takes at most 4 different pairs of `crs` and `simplify`; ask for the others in another one.',
    )
  })

  it('refuse what they have no room for, or no column', async () => {
    const feature = (field: string) => ask(server, `{ feature(layer: "observations", id: "a:1") { ${field} } }`)
    expect(codeOf(await feature('geometry(as: TWKB, precision: 8)'))).toBe('BAD_INPUT')
    expect(codeOf(await feature('geometry(as: WKT, precision: 8)'))).toBeUndefined()
    expect(codeOf(await ask(server, '{ features(layer: "observations") { arrow(only: ["nothing"]) } }'))).toBe('BAD_INPUT')
  })

  it('come back as arguments that find their feature', async () => {
    const { feature } = await data<{ feature: Record<string, string> }>(`{ feature(layer: "my-places", id: "9") {
      wkt: geometry(as: EWKT, precision: 15) wkb: geometry(as: EWKB) twkb: geometry(as: TWKB)
      laea: geometry(as: EWKT, crs: "EPSG:3857", precision: 9)
    } }`)
    const { wkt, wkb, twkb, laea } = feature
    for (const geometry of [{ wkt }, { wkb }, { wkb: Buffer.from(wkb!, 'hex').toString('base64') }, { twkb }, { wkt: laea }]) {
      const { features } = await data<{ features: { features: { key: string }[] } }>(
        'query ($geometry: GeometryInput!) { features(layer: "my-places", where: { intersects: $geometry }) { features { key } } }',
        { geometry },
      )
      expect(features.features.map(({ key }) => key)).toContain('9')
      expect(features.features.length).toBeLessThan(5)
    }
  })
})
