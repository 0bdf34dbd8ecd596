/** Normalised caches keep apart what is another thing: layers with equal keys, CRSs, versions of a file. Each with its defaults. */
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { runProgram } from '../../support/program.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { apolloCache, type CacheClient, type Documents, graphcache, relayStore } from './cache-clients.ts'

const ROWS = 1_000
const SOURCE = join(import.meta.dirname, 'documents.js')

let folder: string
let project: string
let server: TestServer
let url: string
let documents: Documents

/** Rows with the same numbers, each with the name of its file. A column called "id" becomes the layer's key once it is checked. */
async function make(file: string, name: string, shift: number, column = 'id'): Promise<void> {
  await inEngine(':memory:', async (connection) => {
    const rows = `SELECT i AS ${column}, '${name} ' || i AS name, ST_Point(i % 100 + ${shift}, 50) AS geom FROM range(${ROWS}) r(i)`
    await connection.run(`COPY (${rows}) TO '${join(folder, file)}' (FORMAT parquet)`)
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-caches-'))
  await Promise.all([make('east.parquet', 'east', 10), make('west.parquet', 'west', -10)])
  await Promise.all([make('rows.parquet', 'before', 0, 'number'), make('rows.next', 'after', 1, 'number')])
  const keyed = ['east', 'west'].map((name) => ({ name, path: join(folder, `${name}.parquet`), key: 'id' }))
  server = await serve([], { layers: [...keyed, { name: 'rows', path: join(folder, 'rows.parquet') }] })
  url = `${server.url}/graphql`
  await checked(server)
  const source = await readFile(SOURCE, 'utf8')
  documents = Object.fromEntries(
    [...source.matchAll(/graphql`\s*(query (\w+).*?)`/gs)].map(([, text, name]) => [
      name!,
      text!.replaceAll(/@connection\([^)]*\)/g, ''),
    ]),
  )
  // Within the checkout, where the compiler and what it writes find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  project = await mkdtemp(join(ROOT, '.geoduck/test/relay-'))
  await compile(source)
})
afterAll(async () => {
  await server?.close()
  await Promise.all([folder, project].filter(Boolean).map((path) => rm(path, { recursive: true })))
})

async function compile(source: string): Promise<void> {
  const { data } = await ask<IntrospectionQuery>(server, getIntrospectionQuery())
  await mkdir(join(project, 'src'))
  await mkdir(join(project, 'made'))
  await writeFile(join(project, 'schema.graphql'), printSchema(buildClientSchema(data!)))
  await writeFile(join(project, 'src/documents.js'), source)
  await writeFile(
    join(project, 'relay.config.json'),
    JSON.stringify({
      src: './src',
      schema: './schema.graphql',
      language: 'javascript',
      artifactDirectory: './made',
      eagerEsModules: true,
    }),
  )
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(ROOT, 'node_modules/relay-compiler/cli.js')], {
    cwd: project,
  })
  expect(code, stdout + stderr).toBe(0)
}

interface Feature {
  readonly __typename: string
  readonly id: string
  readonly key: string
  readonly layer: string
  readonly geometry: { readonly coordinates: readonly [number, number] }
  readonly bbox: readonly number[]
  readonly properties: { readonly name: string }
}
interface List {
  readonly features: { readonly features: readonly Feature[] }
}
interface Found {
  readonly node: Feature | null
}

const CACHES: readonly (readonly [string, () => CacheClient | Promise<CacheClient>])[] = [
  ["Apollo's InMemoryCache", () => apolloCache(url, documents)],
  ['Graphcache', () => graphcache(url, documents)],
  ["Relay's store", () => relayStore(url, join(project, 'made'), Object.keys(documents))],
]

const LIST = 'documentsListQuery'
const NODE = 'documentsNodeQuery'
const namesOf = (list: List | null) => list?.features.features.map(({ properties }) => properties.name)
const west = (list: List | null) => list?.features.features.map(({ geometry }) => geometry.coordinates[0])

describe.each(CACHES)('%s', (_, open) => {
  it('keeps features of two layers apart that have equal keys', async () => {
    const client = await open()
    const asked = await client.ask<List>(LIST, { layer: 'east' })
    await client.ask<List>(LIST, { layer: 'west' })
    const [east, other] = [client.read<List>(LIST, { layer: 'east' }), client.read<List>(LIST, { layer: 'west' })]
    expect(east).toEqual(asked)
    expect([namesOf(east), namesOf(other)]).toEqual([
      ['east 0', 'east 1', 'east 2'],
      ['west 0', 'west 1', 'west 2'],
    ])
    const keys = [east, other].map((list) => list!.features.features.map(({ key }) => key))
    expect(keys[0]).toEqual(keys[1])
    expect(east!.features.features[0]).toMatchObject({ __typename: 'EastFeature', id: 'east:0', layer: 'east' })
  })

  it('keeps one feature in two CRSs', async () => {
    const client = await open()
    const degrees = await client.ask<List>(LIST, { layer: 'east' })
    const metres = await client.ask<List>(LIST, { layer: 'east', crs: 'EPSG:3857' })
    expect(west(degrees)).toEqual([10, 11, 12])
    expect(west(metres)![0]).toBeCloseTo(1_113_194.9, 0)
    expect(client.read(LIST, { layer: 'east' })).toEqual(degrees)
    expect(client.read(LIST, { layer: 'east', crs: 'EPSG:3857' })).toEqual(metres)
  })

  it('finds a feature by its id, and it is the one of the list', async () => {
    const client = await open()
    await client.ask<List>(LIST, { layer: 'west' })
    const { node } = await client.ask<Found>(NODE, { id: 'west:1' })
    expect(node).toMatchObject({ id: 'west:1', key: '1', layer: 'west', properties: { name: 'west 1' } })
    expect(client.read<Found>(NODE, { id: 'west:1' })!.node).toEqual(node)
    expect(namesOf(client.read<List>(LIST, { layer: 'west' }))).toEqual(['west 0', 'west 1', 'west 2'])
    expect(await client.ask<Found>(NODE, { id: 'west:no such key' })).toMatchObject({ node: null })
  })

  it('does not take rows of a file that has been replaced for those of the one before', async () => {
    const client = await open()
    const before = await client.ask<List>(LIST, { layer: 'rows' })
    const [first] = before.features.features
    const { node: kept } = await client.ask<Found>(NODE, { id: first!.id })
    await replace('rows.next')
    const after = await client.ask<List>(LIST, { layer: 'rows' })
    expect([namesOf(before)![0], namesOf(after)![0]].toSorted()).toEqual(['after 0', 'before 0'])
    expect(client.read(LIST, { layer: 'rows' })).toEqual(after)
    // The kept data of the first one is unchanged.
    expect(client.read<Found>(NODE, { id: first!.id })!.node).toEqual(kept)
    expect(after.features.features[0]!.id).not.toBe(first!.id)
    expect(await client.ask<Found>(NODE, { id: first!.id })).toMatchObject({ node: null })
  })
})

/** The file takes the place of the one that is served, whose place it leaves to that. */
async function replace(next: string): Promise<void> {
  const [served, other] = [join(folder, 'rows.parquet'), join(folder, next)]
  await copyFile(served, join(folder, 'former'))
  await rename(other, served)
  await rename(join(folder, 'former'), other)
}

describe('a layer is paged exactly once', () => {
  interface Page {
    readonly features: {
      readonly edges: readonly { readonly node: { readonly key: string } }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
    }
  }
  const PAGE = 'documentsPageQuery'
  const keysOf = ({ features }: Page) => features.edges.map(({ node }) => node.key)
  const whole = Array.from({ length: ROWS }, (_, n) => String(n))

  it.each([
    ['relayStylePagination()', relayStylePagination()],
    ['relayStylePagination() by layer', relayStylePagination(['layer', 'where', 'orderBy'])],
  ])('by Apollo with %s', async (_, features) => {
    const cache = new InMemoryCache({ typePolicies: { Query: { fields: { features } } } })
    const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache })
    const query = gql(documents[PAGE]!)
    const read = () => client.readQuery({ query, variables: { layer: 'east' } }) as Page
    await client.query({ query, variables: { layer: 'east' } })
    for (let pages = 1; read().features.pageInfo.hasNextPage && pages < 10; pages++)
      await client.query({
        query,
        variables: { layer: 'east', after: read().features.pageInfo.endCursor },
        fetchPolicy: 'network-only',
      })
    expect(keysOf(read())).toEqual(whole)
  })

  it("by Relay's @connection, each layer by itself", async () => {
    const client = await relayStore(url, join(project, 'made'), [PAGE])
    for (const layer of ['east', 'west']) {
      let page = await client.ask<Page>(PAGE, { layer })
      for (let pages = 1; page.features.pageInfo.hasNextPage && pages < 10; pages++)
        page = await client.ask<Page>(PAGE, { layer, after: page.features.pageInfo.endCursor })
    }
    for (const layer of ['east', 'west']) expect(keysOf(client.read<Page>(PAGE, { layer })!)).toEqual(whole)
  })
})
