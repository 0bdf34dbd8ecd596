/** An open page follows the server: layers that are added, written, replaced and removed, without a reload. */
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ask, checked } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT } from '../../support/live.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, pixelOf } from './map-page.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })
const fifty = await fixture('geoparquet/key-id.parquet')
const many = await fixture('geoparquet/points-1.1-covering.parquet')

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await mkdir(join(folder, 'files'))
  await put('a.parquet', fifty)
  server = await serve([join(folder, 'files')], { watch: true, live: join(folder, 'live'), writes: true })
  await checked(server)
  browser = await openBrowser()
  map = await MapPage.open(browser, server, { at: [1, 0, 0] })
  await map.layerState('a', 'complete')
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await rm(folder, { recursive: true })
})

async function put(name: string, content: string): Promise<void> {
  await cp(content, join(folder, 'new'))
  await rename(join(folder, 'new'), join(folder, 'files', name))
}

const rows = () => map.page.locator('.layer').evaluateAll((all) => all.map((row) => (row as HTMLElement).dataset['layer']))
const until = (read: () => Promise<unknown>, value: unknown) => expect.poll(read, { interval: 100 }).toEqual(value)

test('a replaced file is drawn again', async () => {
  const before = await map.features('a')
  await put('a.parquet', many)
  await until(async () => (await map.features('a')) > before, true)
  await map.layerState('a', 'complete')
})

test('an added layer is drawn, and a removed one is gone', async () => {
  await put('b.parquet', fifty)
  await until(rows, ['a', 'b'])
  await map.layerState('b', 'complete')
  expect(await map.features('b')).toBeGreaterThan(0)
  await rm(join(folder, 'files/a.parquet'))
  await until(rows, ['b'])
  await put('a.parquet', fifty)
  await until(rows, ['b', 'a'])
  await map.layerState('a', 'complete')
})

test('features of a live layer are drawn when they are written, also while it always changes', async () => {
  await ask(server, CREATE, { name: 'cars', columns: [] })
  await until(rows, ['b', 'a', 'cars'])
  const write = (n: number) =>
    ask(server, UPSERT, { layer: 'cars', features: [{ key: `car ${n}`, geometry: point(n / 10, 10) }] })
  let written = 0
  for (; written < 100; written++) {
    await write(written)
    if ((await map.features('cars')) > 1) break
  }
  expect(written).toBeLessThan(100)
  for (const end = written + 20; written < end; ) await write(++written)
  await until(() => map.features('cars'), written + 1)
  await ask(server, DELETE, { layer: 'cars', keys: ['car 0', 'car 1'] })
  await until(() => map.features('cars'), written - 1)
  expect(map.complaints).toEqual([])
})

test('a point that crosses the antimeridian leaves a trail on both sides of it, and none across the map', async () => {
  await ask(server, CREATE, { name: 'boats', columns: [] })
  await until(async () => (await rows()).includes('boats'), true)
  const sail = (longitude: number) =>
    ask(server, UPSERT, { layer: 'boats', features: [{ key: 'boat', geometry: point(longitude, -48) }] })
  await sail(140)
  for (const other of ['a', 'b', 'cars']) await map.page.locator(`input[name=${other}]`).uncheck()
  const stream = map.page.locator('.layer[data-layer=boats] .layer-stream')
  await until(async () => (await stream.textContent())?.startsWith('1 live'), true)
  const changes = async () => map.received.filter((frame) => JSON.stringify(frame).includes('"ChangeBatch"')).length
  for (const longitude of [150, 165, -165, -150]) {
    const before = await changes()
    await sail(longitude)
    await until(changes, before + 1)
  }
  // The sea, the land and borders have more red than a trail.
  const drawn = async (west: number, east: number) => {
    const picture = await map.picture('antimeridian')
    const [from, to] = [west, east].map((longitude) => pixelOf([1, 0, 0], picture, -48, longitude))
    const y = Math.round(from!.y)
    const xs = Array.from({ length: Math.round(to!.x - from!.x) }, (_, n) => Math.round(from!.x) + n)
    return xs.some((x) => [y - 1, y, y + 1].some((row) => picture.at(x, row)[0] < 160))
  }
  await until(() => drawn(-160, -153), true)
  await until(() => drawn(168, 179), true)
  expect(await drawn(-140, 135)).toBe(false)
  expect(map.complaints).toEqual([])
})
