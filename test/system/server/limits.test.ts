/** docs/limits.md over the wires: what is as large as a limit passes, what is larger by one is refused with the limit's code. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { ask, post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { EventSource } from './event-source.ts'
import { WIRES, type Wire } from './failing-operation.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

interface Operation {
  readonly query: string
  readonly variables?: object
}

/** Codes of all errors. HTTP requests a page, the other wires a stream if they can. */
async function codesOf(to: TestServer, wire: Wire, { query, variables = {} }: Operation): Promise<unknown[]> {
  type Errors = readonly { readonly extensions: Readonly<Record<string, unknown>> }[] | undefined
  let errors: Errors
  if (wire === 'HTTP') errors = (await ask(to, query, variables)).errors
  else if (wire === 'SSE') errors = (await (await EventSource.open(to, query, variables)).next()).data?.errors
  else {
    const socket = await RawSocket.open(to.socketUrl)
    socket.subscribe('a', query, variables)
    const { type, payload } = (await socket.ended('a'))[0]!
    errors = type === 'error' ? (payload as Errors) : (payload as { errors?: Errors } | undefined)?.errors
    socket.close()
  }
  return errors?.map(({ extensions }) => extensions['code']) ?? []
}

/** The code of a request whose text no client could print: too deep for its JSON.stringify. */
async function codeOfText(wire: Wire, text: string): Promise<string | undefined> {
  let answer: string
  if (wire === 'WebSocket') {
    const socket = await RawSocket.open(server.socketUrl)
    socket.ws.send(`{"id": "a", "type": "subscribe", "payload": ${text}}`)
    answer = JSON.stringify((await socket.ended('a'))[0])
    socket.close()
  } else {
    const accept = wire === 'SSE' ? 'text/event-stream' : 'application/json'
    answer = await (await post(server, text, { accept })).text()
  }
  return /"code":"(\w+)"/.exec(answer)?.[1]
}

const repeated = (count: number, text: string) => Array.from({ length: count }, () => text).join(' ')
const stream = (selection: string) => `subscription { featureBatches(layer: "places", limit: 1) { ${selection} } }`
const page = (selection: string) => `{ features(layer: "places", first: 1) { ${selection} } }`
const root = (wire: Wire, selection: string) => (wire === 'HTTP' ? page(selection) : stream(selection))

function filtered(wire: Wire, where: object): Operation {
  const args = '($where: FeatureFilter!)'
  const query =
    wire === 'HTTP'
      ? `query ${args} { features(layer: "places", where: $where, first: 1) { count } }`
      : `subscription ${args} { featureBatches(layer: "places", where: $where, limit: 1) { count } }`
  return { query, variables: { where } }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n))
const among = (values: readonly unknown[]) => ({ property: { name: 'name', in: values } })

/** Nested `depth` deep, made without recursion. */
function nested<T>(depth: number, innermost: T, wrap: (inside: T) => T): T {
  let value = innermost
  for (let n = 1; n < depth; n++) value = wrap(value)
  return value
}

function polygon(vertices: number): object {
  const ring = Array.from({ length: vertices }, (_, n) => {
    const angle = (2 * Math.PI * (n % (vertices - 1))) / (vertices - 1)
    return [Number((90 * Math.cos(angle)).toFixed(4)), Number((45 * Math.sin(angle)).toFixed(4))]
  })
  return { type: 'Polygon', coordinates: [ring] }
}

type Make = (wire: Wire, size: number) => Operation

/** Field, argument and punctuation of `root` around the fields. */
const TOKENS_AROUND = { HTTP: 13, SSE: 14, WebSocket: 14 } as const

const LIMITS: Readonly<Record<string, readonly [most: number, make: Make]>> = {
  // No field of the schema leads so deep: what is not too deep is unknown.
  'levels of fields': [10, (_wire, n) => ({ query: nested(n, '{ x }', (inside) => `{ x ${inside} }`) })],
  'tokens of the text': [2_000, (wire, n) => ({ query: root(wire, repeated(n - TOKENS_AROUND[wire], 'count')) })],
  aliases: [15, (wire, n) => ({ query: root(wire, Array.from({ length: n }, (_, i) => `a${i}: count`).join(' ')) })],
  'root fields': [5, (_wire, n) => ({ query: `{ ${repeated(n, '__typename')} }` })],
  'items of a list in a variable': [10_000, (wire, n) => filtered(wire, among(numbers(n)))],
  'items of all `in` lists together': [
    10_000,
    (wire, n) => filtered(wire, { or: [among(numbers(5_000)), among(numbers(n - 5_000))] }),
  ],
  'levels of a filter': [
    10,
    (wire, n) =>
      filtered(
        wire,
        nested<object>(n, {}, (inside) => ({ not: inside })),
      ),
  ],
  'filters in a filter': [100, (wire, n) => filtered(wire, { or: Array.from({ length: n - 1 }, () => ({})) })],
  'vertices of a geometry': [25_000, (wire, n) => filtered(wire, { intersects: { geojson: polygon(n) } })],
  'levels of a geometry': [
    16,
    (wire, n) =>
      filtered(wire, {
        intersects: {
          geojson: nested<object>(n, { type: 'Point', coordinates: [1, 2] }, (inside) => ({
            type: 'GeometryCollection',
            geometries: [inside],
          })),
        },
      }),
  ],
  'sort keys': [
    8,
    (wire, n) => {
      const args = `layer: "places", orderBy: [${repeated(n, '{ property: "name" }')}]`
      return { query: wire === 'HTTP' ? `{ features(${args}) { count } }` : `subscription { featureBatches(${args}) { count } }` }
    },
  ],
}

describe.each(WIRES)('over %s', (wire) => {
  it.each(Object.entries(LIMITS))('%s', async (_what, [most, make]) => {
    expect(await codesOf(server, wire, make(wire, most))).not.toContain('LIMIT_EXCEEDED')
    expect(await codesOf(server, wire, make(wire, most + 1))).toContain('LIMIT_EXCEEDED')
  })

  it('what is far larger is refused as soon, not gone into', async () => {
    const levels = 60_000
    const wheres = [
      `${'{"not":'.repeat(levels)}{}${'}'.repeat(levels)}`,
      `${'{"and":'.repeat(levels)}{}${'}'.repeat(levels)}`,
      `${'{"or":[{},'.repeat(levels)}{}${']}'.repeat(levels)}`,
      JSON.stringify(among(Array.from({ length: 400_000 }, () => 1))),
    ]
    for (const where of wheres) {
      const { query } = filtered(wire, {})
      expect(await codeOfText(wire, `{"query": ${JSON.stringify(query)}, "variables": {"where": ${where}}}`)).toBe(
        'LIMIT_EXCEEDED',
      )
    }
    for (const open of ['[', '{a:', '{']) {
      const literal = `{ features(layer: "places", where: ${open.repeat(600)}) { count } }`
      expect(await codesOf(server, wire, { query: literal })).toEqual(['BAD_INPUT'])
    }
  })

  it('names that are similar to a wrong one are not shown', async () => {
    const shown = JSON.stringify(await ask(server, '{ layer { nam } layrs { name } features(layr: "x") { count } }'))
    const variables = JSON.stringify(
      await ask(server, 'query ($w: FeatureFilter) { features(layer: "places", where: $w) { count } }', { w: { bbx: 1 } }),
    )
    expect(shown + variables).not.toMatch(/did you mean/i)
    expect([shown, variables].every((text) => text.includes('BAD_INPUT'))).toBe(true)
  })
})

it('a page has 1 to 10,000 features, a batch too', async () => {
  for (const [size, codes] of [
    [10_000, []],
    [10_001, ['BAD_INPUT']],
    [0, ['BAD_INPUT']],
  ] as const) {
    expect(await codesOf(server, 'HTTP', { query: `{ features(layer: "places", first: ${size}) { count } }` })).toEqual(codes)
    const batches = { query: `subscription { featureBatches(layer: "places", batchSize: ${size}) { count } }` }
    for (const wire of ['SSE', 'WebSocket'] as const) expect(await codesOf(server, wire, batches)).toEqual(codes)
  }
})

it('a message of 16 KiB before connection_ack is taken, a larger one closes the socket with 1009', async () => {
  const init = (bytes: number) => {
    const text = JSON.stringify({ type: 'connection_init', payload: { x: '' } })
    return text.replace('""', `"${'x'.repeat(bytes - text.length)}"`)
  }
  const [taken, refused] = [new RawSocket(server.socketUrl), new RawSocket(server.socketUrl)]
  await Promise.all([once(taken.ws, 'open'), once(refused.ws, 'open')])
  taken.ws.send(init(16_384))
  refused.ws.send(init(16_385))
  await taken.until(({ type }) => type === 'connection_ack')
  expect((await refused.closed).code).toBe(1009)
  taken.close()
})

describe('an operator sets', () => {
  const SET: Partial<Config> = {
    maxDepth: 3,
    maxTokens: 100,
    maxAliases: 2,
    maxRootFields: 1,
    maxFilterDepth: 3,
    maxFilters: 5,
    maxVertices: 50,
    maxBodyBytes: 2_000,
    maxMessageBytes: 20_000,
    maxSocketOperations: 2,
    introspection: false,
  }
  let strict: TestServer
  beforeAll(async () => {
    strict = await serve([PLACES], SET)
  })
  afterAll(() => strict.close())

  it.each([
    ['levels of fields', 3],
    ['tokens of the text', 100],
    ['aliases', 2],
    ['root fields', 1],
    ['levels of a filter', 3],
    ['filters in a filter', 5],
    ['vertices of a geometry', 50],
  ])('%s', async (what, most) => {
    const [, make] = LIMITS[what]!
    for (const wire of WIRES) {
      expect(await codesOf(strict, wire, make(wire, most))).not.toContain('LIMIT_EXCEEDED')
      expect(await codesOf(strict, wire, make(wire, most + 1))).toContain('LIMIT_EXCEEDED')
    }
  })

  it('bodies, messages and operations of a socket', async () => {
    const answer = await ask(strict, '{ __typename }', { x: 'x'.repeat(2_000) })
    expect(answer.errors?.[0]?.extensions['code']).toBe('LIMIT_EXCEEDED')
    const socket = await RawSocket.open(strict.socketUrl)
    for (const id of ['a', 'b', 'c']) socket.subscribe(id, 'subscription { health(everyMs: 60000) { ready } }')
    const [refused] = await socket.ended('c')
    expect(refused!.payload).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }])
    socket.subscribe('d', '{ __typename }', { x: 'x'.repeat(20_000) })
    expect((await socket.closed).code).toBe(1009)
  })

  it('introspection', async () => {
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Layer") { name } }']) {
      expect(new Set(await codesOf(strict, 'HTTP', { query }))).toEqual(new Set(['BAD_INPUT']))
      expect(await codesOf(server, 'HTTP', { query })).toEqual([])
    }
    expect(await codesOf(strict, 'HTTP', { query: '{ __typename }' })).toEqual([])
  })
})

it('what an operator raises to its most is answered: filters that deep and that many, geometry that large', async () => {
  const raised = { maxFilterDepth: 50, maxFilters: 1_000, maxVertices: 200_000, maxBodyBytes: 20e6 }
  const wide = await serve([PLACES], raised)
  const count = async (where: object) => {
    const { data } = await ask<{ features: { totalCount: string } }>(
      wide,
      'query ($where: FeatureFilter) { features(layer: "places", where: $where, first: 1) { totalCount } }',
      { where },
    )
    return data?.features.totalCount
  }
  const here = { bbox: [-90, -45, 90, 45] }
  const all = await count(here)
  expect(Number(all)).toBeGreaterThan(1_000)
  expect(await count(nested<object>(49, here, (inside) => ({ not: inside })))).toBe(all)
  expect(await count(nested<object>(50, here, (inside) => ({ and: [inside] })))).toBe(all)
  expect(await count({ or: [here, ...Array.from({ length: 998 }, (_, n) => among([`none ${n}`]))] })).toBe(all)
  expect(Number(await count({ intersects: { geojson: polygon(200_000) } }))).toBeGreaterThan(1_000)
  await wide.close()
})
