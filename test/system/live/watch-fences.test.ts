/** `watchFences` yields each event once and in order, while connections are cut, the server is restarted and its reader is slow. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type FenceEvent, type FenceWatch, watchFences } from '../../../src/client/client.ts'
import { ask } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { CREATE, point, UPSERT } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

let folder: string
let server: TestServer
let link: Link
const open = (store = 'live') => serve([], { live: join(folder, store), writes: true })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await open()
  link = await Link.to(server)
})
afterAll(async () => {
  await link.close()
  await server.close()
  await rm(folder, { recursive: true })
})

const create = (name: string, at = server) => ask(at, CREATE, { name, columns: [{ name: 'n', type: 'INTEGER' }] })
/** Inside of the fence, or outside of it. */
const move = async (layer: string, places: Readonly<Record<string, boolean>>) => {
  const features = Object.entries(places).map(([key, isInside]) => ({
    key,
    geometry: point(isInside ? 5 : 50, 5),
    properties: {},
  }))
  expect((await ask(server, UPSERT, { layer, features })).errors).toBeUndefined()
}
const square = { geometry: { bbox: [0, 0, 10, 10] } }
const short = ({ detect, object }: FenceEvent) => `${object.key} ${detect}`

/** The first update with events. */
async function firstOf(watch: FenceWatch) {
  for await (const update of watch) if (update.events.length > 0) return update
  throw new Error('a watch has no end')
}

/** Reads in the background. */
class Reader {
  readonly events: string[] = []
  readonly tokens: string[] = []
  readonly done: Promise<unknown>

  constructor(watch: FenceWatch) {
    const read = async () => {
      for await (const { events, token } of watch) {
        this.events.push(...events.map(short))
        this.tokens.push(token)
      }
    }
    this.done = read().catch((error: unknown) => error)
  }
}

test('yields each event once and in order, over cut connections and restarts, also in another program', async () => {
  const random = new Random()
  await create('cars')
  const asked = { url: link.url, objects: 'cars', fences: square, maxPerSecond: 50 }
  const all = watchFences(asked)
  const reader = new Reader(all)
  await expect.poll(() => reader.tokens.length).toBeGreaterThan(0)
  const [begin] = reader.tokens
  const inside = new Map<string, boolean>()
  const expected: string[] = []
  for (let n = 0; n < 40; n++) {
    const keys = [...new Set(random.list(1 + random.integer(5), () => `k${random.integer(10)}`))]
    const places = Object.fromEntries(keys.map((key) => [key, random.chance(0.5)]))
    await move('cars', places)
    for (const [key, is] of Object.entries(places)) {
      if (is !== (inside.get(key) ?? false)) expected.push(`${key} ${is ? 'ENTER' : 'EXIT'}`)
      inside.set(key, is)
    }
    if (random.chance(0.2)) link.cut()
    // In the middle of a message.
    if (random.chance(0.2)) link.cutAt = [link.bytes + 1 + random.integer(500)]
    if (n % 15 === 10) {
      await server.close()
      server = await open()
      link.server = server
    }
  }
  link.cutAt = []
  await expect.poll(() => reader.events).toEqual(expected)
  all.close()
  expect(await reader.done).toBeUndefined()
  const another = watchFences({ ...asked, since: begin })
  const replayed = new Reader(another)
  await expect.poll(() => replayed.events).toEqual(expected)
  another.close()
})

test('of a slow reader, at most `readAhead` updates wait in the program, and it loses nothing', async () => {
  await create('vans')
  const client = connect(link.url)
  let messages = 0
  client.on('message', ({ type }) => {
    if (type === 'next') messages += 1
  })
  const asked = { objects: 'vans', fences: square, maxPerSecond: 50 }
  const slow = watchFences({ ...asked, client, readAhead: 3 })
  const prompt = watchFences({ ...asked, url: link.url })
  const reader = new Reader(prompt)
  await expect.poll(() => reader.tokens.length * messages).toBeGreaterThan(0)
  const expected: string[] = []
  for (let n = 0; n < 20; n++) {
    await move('vans', { a: n % 2 === 0 })
    expected.push(n % 2 === 0 ? 'a ENTER' : 'a EXIT')
    await expect.poll(() => reader.events, { interval: 5 }).toEqual(expected)
  }
  expect(messages).toBeLessThan(10)
  const read: string[] = []
  for await (const { events } of slow) {
    read.push(...events.map(short))
    if (read.length >= expected.length) break
  }
  expect(read).toEqual(expected)
  prompt.close()
  await client.dispose()
})

test('yields the objects in the form of the options, and the token of an update without events', async () => {
  await create('forms')
  const watch = watchFences({
    url: link.url,
    objects: 'forms',
    fences: { geometry: { wkt: 'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))' } },
    detect: ['INSIDE'],
    where: { property: { name: 'n', gte: 1 } },
    crs: 'EPSG:3857',
    precision: 0,
    properties: [],
  })
  expect(await watch.next()).toEqual({ done: false, value: { events: [], token: expect.any(String) } })
  const features = [1, 0].map((n) => ({ key: `k${n}`, geometry: point(5, 0), properties: { n } }))
  await ask(server, UPSERT, { layer: 'forms', features })
  const { events } = await firstOf(watch)
  const object = { id: 'forms:k1', key: 'k1', geometry: { type: 'Point', coordinates: [556_597, 0] }, properties: {} }
  expect(events).toMatchObject([{ detect: 'INSIDE', fence: null, distance: null, object }])
})

test('an abort, a close and the end of a loop end it; an error that a retry cannot solve is thrown', async () => {
  await create('ended')
  const asked = { url: link.url, objects: 'ended', fences: square }
  await expect(watchFences({ ...asked, objects: 'nowhere' }).next()).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' })
  const stop = new AbortController()
  const reader = new Reader(watchFences({ ...asked, signal: stop.signal }))
  await expect.poll(() => reader.tokens.length).toBeGreaterThan(0)
  stop.abort()
  expect(await reader.done).toBeUndefined()
  expect(await watchFences({ ...asked, signal: stop.signal }).next()).toEqual({ done: true, value: undefined })
  const left = watchFences(asked)
  for await (const _ of left) break
  await left.ended
  expect(await left.next()).toEqual({ done: true, value: undefined })
})

test('throws CURSOR_EXPIRED if another store has the layer, because events were missed', async () => {
  await create('moved')
  const other = await open('other')
  try {
    await create('moved', other)
    const reader = new Reader(watchFences({ url: link.url, objects: 'moved', fences: square }))
    await expect.poll(() => reader.tokens.length).toBeGreaterThan(0)
    link.server = other
    link.cut()
    expect(await reader.done).toMatchObject({ code: 'CURSOR_EXPIRED', retry: false })
  } finally {
    link.server = server
    await other.close()
  }
})
