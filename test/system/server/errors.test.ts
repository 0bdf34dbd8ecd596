/**
 * Every code of the list, provoked on every wire where it can occur, by what really causes it. What cannot be brought about at will
 * (INTERNAL) is thrown by services of the test's own, which the wires treat as they treat the real ones.
 */

import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FILTER_LIMITS } from '../../../src/ask/read/read-filter.ts'
import { CAPABILITIES } from '../../../src/engines/duckdb/capabilities.ts'
import { SparkError } from '../../../src/engines/spark/host/spark-connection.ts'
import { unavailable } from '../../../src/engines/spark/host/spark-engine.ts'
import type { Services } from '../../../src/graphql/context.ts'
import { HealthSubscribers } from '../../../src/graphql/health-events.ts'
import { Introspector } from '../../../src/graphql/introspection/introspector.ts'
import { LayerChanges } from '../../../src/graphql/layer-events.ts'
import { ERROR_CODES, type ErrorCode } from '../../../src/model/errors.ts'
import type { RunningServer } from '../../../src/server/server.ts'
import { fixture } from '../../fixtures/index.ts'
import { Orders } from '../../support/faults/order.ts'
import { ask, type PageInfo, post, quiet } from '../../support/graphql.ts'
import { LAYER } from '../../support/layers.ts'
import { PLACES, serve, startListening, type TestServer } from '../../support/server.ts'
import { EventSource } from './event-source.ts'
import { ALL_WIRES, type AnyWire, type Asked, failing, type WireError } from './failing-operation.ts'
import { openParts, payloadsOf } from './parts.ts'
import { RawSocket } from './raw-socket.ts'
import { openWires } from './service-wires.ts'

const ALL = ALL_WIRES
const STREAMS = ['SSE', 'WebSocket', 'multipart'] as const
const ACCEPT = { HTTP: 'application/json', SSE: 'text/event-stream', multipart: 'multipart/mixed;subscriptionSpec=1.0' } as const
const OVER_HTTP = ['HTTP', 'SSE', 'multipart'] as const

/** The wires of each code below. On a WebSocket UNAUTHENTICATED is the close code 4403. A page has no slow reader. */
const MET: Readonly<Record<ErrorCode, readonly AnyWire[]>> = {
  BAD_INPUT: ALL,
  UNAUTHENTICATED: OVER_HTTP,
  FORBIDDEN: ['HTTP'],
  PERSISTED_QUERY_NOT_FOUND: ALL,
  PERSISTED_QUERY_NOT_SUPPORTED: ALL,
  LAYER_NOT_FOUND: ALL,
  LAYER_NOT_READY: ALL,
  CURSOR_INVALID: ALL,
  CURSOR_EXPIRED: ALL,
  LIMIT_EXCEEDED: ALL,
  UNSUPPORTED: ALL,
  ENGINE_UNAVAILABLE: ALL,
  OVERLOADED: ALL,
  DEADLINE_EXCEEDED: ALL,
  SLOW_CONSUMER: STREAMS,
  OUT_OF_MEMORY: ALL,
  QUARANTINED: ALL,
  WORKER_LOST: ALL,
  // A stream under which its source changes cannot be resumed: it ends with CURSOR_EXPIRED.
  SOURCE_CHANGED: ['HTTP'],
  SOURCE_UNREADABLE: ALL,
  SHUTTING_DOWN: ALL,
  INTERNAL: ALL,
}
const met = new Map<ErrorCode, Set<AnyWire>>(Object.keys(ERROR_CODES).map((code) => [code as ErrorCode, new Set()]))

function meet(code: ErrorCode, wire: AnyWire, { message, extensions }: WireError): void {
  expect(extensions, message).toMatchObject({ code, retry: ERROR_CODES[code][1] })
  expect(message).not.toMatch(/\/|SELECT|Error:|\n/)
  met.get(code)!.add(wire)
}

const features = (args: string, fields = 'count'): Asked => ({
  page: `query ($where: FeatureFilter) { features(where: $where, ${args}) { ${fields} } }`,
  stream: `subscription ($where: FeatureFilter) { featureBatches(where: $where, ${args}) { ${fields} } }`,
})

/** True for no feature, which takes 4 ns per feature and vertex to find out: two seconds for 500 vertices. */
function never(vertices: number) {
  const ring = Array.from({ length: vertices }, (_, n) => {
    const angle = (2 * Math.PI * (n % (vertices - 1))) / (vertices - 1)
    return [150 * Math.cos(angle), 75 * Math.sin(angle) * (n % 2 && n < vertices - 1 ? 0.9 : 1)]
  })
  const geojson = { type: 'Polygon', coordinates: [ring] }
  return { and: [{ within: { geojson } }, { not: { intersects: { geojson } } }] }
}
/** Longer than any deadline here. */
const ENDLESS: Asked = { ...features('layer: "points"'), variables: { where: never(6_000) } }

let folder: string
let heavy: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  heavy = await fixture('heavy')
})
afterAll(() => rm(folder, { recursive: true }))

describe('a wrong request', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await serve([PLACES])
  })
  afterAll(() => server.close())

  const tooMany = Array.from({ length: 10_001 }, (_, n) => n)
  it.each<[ErrorCode, Asked]>([
    ['BAD_INPUT', features('layer: "places", orderBy: [{ property: "nothing" }]')],
    ['LAYER_NOT_FOUND', features('layer: "nowhere"')],
    ['CURSOR_INVALID', features('layer: "places", after: "AUv2Xx"')],
    ['LIMIT_EXCEEDED', { ...features('layer: "places"'), variables: { where: { property: { name: 'name', in: tooMany } } } }],
  ])('is %s', async (code, asked) => {
    for (const wire of ALL) meet(code, wire, await failing(server, wire, asked))
  })

  it('to write is FORBIDDEN without --writes', async () => {
    const page = 'mutation { deleteFeatures(layer: "places", keys: []) { written } }'
    meet('FORBIDDEN', 'HTTP', await failing(server, 'HTTP', { page, stream: page }))
  })

  it('without the token is UNAUTHENTICATED', async () => {
    const closed = await serve([PLACES], { token: 'a-token-for-tests-only' })
    for (const wire of OVER_HTTP) {
      const response = await post(closed, { query: '{ __typename }' }, { accept: ACCEPT[wire] })
      const { errors } = (await response.json()) as { errors: WireError[] }
      meet('UNAUTHENTICATED', wire, errors[0]!)
    }
    await closed.close()
  })

  it.each([
    ['that is not known is PERSISTED_QUERY_NOT_FOUND', 1],
    ['of another version is PERSISTED_QUERY_NOT_SUPPORTED', 2],
  ] as const)('with a hash %s', async (_what, version) => {
    const code = version === 1 ? 'PERSISTED_QUERY_NOT_FOUND' : 'PERSISTED_QUERY_NOT_SUPPORTED'
    const extensions = { persistedQuery: { version, sha256Hash: '0'.repeat(64) } }
    for (const wire of OVER_HTTP) {
      // The error is one line of JSON in every form.
      const text = await (await post(server, { extensions }, { accept: ACCEPT[wire] })).text()
      const { errors } = JSON.parse(/\{"errors":.*\]\}/.exec(text)![0]) as { errors: WireError[] }
      meet(code, wire, errors[0]!)
    }
    const socket = await RawSocket.open(server.socketUrl)
    socket.send({ id: 'a', type: 'subscribe', payload: { query: '', extensions } })
    meet(code, 'WebSocket', ((await socket.ended('a')).at(-1)!.payload as WireError[])[0]!)
    socket.close()
  })
})

describe('a server that starts or stops', () => {
  it('says LAYER_NOT_READY, then SHUTTING_DOWN', async () => {
    const server = await startListening([join(heavy, 'points.parquet')])
    const early = await Promise.all(ALL.map((wire) => failing(server, wire, features('layer: "points"'))))
    for (const [n, wire] of ALL.entries()) meet('LAYER_NOT_READY', wire, early[n]!)
    await server.ready
    const late = ALL.map((wire) => failing(server, wire, ENDLESS))
    await expect.poll(() => begun(server)).toBe(ALL.length)
    await server.close()
    for (const [n, wire] of ALL.entries()) meet('SHUTTING_DOWN', wire, await late[n]!)
  })
})

describe('data that changes', () => {
  it.each(ALL)('is CURSOR_EXPIRED or SOURCE_CHANGED, then SOURCE_UNREADABLE, over %s', async (wire) => {
    const name = `points_${wire.toLowerCase()}`
    const file = join(folder, `${name}.parquet`)
    await cp(join(heavy, 'points.parquet'), file)
    const server = await serve([file])
    const layer = `layer: "${name}"`
    const { data } = await ask<{ features: { pageInfo: PageInfo } }>(
      server,
      `{ features(${layer}, first: 1) { pageInfo { endCursor } } }`,
    )
    const running = failing(server, wire, { ...features(layer), variables: { where: never(700) } })
    await expect.poll(() => busy(server)).toBeGreaterThan(0)
    await replace(file, join(heavy, 'wide.parquet'))
    meet(wire === 'HTTP' ? 'SOURCE_CHANGED' : 'CURSOR_EXPIRED', wire, await running)
    meet('CURSOR_EXPIRED', wire, await failing(server, wire, features(`${layer}, after: "${data!.features.pageInfo.endCursor}"`)))
    await writeFile(file, 'no Parquet at all')
    meet('SOURCE_UNREADABLE', wire, await failing(server, wire, features(layer)))
    await server.close()
  })
})

describe('what takes more than there is', () => {
  it('time is DEADLINE_EXCEEDED, a place in the queue OVERLOADED', async () => {
    const server = await serve([heavy], { workers: 1, queueLength: 0, deadlineSeconds: 2 })
    for (const wire of ALL) {
      const running = failing(server, wire, ENDLESS)
      await expect.poll(() => busy(server)).toBe(1)
      const refused = await failing(server, wire, ENDLESS)
      meet('OVERLOADED', wire, refused)
      expect(refused.extensions['retryAfter']).toBeGreaterThan(0)
      meet('DEADLINE_EXCEEDED', wire, await running)
    }
    await server.close()
  })

  it('memory is OUT_OF_MEMORY', async () => {
    const server = await serve([heavy], { workers: 1, memoryLimitBytes: 64e6, tempDirectoryBytes: 1e6 })
    const sorted = 'layer: "wide", orderBy: [{ property: "text" }]'
    const { page } = features(`${sorted}, first: 4000`, 'count features { properties }')
    const { stream } = features(sorted, 'count features { properties }')
    for (const wire of ALL) meet('OUT_OF_MEMORY', wire, await failing(server, wire, { page, stream }))
    await server.close()
  })

  it('patience is SLOW_CONSUMER', async () => {
    const server = await serve([join(heavy, 'points.parquet')], { stallSeconds: 0.5 })
    const { stream } = features('layer: "points", batchSize: 4096', 'geojson arrow features { id geometry properties }')
    const socket = await RawSocket.open(server.socketUrl)
    socket.subscribe('a', stream)
    await socket.until(({ id }) => id === 'a')
    socket.ws.pause()
    const source = await EventSource.open(server, stream)
    await source.next()
    const parts = await openParts(server, stream)
    await quiet(server)
    socket.ws.resume()
    const last = (await socket.ended('a')).at(-1)!
    meet('SLOW_CONSUMER', 'WebSocket', (last.payload as WireError[])[0]!)
    const error = (await source.all()).findLast(({ data }) => data)!.data!.errors![0]!
    meet('SLOW_CONSUMER', 'SSE', error)
    meet('SLOW_CONSUMER', 'multipart', (await payloadsOf(parts)).at(-1)!.errors![0]!)
    expect(error.extensions['cursor']).toEqual(expect.any(String))
    await server.close()
  })
})

/** Two are enough, unless a worker dies before the query has started in it. */
const MOST_KILLED = 10

describe('a query that ends its workers', () => {
  it.each(ALL)('is QUARANTINED over %s', async (wire) => {
    const server = await serve([heavy], { workers: 1, deadlineSeconds: 120 })
    let ended = false
    const running = failing(server, wire, ENDLESS).finally(() => {
      ended = true
    })
    const killed = new Set<number>()
    while (!ended && killed.size < MOST_KILLED) {
      const pid = await busyPid(server)
      // Like a crash in native code: first in the normal lane, then alone. A death before the query has started does not count.
      if (pid !== null && !killed.has(pid)) process.kill(pid, 'SIGSEGV')
      if (pid !== null) killed.add(pid)
      await setTimeout(100)
    }
    meet('QUARANTINED', wire, await running)
    const again = await failing(server, wire, ENDLESS)
    meet('QUARANTINED', wire, again)
    expect(again.extensions['retryAfter']).toBeGreaterThan(0)
    await server.close()
  })
})

describe('a query whose executions end without a word', () => {
  it('three times before a batch is WORKER_LOST', async () => {
    const orders = new Orders()
    const server = await serve([PLACES], { workers: 1 }, orders.execArgv)
    orders.give({ fault: 'SILENT_END', at: 1, lasting: true })
    // Only a result that is streamed can end without a word, so not a page of few features.
    const { page } = features('layer: "places", first: 10000')
    for (const wire of ALL) meet('WORKER_LOST', wire, await failing(server, wire, { ...features('layer: "places"'), page }))
    orders.end()
    await server.close()
  })
})

const serverOf = (url: string): RunningServer => ({
  url: url.replace('/graphql', ''),
  network: [],
  layers: () => [],
  ready: Promise.resolve([]),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
})

describe('what cannot be brought about', () => {
  it('UNSUPPORTED names the layer, the engine and what it lacks, on every wire', async () => {
    const layer = { ...LAYER, name: 'buildings' }
    const services: Services = {
      catalog: {
        layers: () => [layer],
        layer: () => layer,
        rivals: () => [],
        fresh: async () => layer,
        writes: () => 0,
        unreadable: () => {},
        keep: async () => null,
      },
      get engine(): never {
        throw new Error('The engine was asked')
      },
      can: { engine: 'Plain', lacks: new Set(['orderBy']) },
      cursorSecret: '',
      basePath: '',
      filterLimits: FILTER_LIMITS,
      pageRows: 10_000,
      deadlineSeconds: 30,
      health: () => Promise.reject(new Error('The health was asked')),
      healthSubscribers: new HealthSubscribers(),
      layerChanges: new LayerChanges(),
      introspector: new Introspector({ layers: () => [] }),
      stopping: new AbortController().signal,
    }
    const wires = await openWires(services)
    const server = serverOf(wires.url)
    for (const wire of ALL) {
      const error = await failing(server, wire, features('layer: "buildings", orderBy: [{ property: "name" }]'))
      expect(error.message).toBe('Layer buildings is served by Plain, which has no `orderBy`; ask without it.')
      meet('UNSUPPORTED', wire, error)
    }
    wires.close()
  })

  it.each<[ErrorCode, Error]>([
    ['INTERNAL', new Error('IO Error: /srv/secret')],
    ['ENGINE_UNAVAILABLE', unavailable('big', new SparkError('[PATH_NOT_FOUND] /srv/secret', false))],
  ])('%s is reported on every wire', async (code, error) => {
    const services: Services = {
      get catalog(): never {
        throw error
      },
      get engine(): never {
        throw error
      },
      can: CAPABILITIES,
      cursorSecret: '',
      basePath: '',
      filterLimits: FILTER_LIMITS,
      pageRows: 10_000,
      deadlineSeconds: 30,
      health: () => Promise.reject(error),
      healthSubscribers: new HealthSubscribers(),
      layerChanges: new LayerChanges(),
      introspector: new Introspector({ layers: () => [] }),
      stopping: new AbortController().signal,
    }
    const wires = await openWires(services)
    const server = serverOf(wires.url)
    for (const wire of ALL) meet(code, wire, await failing(server, wire, features('layer: "x"')))
    wires.close()
  })
})

it('every code is tested on every wire where it can occur, and on no other', () => {
  expect(Object.fromEntries([...met].map(([code, wires]) => [code, ALL.filter((wire) => wires.has(wire))]))).toEqual(MET)
})

async function busy(server: TestServer): Promise<number> {
  return (await workersOf(server)).filter(({ state }) => state === 'BUSY').length
}

/** Executions that have a worker, or wait for one. */
async function begun(server: TestServer): Promise<number> {
  const { data } = await ask<{ health: { queued: number } }>(server, '{ health { queued } }')
  return (await busy(server)) + data!.health.queued
}

async function busyPid(server: TestServer): Promise<number | null> {
  return (await workersOf(server)).find(({ state }) => state === 'BUSY')?.pid ?? null
}

async function workersOf(server: TestServer): Promise<readonly { readonly state: string; readonly pid: number | null }[]> {
  const { data } = await ask<{ health: { workers: { state: string; pid: number | null }[] } }>(
    server,
    '{ health { workers { state pid } } }',
  )
  return data!.health.workers
}

/** A file is never seen half-written. */
async function replace(file: string, by: string): Promise<void> {
  await cp(by, `${file}.new`)
  await rename(`${file}.new`, file)
}
