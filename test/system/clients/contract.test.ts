/** One contract for every client with its defaults: the statements of docs/clients.md. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PageInfo, quiet } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openApollo, openApolloHttp, openApolloPersisted } from './apollo.ts'
import type { ContractClient, Failure, OpenClient } from './contract-client.ts'
import { openGraphqlWs } from './graphql-ws.ts'
import { openUrql } from './urql.ts'

const PLACES_COUNT = 7_343

const PAGE = `query Page($after: Cursor) {
  features(layer: "places", first: 2000, after: $after) { count pageInfo { hasNextPage endCursor } features { id } }
}`
const STREAM = `subscription Stream($after: Cursor, $batchSize: Int = 500) {
  featureBatches(layer: "places", batchSize: $batchSize, after: $after) { sequence count cursor features { id } }
}`

interface Features {
  readonly count: number
  readonly features: readonly { readonly id: string }[]
}
interface Page {
  readonly features: Features & { readonly pageInfo: PageInfo }
}
interface Batch {
  readonly featureBatches: Features & { readonly sequence: number; readonly cursor: string }
}

const idsOf = (all: readonly Features[]) => all.flatMap(({ features }) => features.map(({ id }) => id))

const CLIENTS: readonly (readonly [name: string, open: OpenClient])[] = [
  ['Apollo Client', openApollo],
  ['Apollo Client with its HttpLink alone', (url) => openApolloHttp(url)],
  ['Apollo Client with useGETForQueries', (url) => openApolloHttp(url, { useGETForQueries: true })],
  ['Apollo Client with persisted queries', (url) => openApolloPersisted(url)],
  ['Apollo Client with persisted queries by GET', (url) => openApolloPersisted(url, true)],
  ['urql', openUrql],
  ['graphql-ws', openGraphqlWs],
]

let server: TestServer
let link: Link
let client: ContractClient

beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server?.close())

/** Reads until it ends, is cancelled by `each`, or fails. */
function read(variables: object, each: (batch: Batch['featureBatches'], cancel: () => void) => void = () => {}) {
  const batches: Batch['featureBatches'][] = []
  const { promise, resolve } = Promise.withResolvers<'complete' | 'cancelled' | Failure>()
  const stop = client.subscribe<Batch>(STREAM, variables, {
    next: ({ featureBatches }) => {
      batches.push(featureBatches)
      each(featureBatches, () => {
        stop()
        resolve('cancelled')
      })
    },
    error: resolve,
    complete: () => resolve('complete'),
  })
  return promise.then((end) => ({ end, batches }))
}

describe.each(CLIENTS)('%s', (_name, open) => {
  beforeEach(async () => {
    link = await Link.to(server)
    client = open(link.url)
  })
  afterEach(async () => {
    await client.close()
    await link.close()
    await quiet(server)
  })

  it('asks', async () => {
    const query = 'query Layer($name: String!) { layer(name: $name) { name featureCount } }'
    expect(await client.query(query, { name: 'places' })).toMatchObject({
      layer: { name: 'places', featureCount: String(PLACES_COUNT) },
    })
  })

  it('pages through a layer by its cursors', async () => {
    const pages: Page['features'][] = []
    do pages.push((await client.query<Page>(PAGE, { after: pages.at(-1)?.pageInfo.endCursor ?? null })).features)
    while (pages.at(-1)!.pageInfo.hasNextPage)
    expect(pages.map(({ count }) => count)).toEqual([2000, 2000, 2000, 1343])
    expect(new Set(idsOf(pages)).size).toBe(PLACES_COUNT)
  })

  it('streams to the end, each feature once and in order', async () => {
    const { end, batches } = await read({})
    expect(end).toBe('complete')
    expect(batches.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 15 }, (_, i) => i))
    expect(new Set(idsOf(batches)).size).toBe(PLACES_COUNT)
  })

  it('distinguishes an end without a batch from no end', async () => {
    const { end, batches } = await read({ after: (await read({})).batches.at(-1)!.cursor })
    expect({ end, batches }).toEqual({ end: 'complete', batches: [] })
  })

  it('cancels in mid-stream, and the server stops', async () => {
    const { end, batches } = await read({ batchSize: 1 }, ({ sequence }, cancel) => sequence === 5 && cancel())
    expect(end).toBe('cancelled')
    await quiet(server)
    expect(batches.length).toBeLessThan(PLACES_COUNT)
  })

  it('receives the fault of a query as a code', async () => {
    const refused = client.query('query Unknown { features(layer: "palces") { count } }')
    await expect(refused).rejects.toMatchObject({ extensions: { code: 'LAYER_NOT_FOUND', retry: false } })
  })

  it('receives the fault of a subscription as a code, which is not a normal end', async () => {
    const { end } = await read({ after: 'x' })
    expect(end).toMatchObject({ extensions: { code: 'CURSOR_INVALID', retry: false } })
  })

  it('notices a lost connection, and continues after the last batch over a new one', async () => {
    const first = await read({ batchSize: 50 }, ({ sequence }) => sequence === 20 && link.cut())
    expect(first.end).toEqual({ extensions: null })
    const rest = await read({ batchSize: 50, after: first.batches.at(-1)!.cursor })
    expect(rest.end).toBe('complete')
    const ids = idsOf([...first.batches, ...rest.batches])
    expect(ids).toHaveLength(PLACES_COUNT)
    expect(new Set(ids).size).toBe(PLACES_COUNT)
  })
})
