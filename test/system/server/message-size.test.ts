/** Messages with features, over a WebSocket and as events: none is larger than its limit, for every selection. */
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { type Answer, ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const MOST = 2 ** 20
const MOST_OF_FEATURE = 2 ** 24
/** Rows of the fixture that are larger than all others. */
const [LARGE, TOO_LARGE, ROWS] = [1_500, 2_500, 4_000]

let server: TestServer
beforeAll(async () => {
  server = await serve([await fixture('heavy/uneven.parquet')])
})
afterAll(() => server.close())

interface Collection {
  readonly features: readonly { readonly properties: { readonly n: number } }[]
}

interface Batch {
  readonly count: number
  readonly cursor: string
  readonly geojson: Collection
  readonly again: Collection
  readonly arrow: string
  readonly arrowAgain: string
  readonly features: Collection['features']
}

interface PageInfo {
  readonly endCursor: string
  readonly hasNextPage: boolean
}

interface Received {
  /** Bytes of the WebSocket's frame, or of the event. */
  readonly bytes: number
  readonly answer: Answer<{ readonly featureBatches: Batch }>
}

type Read = (query: string, variables: object) => Promise<Received[]>

const WIRES: readonly (readonly [string, Read])[] = [
  ['a WebSocket', overSocket],
  ['events', asEvents],
]

async function overSocket(query: string, variables: object): Promise<Received[]> {
  const socket = await RawSocket.open(server.socketUrl)
  const sizes: number[] = []
  socket.ws.on('message', (data: Buffer) => sizes.push(data.length))
  // As long as an id may be, and each of its characters takes six bytes.
  socket.subscribe('\u0001'.repeat(128), query, variables)
  const messages = await socket.ended('\u0001'.repeat(128))
  socket.close()
  return messages.slice(0, sizes.length).flatMap(({ type, payload }, n) => {
    if (type === 'complete') return []
    return { bytes: sizes[n]!, answer: (type === 'error' ? { errors: payload } : payload) as Received['answer'] }
  })
}

async function asEvents(query: string, variables: object): Promise<Received[]> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const body = JSON.stringify({ query, variables })
  const text = await (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })).text()
  const events = text.split('\n\n').filter((event) => event.startsWith('event: next'))
  return events.map((event) => ({
    bytes: Buffer.byteLength(event) + 2,
    answer: JSON.parse(event.slice(event.indexOf('data: ') + 6)) as Received['answer'],
  }))
}

const STREAM = `subscription ($after: Cursor, $where: FeatureFilter) {
  featureBatches(layer: "uneven", batchSize: 10000, after: $after, where: $where) {
    count cursor ${'long'.repeat(50_000)}: sequence
    geojson again: geojson
    arrow arrowAgain: arrow
    features { properties }
  }
}`

const numbers = ({ features }: Collection) => features.map(({ properties }) => properties.n)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
const below = (lt: number) => ({ where: { property: { name: 'n', lt } } })

function batchesOf(received: readonly Received[]): Batch[] {
  return received.flatMap(({ answer }) => (answer.data ? [answer.data.featureBatches] : []))
}

describe.each(WIRES)('over %s', (_name, read) => {
  it('messages stay below their limit with all encodings and aliases, and every row arrives once and in order', async () => {
    const received = await read(STREAM, below(TOO_LARGE))
    const batches = batchesOf(received)
    expect(batches).toHaveLength(received.length)
    const alone = received.filter(({ bytes }) => bytes > MOST)
    expect(alone.map(({ answer }) => numbers(answer.data!.featureBatches.geojson))).toEqual([[LARGE]])
    expect(alone[0]!.bytes).toBeLessThanOrEqual(MOST_OF_FEATURE)
    expect(batches.flatMap(({ geojson }) => numbers(geojson))).toEqual(range(0, TOO_LARGE))
    for (const { count, geojson, again, arrow, arrowAgain, features } of batches) {
      expect(geojson.features).toHaveLength(count)
      expect(again).toEqual(geojson)
      expect(arrowAgain).toBe(arrow)
      expect(tableFromIPC(Buffer.from(arrow, 'base64')).numRows).toBe(count)
      expect(numbers({ features })).toEqual(numbers(geojson))
    }
    // They are filled: a limit is no reason for more messages than it takes.
    const all = received.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(received.length).toBeLessThan((2 * all) / MOST)
  })

  it('a batch that was cut has a cursor after its last row', async () => {
    const batches = batchesOf(await read(STREAM, below(LARGE)))
    const cut = batches[2]!
    const rest = batchesOf(await read(STREAM, { ...below(LARGE), after: cut.cursor }))
    const last = numbers(cut.geojson).at(-1)!
    expect(rest.flatMap(({ geojson }) => numbers(geojson))).toEqual(range(last + 1, LARGE))
  })

  it.each([
    ['with its id', STREAM],
    ['without it', STREAM.replace(/geojson.*|arrow.*|again.*/g, '').replace('properties }', `properties ${aliases(4)} }`)],
  ])(
    'a feature that is too large alone ends the stream with LIMIT_EXCEEDED, its id and a cursor after it: %s',
    async (_, query) => {
      const received = await read(query, {})
      const { errors } = received.at(-1)!.answer
      expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', retry: false, cursor: expect.any(String) } }])
      expect(errors![0]!.message).toMatch(new RegExp(`\`uneven:\\w+-${TOO_LARGE}\``))
      const seen = batchesOf(received).flatMap(numbers)
      expect(seen).toEqual(range(0, TOO_LARGE))
      const rest = batchesOf(await read(query, { after: errors![0]!.extensions['cursor'] }))
      expect(rest.flatMap(numbers)).toEqual(range(TOO_LARGE + 1, ROWS))
    },
  )

  it('a page ends before it is too large, and the next one continues', async () => {
    const page = `query ($after: Cursor, $where: FeatureFilter) {
      a: features(layer: "uneven", first: 2000, after: $after, where: $where) { count pageInfo { endCursor hasNextPage } edges { cursor } geojson }
      b: features(layer: "uneven", first: 2000, after: $after, where: $where) { count features { properties } }
    }`
    let after: string | null = null
    const seen: number[] = []
    for (let more = true; more; ) {
      const [{ bytes, answer }] = (await read(page, { ...below(LARGE), after })) as [Received]
      expect(bytes).toBeLessThanOrEqual(MOST)
      const { a } = answer.data as unknown as { a: Batch & { readonly pageInfo: PageInfo } }
      seen.push(...numbers(a.geojson))
      ;({ endCursor: after, hasNextPage: more } = a.pageInfo)
    }
    expect(seen).toEqual(range(0, LARGE))
  })

  it('one requested feature may be as large as the limit of a single feature', async () => {
    const query = `query ($id: ID!) { feature(layer: "uneven", id: $id) { ${aliases(4)} } }`
    const [large] = await read(query, { id: String(LARGE) })
    expect(large!.answer.errors).toBeUndefined()
    const [tooLarge] = await read(query, { id: String(TOO_LARGE) })
    expect(tooLarge!.answer.errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }])
    expect(tooLarge!.answer.errors![0]!.message).toMatch(new RegExp(`\`uneven:\\w+-${TOO_LARGE}\``))
  })
})

function aliases(count: number): string {
  return range(0, count)
    .map((n) => `p${n}: properties`)
    .join(' ')
}

it('a page by POST is as long as before', async () => {
  const page = '{ features(layer: "uneven", first: 3000) { count pageInfo { hasNextPage } features { properties } } }'
  const { data } = await ask<{ features: { readonly count: number; readonly pageInfo: PageInfo } }>(server, page)
  expect(data!.features).toMatchObject({ count: 3_000, pageInfo: { hasNextPage: true } })
})
