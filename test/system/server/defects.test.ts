/** Unforeseen errors in a failing service: on every wire they are INTERNAL with the id that the log has. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FILTER_LIMITS } from '../../../src/ask/read/read-filter.ts'
import { CAPABILITIES } from '../../../src/engines/duckdb/capabilities.ts'
import type { Services } from '../../../src/graphql/context.ts'
import { HealthSubscribers } from '../../../src/graphql/health-events.ts'
import { Introspector } from '../../../src/graphql/introspection/introspector.ts'
import { LayerChanges } from '../../../src/graphql/layer-events.ts'
import { RawSocket } from './raw-socket.ts'
import { openWires, type ServiceWires } from './service-wires.ts'

const SECRET = 'IO Error: Cannot open file "/srv/secret.parquet"'

const failing: Services = {
  get catalog(): never {
    throw new Error(SECRET)
  },
  get engine(): never {
    throw new Error(SECRET)
  },
  can: CAPABILITIES,
  cursorSecret: '',
  basePath: '',
  filterLimits: FILTER_LIMITS,
  pageRows: 10_000,
  deadlineSeconds: 30,
  health: () => Promise.reject(new TypeError(SECRET)),
  healthSubscribers: new HealthSubscribers(),
  layerChanges: new LayerChanges(),
  introspector: new Introspector({ layers: () => [] }),
  stopping: new AbortController().signal,
}

let wires: ServiceWires

beforeAll(async () => {
  wires = await openWires(failing)
})
afterAll(() => wires.close())

function expectMasked(error: unknown): void {
  const { message, extensions } = error as { message: string; extensions: { correlationId: string } }
  expect(extensions).toEqual({ code: 'INTERNAL', retry: false, correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  expect(message).toBe(`A defect of the server; its log has it under ${extensions.correlationId}.`)
  const logged = wires.lines.filter(({ correlationId, err }) => err && correlationId === extensions.correlationId)
  expect(logged).toHaveLength(1)
  expect(logged[0]!.err).toMatchObject({ message: SECRET, stack: expect.stringContaining('defects.test.ts') })
}

async function post(query: string, accept: string): Promise<Response> {
  return await fetch(wires.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query }),
  })
}

describe('a defect', () => {
  it.each(['application/json', 'application/graphql-response+json'])('in a query is masked as %s', async (type) => {
    const response = await post('{ health { ready } layers { name } }', type)
    const { data, errors } = (await response.json()) as { data: null; errors: unknown[] }
    expect(response.status).toBe(200)
    expect(data).toBeNull()
    expectMasked(errors[0])
  })

  it('in a subscription is masked as a JSON answer and as an event', async () => {
    const query = 'subscription { featureBatches(layer: "x") { count } }'
    const response = await post(query, 'application/graphql-response+json')
    expect(response.status).toBe(500)
    expectMasked(((await response.json()) as { errors: unknown[] }).errors[0])
    const [next] = (await (await post(query, 'text/event-stream')).text()).match(/(?<=^data: ).*$/m)!
    expectMasked((JSON.parse(next) as { errors: unknown[] }).errors[0])
  })

  it('of a subscription under way is masked as an event and as a message', async () => {
    const query = 'subscription { health { ready } }'
    const [next] = (await (await post(query, 'text/event-stream')).text()).match(/(?<=^data: ).*$/m)!
    expectMasked((JSON.parse(next) as { errors: unknown[] }).errors[0])
    const socket = await RawSocket.open(wires.url.replace('http', 'ws'))
    socket.subscribe('a', query)
    const messages = await socket.ended('a')
    expect(messages.map(({ type }) => type)).toEqual(['error'])
    expectMasked((messages[0]!.payload as unknown[])[0])
    socket.close()
  })

  it('over a WebSocket is masked', async () => {
    const socket = await RawSocket.open(wires.url.replace('http', 'ws'))
    socket.subscribe('a', '{ health { ready } }')
    const [next] = await socket.ended('a')
    expectMasked((next!.payload as { errors: unknown[] }).errors[0])
    socket.close()
  })
})

describe('the log', () => {
  it('has one line per operation with its id', async () => {
    const before = wires.lines.length
    const response = await post('query named { __typename }', 'application/json')
    await response.text()
    await expect.poll(() => wires.lines.length).toBeGreaterThan(before)
    const id = response.headers.get('x-request-id')
    const own = wires.lines.slice(before).filter(({ operation }) => operation?.['id'] === id)
    expect(own).toHaveLength(1)
    expect(own[0]!.operation).toEqual({
      id,
      cached: false,
      client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      kind: 'query',
      operationName: 'named',
      layer: null,
      rows: 0,
      bytes: 31,
      batches: 0,
      ms: expect.any(Number),
      waitMs: expect.any(Number),
      lane: null,
      degraded: false,
      outcome: 'complete',
    })
  })

  it('has the outcome of an operation', async () => {
    const expectOutcome = async (query: string, outcome: string) => {
      const id = (await post(query, 'application/json')).headers.get('x-request-id')
      await expect.poll(() => wires.lines.find(({ operation }) => operation?.['id'] === id)?.operation?.['outcome']).toBe(outcome)
    }
    await expectOutcome('{ health { ready } }', 'INTERNAL')
    await expectOutcome('{ nothing }', 'BAD_INPUT')
  })
})
