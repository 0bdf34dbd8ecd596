/** The requests that clients send with their defaults, and with persisted queries. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openApolloHttp, openApolloPersisted } from './apollo.ts'
import { openUrqlFetch } from './urql.ts'

const QUERY = 'query Layer($name: String!) { layer(name: $name) { name } }'
const OTHER = 'query Other($name: String!) { layer(name: $name) { name title } }'

let server: TestServer
let url: string
beforeAll(async () => {
  server = await serve([PLACES], { persistedQueries: 1 })
  url = `${server.url}/graphql`
})
afterAll(() => server.close())

/** For each request: its method, and whether it has the text of the document. */
let sent: string[] = []
beforeEach(() => {
  sent = []
})
const recorded: typeof fetch = (input, init) => {
  const parameters = new URL(String(input)).searchParams
  const hasText = parameters.has('query') || String(init?.body).includes('"query":')
  sent.push(`${init?.method} ${hasText ? 'text' : 'hash'}`)
  return fetch(input, init)
}

const places = { layer: { name: 'places' } }

it.each([
  ['POST', false],
  ['GET', true],
])(
  "Apollo's persisted queries by %s: the text is sent once, and again after the server has dropped it",
  async (method, byGet) => {
    const client = openApolloPersisted(url, byGet, { fetch: recorded })
    const ask = async (query: string) => {
      sent = []
      expect(await client.query(query, { name: 'places' })).toMatchObject(places)
      return sent
    }
    await ask(OTHER)
    expect(await ask(QUERY)).toEqual([`${method} hash`, 'POST text'])
    expect(await ask(QUERY)).toEqual([`${method} hash`])
    await ask(OTHER)
    expect(await ask(QUERY)).toEqual([`${method} hash`, 'POST text'])
    await client.close()
  },
)

it("Apollo's persisted queries fall back to texts for good on a server that keeps none", async () => {
  const without = await serve([PLACES], { persistedQueries: 0 })
  const client = openApolloPersisted(`${without.url}/graphql`, false, { fetch: recorded })
  for (let n = 0; n < 2; n++) expect(await client.query(QUERY, { name: 'places' })).toMatchObject(places)
  expect(sent).toEqual(['POST hash', 'POST text', 'POST text'])
  await client.close()
  await without.close()
})

it('Apollo with useGETForQueries and urql with its defaults send queries by GET', async () => {
  const apollo = openApolloHttp(url, { useGETForQueries: true, fetch: recorded })
  expect(await apollo.query(QUERY, { name: 'places' })).toMatchObject(places)
  const urql = openUrqlFetch(url, recorded)
  expect(await urql.query(QUERY, { name: 'places' })).toMatchObject(places)
  expect(sent).toEqual(['GET text', 'GET text'])
  await Promise.all([apollo.close(), urql.close()])
})

it('urql streams by its fetchExchange alone, to the end', async () => {
  const urql = openUrqlFetch(url)
  let count = 0
  await new Promise<void>((resolve, reject) => {
    const stream = 'subscription { featureBatches(layer: "places", batchSize: 1000) { count } }'
    urql.subscribe<{ featureBatches: { count: number } }>(
      stream,
      {},
      {
        next: ({ featureBatches }) => {
          count += featureBatches.count
        },
        error: reject,
        complete: resolve,
      },
    )
  })
  expect(count).toBe(7_343)
  await urql.close()
})

it.each([5_000, 20_000])('urql with its defaults sends a query with %i bytes of variables by POST', async (bytes) => {
  const urql = openUrqlFetch(url, recorded)
  expect(await urql.query(QUERY, { name: 'places', unused: 'x'.repeat(bytes) })).toMatchObject(places)
  expect(sent).toEqual(['POST text'])
  await urql.close()
})
