/** The configurations of caches in geoduck-client: with the clients' own caches, over a real server. */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type ConfiguredClient, configuredApollo, configuredGraphcache } from './configured-caches.ts'

const ROWS = 25
const LAYERS = ['towns', 'rows']

let folder: string
let server: TestServer
let url: string

async function make(file: string, columns: string): Promise<void> {
  await inEngine(':memory:', async (connection) => {
    const rows = `SELECT ${columns}, ST_Point(i, 50) AS geom FROM range(${ROWS}) r(i)`
    await connection.run(`COPY (${rows}) TO '${join(folder, file)}' (FORMAT parquet)`)
  })
}

/** The sources of towns 0 to 23 have equal ids and different titles. */
const TOWN = `i AS id, 'town ' || i AS name, (i % 2)::INT AS half, {'id': (1 + i // 24)::INT, 'title': 'source of ' || i} AS source`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-cache-config-'))
  await make('towns.parquet', TOWN)
  await make('rows.parquet', `'before ' || i AS name`)
  await make('rows.next', `'after ' || i AS name`)
  const path = (name: string) => join(folder, `${name}.parquet`)
  server = await serve([], {
    layers: [
      { name: 'towns', path: path('towns'), key: 'id' },
      { name: 'rows', path: path('rows') },
    ],
  })
  url = `${server.url}/graphql`
  const states = async () => (await ask<{ layers: { state: string }[] }>(server, '{ layers { state } }')).data!.layers
  while ((await states()).some(({ state }) => state !== 'READY')) await new Promise((resolve) => setTimeout(resolve, 50))
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** Apollo prints its warnings to the console. */
const warnings: unknown[][] = []
beforeAll(() => {
  for (const level of ['warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...line) => void warnings.push(line))
})
afterAll(() => {
  vi.restoreAllMocks()
})
afterEach(() => {
  expect(warnings.splice(0)).toEqual([])
})

type Open = (layers?: readonly string[] | null) => ConfiguredClient

const CLIENTS: readonly (readonly [string, Open])[] = [
  ['Apollo', (layers = LAYERS) => configuredApollo(url, layers)],
  ['Graphcache', (layers = LAYERS) => configuredGraphcache(url, layers, (...line) => void warnings.push(line))],
]

interface Town {
  readonly id: string
  readonly key: string
  readonly name: string
}
interface List {
  readonly list: {
    readonly count: number
    readonly totalCount: string
    readonly features: readonly Town[]
    readonly edges: readonly { readonly node: Town }[]
    readonly rows: readonly { readonly count: string }[]
    readonly geojson: { readonly features: readonly { readonly id: string }[] }
    readonly pageInfo: {
      readonly hasNextPage: boolean
      readonly endCursor: string
      readonly hasPreviousPage: boolean
      readonly startCursor: string
    }
  }
}

const PAGE_INFO = 'pageInfo { hasNextPage endCursor hasPreviousPage startCursor }'
const generic = (args: string, selection: string) =>
  `query Generic($after: Cursor, $first: Int = 10) { list: features(layer: "towns", first: $first, after: $after ${args}) { ${selection} ${PAGE_INFO} } }`
const typed = (args: string, selection: string) =>
  `query Typed($after: Cursor, $first: Int = 10) { list: towns(first: $first, after: $after ${args}) { ${selection} ${PAGE_INFO} } }`

const keysOf = ({ list }: List) => (list.features ?? list.edges.map(({ node }) => node)).map(({ key }) => key)
const ALL = Array.from({ length: ROWS }, (_, n) => `${n}`)

/** Selections of the same object, that have different parts of it. */
const PAIRS = [
  ['health { ready streams { running } memory { share } }', 'health { version streams { waiting } memory { limit } }'],
  ['layer(name: "towns") { name check { invalid } crs { code } }', 'layer(name: "towns") { name check { withZ } crs { name } }'],
  ['layer(name: "rows") { key { kind } extent }', 'layer(name: "rows") { key { column } state }'],
  [
    'towns(first: 1) { execution { lane } features { id bbox source { id_ } } }',
    'towns(first: 1) { execution { degraded } features { id source { title } } }',
  ],
  ['layers { name }', 'layers { name state columns { name } }'],
]

describe.each(CLIENTS)('%s', (_, open) => {
  it.each([
    ['features', generic('', 'count totalCount features { id key }')],
    ['edges', generic('', 'count totalCount edges { cursor node { id key } }')],
    ['typed features', typed('', 'count totalCount features { id key name }')],
    ['typed edges', typed('', 'count totalCount edges { node { id key } }')],
    [
      'features of an interface',
      generic('', 'count totalCount features { ... on Feature { id } ... on Node { id } ... on TownsFeature { key } }'),
    ],
  ])('joins three pages of %s to the whole', async (_, document) => {
    const list = open().list<List>(document)
    expect(keysOf(await list.first())).toEqual(ALL.slice(0, 10))
    expect(keysOf(await list.more())).toEqual(ALL.slice(0, 20))
    const whole = await list.more()
    expect(keysOf(whole)).toEqual(ALL)
    expect(whole.list).toMatchObject({ count: ROWS, totalCount: `${ROWS}` })
    expect(whole.list.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    expect(list.read()).toEqual(whole)
  })

  it('joins pages of the nearest features, of groups and of GeoJSON', async () => {
    const client = open()
    const pages = (field: string, args: string, selection: string) =>
      `query Pages($after: Cursor) { list: ${field}(${args}, first: 10, after: $after) { ${selection} ${PAGE_INFO} } }`
    const whole = async (document: string) => {
      const list = client.list<List>(document)
      await list.first()
      await list.more()
      return (await list.more()).list
    }
    const nearest = await whole(pages('townsNearest', 'to: { wkt: "POINT(0 50)" }', 'features { id key }'))
    expect(nearest.features.map(({ key }) => key)).toEqual(ALL)
    const groups = await whole(pages('aggregate', 'layer: "towns", groupBy: { column: "id" }', 'rows { keys count }'))
    expect(groups.rows.map(({ count }) => count)).toEqual(ALL.map(() => '1'))
    const typedGroups = await whole(pages('townsAggregate', 'groupBy: NAME', 'rows { keys { name } count }'))
    expect(typedGroups.rows).toHaveLength(ROWS)
    const { geojson } = await whole(pages('features', 'layer: "towns"', 'geojson(precision: 1, bbox: true)'))
    expect(geojson).toMatchObject({ type: 'FeatureCollection', bbox: [0, 50, 24, 50] })
    expect(geojson.features.map(({ id }) => `${id}`)).toEqual(ALL)
  })

  it('keeps filters and orders apart while they are paged in turns', async () => {
    const client = open()
    const half = (n: number) => generic(`where: { property: { name: "half", eq: ${n} } }`, 'features { id key }')
    const lists = [
      client.list<List>(half(0)),
      client.list<List>(half(1)),
      client.list<List>(generic('orderBy: { property: "id", direction: DESC }', 'features { id key }')),
      client.list<List>(typed('orderBy: { by: NAME }', 'features { id key }')),
    ]
    for (const list of lists) await list.first()
    for (const list of lists) await list.more()
    const [even, odd, down, byName] = lists.map((list) => keysOf(list.read()))
    expect(even).toEqual(ALL.filter((key) => Number(key) % 2 === 0))
    expect(odd).toEqual(ALL.filter((key) => Number(key) % 2 === 1))
    expect(down).toEqual(ALL.toReversed().slice(0, 20))
    expect(byName).toEqual(ALL.toSorted().slice(0, 20))
  })

  it('gives lists with other selections of the same features what they ask for, in any order', async () => {
    const client = open()
    const keys = client.list<List>(typed('', 'features { id key }'))
    const names = client.list<List>(typed('', 'features { id key name source { title } }'))
    const edges = client.list<List>(typed('', 'edges { node { id key } }'))
    await keys.first()
    await keys.more()
    expect((await names.first()).list.features[9]).toMatchObject({ name: 'town 9', source: { title: 'source of 9' } })
    await edges.first()
    expect(keysOf(await edges.more())).toEqual(ALL.slice(0, 20))
    expect(keysOf(await keys.more())).toEqual(ALL)
    const { list } = await names.more()
    expect(list.features.map(({ name }) => name)).toEqual(ALL.slice(0, 20).map((key) => `town ${key}`))
    expect(keysOf(await edges.more())).toEqual(ALL)
  })

  it('has one feature of the generic and the typed field, found by its id', async () => {
    const client = open()
    await client.list<List>(generic('', 'features { id properties(only: ["half"]) }')).first()
    await client.list<List>(typed('', 'features { id name }')).first()
    expect(client.cached('{ node(id: "towns:3") { id ... on TownsFeature { name properties(only: ["half"]) } } }')).toMatchObject(
      {
        node: { id: 'towns:3', name: 'town 3', properties: { half: 1 } },
      },
    )
  })

  it('keeps structs with equal ids apart, also with its defaults', async () => {
    for (const client of [open(), open(null)]) {
      const { list } = await client.list<List>(typed('', 'features { id source { id_ title } }')).first()
      const sources = list.features.map((town) => (town as Town & { source: unknown }).source)
      expect(sources).toMatchObject(ALL.slice(0, 10).map((key) => ({ id_: 1, title: `source of ${key}` })))
    }
    warnings.length = 0
  })

  it('keeps both selections of objects without an id, without a warning', async () => {
    const client = open()
    for (const [one, other] of PAIRS) {
      const first = await client.query(`{ ${one} }`)
      await client.query(`{ ${other} }`)
      expect(client.cached(`{ ${one} }`)).toEqual(first)
    }
  })

  it('warns about these objects with its defaults', async () => {
    const client = open(null)
    for (const document of PAIRS.flat()) await client.query(`{ ${document} }`)
    expect(warnings.splice(0)).not.toEqual([])
  })

  it('never joins pages of two versions of a layer', async () => {
    const client = open()
    const document = `query Rows($after: Cursor, $first: Int = 10) { list: rows(first: $first, after: $after) { features { id key name } ${PAGE_INFO} } }`
    const list = client.list<List>(document)
    const namesOf = ({ list }: List) => list.features.map(({ name }) => name)
    await list.first()
    const [before] = namesOf(await list.more())
    const version = before!.split(' ')[0]!
    await replace()
    await expect(list.more()).rejects.toThrow()
    expect(namesOf(list.read())).toEqual(ALL.slice(0, 20).map((key) => `${version} ${key}`))
    const other = version === 'before' ? 'after' : 'before'
    for (const end of [10, 20, ROWS]) {
      const names = namesOf(end === 10 ? await list.first() : await list.more())
      expect(names).toEqual(ALL.slice(0, end).map((key) => `${other} ${key}`))
    }
  })
})

/** The next file takes the place of the served one, and the other way round. */
async function replace(): Promise<void> {
  const [served, next, former] = ['rows.parquet', 'rows.next', 'rows.former'].map((file) => join(folder, file))
  await rename(served!, former!)
  await rename(next!, served!)
  await rename(former!, next!)
}
