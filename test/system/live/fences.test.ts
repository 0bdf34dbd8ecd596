/** Geofences over real sockets: the events of each change, and what begins, continues and refuses a subscription. */
import { createClient } from 'graphql-ws'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ask, quiet } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT, workersOf } from '../../support/live.ts'
import { serveLive } from '../../support/live-server.ts'

const { server } = await serveLive()

interface Update {
  readonly __typename: string
  readonly token: string
  readonly version?: string
  readonly count?: number
  readonly events?: readonly FenceEvent[]
}

interface FenceEvent {
  readonly detect: string
  readonly version: string
  readonly fence: string | null
  readonly object: { readonly key: string; readonly properties?: object; readonly geometry?: object }
}

const SELECTION = `__typename
  ... on FenceBatch { token count events { detect version fence object { key } } }
  ... on UpToDate { token version }
  ... on Heartbeat { token version }`

interface Asked {
  readonly fences?: string
  readonly detect?: readonly string[] | null
  readonly since?: string
  readonly more?: string
  readonly selection?: string
}

const SQUARE = '{ geometry: { bbox: [0, 0, 10, 10] } }'

/** The events of one subscription. */
class Fences {
  readonly #client
  readonly #updates: AsyncIterator<{ data?: { fences: Update } | null }>

  constructor(objects: string, { fences = SQUARE, detect, since, more = '', selection = SELECTION }: Asked = {}, at = server) {
    this.#client = createClient({ url: at.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    const query = `subscription ($since: Cursor, $detect: [FenceDetection!]) {
      fences(objects: "${objects}", fences: ${fences}, detect: $detect, since: $since, maxPerSecond: 50 ${more}) { ${selection} } }`
    this.#updates = this.#client.iterate<{ fences: Update }>({ query, variables: { since, detect } }) as never
  }

  async next(): Promise<Update> {
    const { value } = await this.#updates.next()
    if (!value?.data) throw new Error(JSON.stringify(value))
    return value.data.fences
  }

  /** Returns the next events, at least this number. */
  async events(count: number): Promise<readonly FenceEvent[]> {
    const events: FenceEvent[] = []
    while (events.length < count) events.push(...((await this.next()).events ?? []))
    return events
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const errors = (await promise.catch((error: unknown) => error)) as readonly { readonly extensions: { readonly code: string } }[]
  return errors[0]?.extensions.code
}

const create = (name: string) => ask(server, CREATE, { name, columns: [{ name: 'n', type: 'INTEGER' }] })
const features = (places: Readonly<Record<string, readonly [number, number]>>) =>
  Object.entries(places).map(([key, [x, y]]) => ({ key, geometry: point(x, y), properties: { n: x | 0 } }))
const move = (layer: string, places: Readonly<Record<string, readonly [number, number]>>) =>
  ask(server, UPSERT, { layer, features: features(places) })
const remove = (layer: string, keys: readonly string[]) => ask(server, DELETE, { layer, keys })
const short = (events: readonly FenceEvent[]) => events.map(({ detect, object }) => `${object.key} ${detect}`)

test('an object that enters, stays, leaves, crosses and is deleted sends the events of each change', async () => {
  await create('cars')
  const all = new Fences('cars', { detect: ['ENTER', 'EXIT', 'CROSS', 'INSIDE', 'OUTSIDE'] })
  expect(await all.next()).toMatchObject({ __typename: 'UpToDate' })
  const steps: readonly [readonly [number, number] | null, readonly string[]][] = [
    [[-5, 5], ['OUTSIDE']],
    [
      [5, 5],
      ['ENTER', 'INSIDE'],
    ],
    [[6, 6], ['INSIDE']],
    [[6, 6], ['INSIDE']],
    [
      [15, 5],
      ['EXIT', 'OUTSIDE'],
    ],
    [
      [-5, 5],
      ['CROSS', 'OUTSIDE'],
    ],
    [[-5, 50], ['OUTSIDE']],
    [
      [1, 1],
      ['ENTER', 'INSIDE'],
    ],
    [null, ['EXIT']],
  ]
  for (const [place, expected] of steps) {
    if (place) await move('cars', { a: place })
    else await remove('cars', ['a'])
    expect(short(await all.events(expected.length))).toEqual(expected.map((detect) => `a ${detect}`))
  }
  await all.close()
})

test('events of `detect` only are sent, and ENTER, EXIT and CROSS by default', async () => {
  await create('chosen')
  const [inside, transitions] = [new Fences('chosen', { detect: ['INSIDE'] }), new Fences('chosen')]
  for (const fences of [inside, transitions]) await fences.next()
  for (const x of [-5, 5, 6, 15, -5]) await move('chosen', { a: [x, 5] })
  expect(short(await inside.events(2))).toEqual(['a INSIDE', 'a INSIDE'])
  expect(short(await transitions.events(3))).toEqual(['a ENTER', 'a EXIT', 'a CROSS'])
  for (const fences of [inside, transitions]) await fences.close()
})

test('an object that enters and leaves while nobody looks sends both events, and a replay from any token has the rest', async () => {
  await create('away')
  const before = new Fences('away')
  const { token } = await before.next()
  await before.close()
  const versions: string[] = []
  for (const x of [-5, 5, 15, 5, -5]) {
    const { data } = await ask<{ upsertFeatures: { version: string } }>(server, UPSERT, {
      layer: 'away',
      features: features({ a: [x, 5] }),
    })
    versions.push(data!.upsertFeatures.version)
  }
  const after = new Fences('away', { since: token })
  const batch = await after.next()
  expect(short(batch.events!)).toEqual(['a ENTER', 'a EXIT', 'a ENTER', 'a EXIT'])
  expect(batch.events!.map(({ version }) => version)).toEqual(versions.slice(1))
  expect(batch).toMatchObject({ __typename: 'FenceBatch', count: 4 })
  expect(await after.next()).toMatchObject({ __typename: 'UpToDate', version: versions.at(-1) })
  await after.close()
  const rest = new Fences('away', { since: batch.token })
  expect(await rest.next()).toMatchObject({ __typename: 'UpToDate' })
  await move('away', { a: [1, 1], b: [2, 2] })
  expect(short(await rest.events(2))).toEqual(['a ENTER', 'b ENTER'])
  await rest.close()
})

test('an object that matches `where` no more, or has no geometry any more, leaves, with its last place', async () => {
  await create('filtered')
  const fences = new Fences('filtered', {
    more: ', where: { property: { name: "n", gte: 3 } }',
    selection: '__typename ... on FenceBatch { events { detect object { key geometry(precision: 0) properties } } }',
  })
  await fences.next()
  await move('filtered', { a: [1, 1], b: [5, 5] })
  const of = (x: number, n = x) => ({ geometry: { type: 'Point', coordinates: [x, x] }, properties: { n } })
  expect(await fences.events(1)).toEqual([{ detect: 'ENTER', object: { key: 'b', ...of(5) } }])
  await move('filtered', { a: [4, 4], b: [2, 2] })
  expect(await fences.events(2)).toEqual([
    { detect: 'ENTER', object: { key: 'a', ...of(4) } },
    { detect: 'EXIT', object: { key: 'b', ...of(5) } },
  ])
  await ask(server, UPSERT, { layer: 'filtered', features: [{ key: 'a', properties: { n: 9 } }] })
  expect(await fences.events(1)).toEqual([{ detect: 'EXIT', object: { key: 'a', geometry: null, properties: { n: 9 } } }])
  await fences.close()
})

test('the border is inside, lines and polygons are inside if they touch, and the short way over the antimeridian crosses', async () => {
  await create('shapes')
  const detect = ['ENTER', 'EXIT', 'CROSS']
  const square = new Fences('shapes', { detect })
  const date = new Fences('shapes', { detect, fences: '{ geometry: { bbox: [179.8, -1, 180, 1] } }' })
  const greenwich = new Fences('shapes', { detect, fences: '{ geometry: { bbox: [-1, -1, 1, 1] } }' })
  for (const fences of [square, date, greenwich]) await fences.next()
  await move('shapes', { border: [10, 10], near: [10.0001, 10] })
  expect(short(await square.events(1))).toEqual(['border ENTER'])
  const line = {
    geojson: {
      type: 'LineString',
      coordinates: [
        [-5, 5],
        [0, 5],
      ],
    },
  }
  await ask(server, UPSERT, { layer: 'shapes', features: [{ key: 'line', geometry: line, properties: {} }] })
  expect(short(await square.events(1))).toEqual(['line ENTER'])
  await move('shapes', { ship: [179, 0] })
  await move('shapes', { ship: [-179, 0] })
  expect(short(await date.events(1))).toEqual(['ship CROSS'])
  await move('shapes', { ship: [-10, 0] })
  await move('shapes', { ship: [10, 0.5] })
  expect(short(await greenwich.events(1))).toEqual(['ship CROSS'])
  for (const fences of [square, date, greenwich]) await fences.close()
})

const zone = (key: string, west: number, south: number, size = 10) => {
  const [east, north] = [west + size, south + size]
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { key, geometry: { geojson: { type: 'Polygon', coordinates: [ring] } }, properties: {} }
}
const zones = (layer: string, ...list: ReturnType<typeof zone>[]) => ask(server, UPSERT, { layer, features: list })

test('fences of a live layer have the version that they had when the object changed, also in a replay', async () => {
  await create('vans')
  await create('zones')
  await zones('zones', zone('west', 0, 0), zone('east', 5, 0), zone('far', 100, 0))
  const asked = { fences: '{ layer: "zones" }' }
  const named = (events: readonly FenceEvent[]) => events.map(({ detect, fence }) => `${detect} ${fence}`)
  const fences = new Fences('vans', asked)
  const { token } = await fences.next()
  await move('vans', { a: [7, 5] })
  const expected = ['ENTER east', 'ENTER west']
  expect(named(await fences.events(2))).toEqual(expected)
  // A fence that moves is no event. The object leaves the fence as it is now.
  await zones('zones', zone('west', 50, 0), zone('new', 5, 0))
  await move('vans', { a: [20, 5] })
  expected.push('EXIT east', 'EXIT new')
  expect(named(await fences.events(2))).toEqual(expected.slice(2))
  await remove('zones', ['far', 'east', 'new'])
  await move('vans', { a: [105, 5] })
  expected.push('CROSS west')
  expect(named(await fences.events(1))).toEqual(expected.slice(4))
  await fences.close()
  const replay = new Fences('vans', { ...asked, since: token })
  expect(named(await replay.events(5))).toEqual(expected)
  await replay.close()
})

test('the features of a file are fences', async () => {
  await create('flights')
  const places = await ask<{ features: { features: { key: string; geometry: { coordinates: [number, number] } }[] } }>(
    server,
    '{ features(layer: "places", first: 1) { features { key geometry(precision: 15) } } }',
  )
  const [{ key, geometry }] = places.data!.features.features as [{ key: string; geometry: { coordinates: [number, number] } }]
  const fences = new Fences('flights', { fences: '{ layer: "places" }', detect: ['ENTER'] })
  await fences.next()
  await move('flights', { a: geometry.coordinates })
  expect(await fences.events(1)).toEqual([expect.objectContaining({ detect: 'ENTER', fence: key, object: { key: 'a' } })])
  await fences.close()
})

test('two objects that approach each other meet once, with their distance, and a convoy does not meet again', async () => {
  await create('ships')
  const selection = '__typename ... on FenceBatch { events { detect fence distance object { key } } }'
  const fences = new Fences('ships', { fences: '{ roam: 2000 }', detect: null, selection })
  await fences.next()
  const met = async () =>
    ((await fences.events(1)) as readonly (FenceEvent & { distance: number })[]).map(({ detect, fence, distance, object }) => [
      detect,
      object.key,
      fence,
      Math.round(distance),
    ])
  // The example of Tile38: 1,451 metres on a sphere.
  await move('ships', { bob: [-115.01, 33.01] })
  await move('ships', { alice: [-115.02, 33.02] })
  expect(await met()).toEqual([['ROAM', 'alice', 'bob', 1_450]])
  // Both move on, in one mutation, to where the other was or near.
  await move('ships', { bob: [-115.02, 33.02], alice: [-115.03, 33.03] })
  await move('ships', { alice: [-115.03, 33.031] })
  await move('ships', { bob: [-116, 33] })
  await move('ships', { alice: [-116, 33], carol: [-116, 33.01] })
  expect(await met()).toEqual([
    ['ROAM', 'alice', 'bob', 0],
    ['ROAM', 'alice', 'carol', 1_109],
    ['ROAM', 'carol', 'bob', 1_109],
  ])
  await fences.close()
})

test('an object that stays inside long enough by its own times dwells once per stay, also from a token in the middle of it', async () => {
  await ask(server, CREATE, { name: 'buses', columns: [{ name: 'at', type: 'TIMESTAMP' }] })
  const asked = { detect: ['DWELL', 'EXIT'], more: ', dwell: { time: "at", seconds: 60 }' }
  const at = (key: string, x: number, second: number | null) => {
    const time = second === null ? null : new Date(second * 1_000).toISOString().slice(0, -1)
    return { key, geometry: point(x, 5), properties: { at: time } }
  }
  const write = (...list: ReturnType<typeof at>[]) => ask(server, UPSERT, { layer: 'buses', features: list })
  // `b` is inside before the subscription, and has no time when it enters again.
  await write(at('b', 5, 0))
  const fences = new Fences('buses', asked)
  const { token } = await fences.next()
  await write(at('a', 5, 0), at('b', 5, 500))
  await write(at('a', 6, 30))
  await write(at('a', 6, 60.5), at('b', 50, 501))
  const first = ['a DWELL', 'b EXIT']
  expect(short(await fences.events(2))).toEqual(first)
  await write(at('a', 6, 200), at('b', 5, null))
  await write(at('a', 50, 201), at('b', 5, 502))
  const second = ['a EXIT']
  const between = await fences.next()
  expect(short(between.events!)).toEqual(second)
  await write(at('a', 5, 300), at('b', 5, 561))
  await write(at('a', 50, 400), at('b', 5, 562))
  await write(at('a', 5, 500))
  await write(at('a', 5, 560))
  const third = ['a EXIT', 'b DWELL', 'a DWELL']
  expect(short(await fences.events(3))).toEqual(third)
  await fences.close()
  for (const [since, expected] of [
    [token, [...first, ...second, ...third]],
    [between.token, third],
  ] as const) {
    const replay = new Fences('buses', { ...asked, since })
    expect(short(await replay.events(expected.length))).toEqual(expected)
    expect((await replay.next()).__typename).toBe('UpToDate')
    await replay.close()
  }
})

test('a token has the place of all stays, also of more than it holds', async () => {
  await ask(server, CREATE, { name: 'crowd', columns: [{ name: 'at', type: 'TIMESTAMP WITH TIME ZONE' }] })
  const asked = { detect: ['DWELL', 'ENTER'], more: ', dwell: { time: "at", seconds: 10 }' }
  const crowd = (second: number, ...keys: readonly number[]) => {
    const time = new Date(second * 1_000).toISOString()
    const list = keys.map((key) => ({ key: `k${key}`, geometry: point(5, 5), properties: { at: time } }))
    return ask(server, UPSERT, { layer: 'crowd', features: list })
  }
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
  const fences = new Fences('crowd', asked)
  await fences.next()
  await crowd(0, ...numbers(0, 100))
  await crowd(1, ...numbers(100, 200))
  await crowd(5, ...numbers(0, 200))
  const entered: FenceEvent[] = []
  let token = ''
  while (entered.length < 200) {
    const update = await fences.next()
    entered.push(...(update.events ?? []))
    token = update.token
  }
  await fences.close()
  await crowd(10.5, ...numbers(50, 150))
  await crowd(30, ...numbers(0, 200))
  const rest = new Fences('crowd', { ...asked, since: token })
  const dwelt = short(await rest.events(200))
  expect(dwelt.slice(0, 50)).toEqual(numbers(50, 100).map((key) => `k${key} DWELL`))
  expect(dwelt.toSorted()).toEqual(
    numbers(0, 200)
      .map((key) => `k${key} DWELL`)
      .toSorted(),
  )
  expect((await rest.next()).__typename).toBe('UpToDate')
  await rest.close()
})

test('a token that is older than the changes that the store keeps is CURSOR_EXPIRED, and a younger one continues', async () => {
  await create('kept')
  const before = new Fences('kept')
  const { token } = await before.next()
  await before.close()
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ type: 'Feature', id: `k${n}`, geometry: null, properties: {} }))
  const upload = {
    method: 'PUT',
    headers: { 'content-type': 'application/geo+json-seq' },
    body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  }
  expect((await fetch(`${server.url}/layers/kept/features`, upload)).status).toBe(200)
  await move('kept', { a: [5, 5] })
  const after = new Fences('kept', { since: token })
  let update = await after.next()
  while (!update.events) update = await after.next()
  const younger = update.token
  await after.close()
  try {
    const old = async () => {
      // Changes are kept for an hour after the store has seen that they are the latest, and bases for ten minutes.
      vi.setSystemTime(Date.now() + 2 * 3_600_000)
      const fences = new Fences('kept', { since: token })
      const code = await codeOf(fences.next())
      await fences.close()
      return code
    }
    await expect.poll(old, { interval: 1_000 }).toBe('CURSOR_EXPIRED')
  } finally {
    vi.useRealTimers()
  }
  await move('kept', { b: [5, 5] })
  const rest = new Fences('kept', { since: younger })
  expect(short(await rest.events(1))).toEqual(['b ENTER'])
  await rest.close()
})

test('events of one page continue from the token of any part of it, without a loss or a double', async () => {
  await create('many')
  await create('cells')
  await zones('cells', ...Array.from({ length: 40 }, (_, n) => zone(`z${n}`, 0, 0)))
  const asked = { fences: '{ layer: "cells" }' }
  const before = new Fences('many', asked)
  let { token } = await before.next()
  await before.close()
  await move('many', Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, [5, 5]])))
  await move('many', Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, [50, 5]])))
  const seen: string[] = []
  const parts: number[] = []
  for (;;) {
    const fences = new Fences('many', { ...asked, since: token })
    const update = await fences.next()
    await fences.close()
    token = update.token
    if (update.__typename === 'UpToDate') break
    parts.push(update.count!)
    seen.push(...update.events!.map(({ detect, fence, object }) => `${detect} ${object.key} ${fence}`))
  }
  const expected = ['ENTER', 'EXIT'].flatMap((detect) =>
    Array.from({ length: 300 }, (_, n) => Array.from({ length: 40 }, (_, z) => `${detect} k${n} z${z}`)).flat(),
  )
  expect(seen.toSorted()).toEqual(expected.toSorted())
  expect(new Set(seen.slice(0, 12_000).map((event) => event.split(' ')[0]))).toEqual(new Set(['ENTER']))
  expect(parts.length).toBeGreaterThan(4)
})

test('clients with one fence share the work, and each has its own place', async () => {
  await create('shared')
  const all = Array.from({ length: 20 }, (_, n) => new Fences('shared', n % 2 === 0 ? {} : { detect: ['EXIT'] }))
  await Promise.all(all.map((fences) => fences.next()))
  for (const x of [5, 15]) await move('shared', { a: [x, 5], b: [x + 1, 5] })
  const events = await Promise.all(all.map((fences, n) => fences.events(n % 2 === 0 ? 4 : 2)))
  for (const [n, list] of events.entries())
    expect(short(list)).toEqual([...(n % 2 === 0 ? ['a ENTER', 'b ENTER'] : []), 'a EXIT', 'b EXIT'])
  await Promise.all(all.map((fences) => fences.close()))
})

test('an idle layer and a commit away from the fence cost no query, and heartbeats bring the version', async () => {
  await create('idle')
  const fences = new Fences('idle')
  const { version } = await fences.next()
  await quiet(server)
  // Without workers no query has an answer.
  const workers = await workersOf(server)
  for (const pid of workers) process.kill(pid, 'SIGSTOP')
  await move('idle', { a: [50, 50] })
  const progress = await fences.next()
  for (const pid of await workersOf(server)) process.kill(pid, 'SIGCONT')
  expect([workers.length > 0, progress.__typename]).toEqual([true, 'Heartbeat'])
  expect(BigInt(progress.version!)).toBeGreaterThan(BigInt(version!))
  await fences.close()
}, 20_000)

test('files as objects, fences in another CRS, and tokens of other fences are refused', async () => {
  await create('refused')
  const utm = await ask(server, CREATE, { name: 'utm', columns: [], crs: 'EPSG:32632' })
  expect(utm.errors).toBeUndefined()
  const code = async (objects: string, asked: Asked = {}) => {
    const fences = new Fences(objects, asked)
    const found = await codeOf(fences.next())
    await fences.close()
    return found
  }
  expect(await code('places')).toBe('UNSUPPORTED')
  expect(await code('nobody')).toBe('LAYER_NOT_FOUND')
  expect(await code('refused', { fences: '{ layer: "nobody" }' })).toBe('LAYER_NOT_FOUND')
  for (const fences of [
    '{}',
    '{ layer: "places", geometry: { bbox: [0, 0, 1, 1] } }',
    '{ layer: "utm" }',
    '{ layer: "refused" }',
  ])
    expect(await code('refused', { fences }), fences).toBe('BAD_INPUT')
  const dwell = (time: string, seconds: number) => ({
    detect: ['DWELL'],
    more: `, dwell: { time: "${time}", seconds: ${seconds} }`,
  })
  for (const asked of [
    { detect: [] },
    { detect: ['ROAM'] },
    { detect: ['ENTER'], fences: '{ roam: 10 }' },
    { detect: ['DWELL'] },
    { ...dwell('n', 1), detect: ['ENTER'] },
    dwell('n', 1),
    dwell('nothing', 1),
  ])
    expect(await code('refused', asked)).toBe('BAD_INPUT')
  expect(await code('refused', { detect: ['OUTSIDE'], fences: '{ layer: "places" }' })).toBe('LIMIT_EXCEEDED')
  const fences = new Fences('refused')
  const { token } = await fences.next()
  await fences.close()
  for (const asked of [
    { detect: ['ENTER'] },
    { fences: '{ geometry: { bbox: [0, 0, 10, 11] } }' },
    { more: ', where: { property: { name: "n", gte: 3 } }' },
  ])
    expect(await code('refused', { since: token, ...asked }), JSON.stringify(asked)).toBe('CURSOR_INVALID')
  expect(await code('away', { since: token })).toBe('CURSOR_INVALID')
})
