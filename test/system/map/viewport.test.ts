/** The page follows what is in view of a large live layer: a move asks for no feature that the page has. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { CREATE, point, UPSERT } from '../../support/live.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser } from './map-page.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage
const put = (places: Readonly<Record<string, readonly [x: number, y: number]>>) =>
  ask(server, UPSERT, {
    layer: 'cars',
    features: Object.entries(places).map(([key, [x, y]]) => ({ key, geometry: point(x, y) })),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await serve([], { live: join(folder, 'live'), writes: true })
  await ask(server, CREATE, { name: 'cars', columns: [] })
  // More than the page follows at once, in five mutations.
  for (let n = 0; n < 5; n++)
    await put(Object.fromEntries(Array.from({ length: 4_100 }, (_, k) => [`${n} ${k}`, [60 + n, 40 + k / 1_000]])))
  await put({ west: [0, 0], both: [3, 0], east: [9, 0], 'far east': [10, 0] })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await rm(folder, { recursive: true })
})

const until = (read: () => Promise<unknown>, value: unknown) =>
  expect.poll(read, { timeout: 60_000, interval: 100 }).toEqual(value)
const go = (hash: string) =>
  map.page.evaluate((link) => {
    location.hash = link
  }, hash)
const asked = (text: string) =>
  map.sent.filter(({ payload }) => (payload as { query?: string } | undefined)?.query?.includes(text)).length

test('what enters, changes and leaves is drawn, and a view of too many features is drawn as before', async () => {
  map = await MapPage.open(browser, server, { width: 1_000, height: 600, at: [6, 0, 0] })
  await until(() => map.features('cars'), 2)
  await put({ new: [4, 1] })
  await until(() => map.features('cars'), 3)
  await go('at=6/0/7&show=cars')
  await until(() => map.features('cars'), 4)
  expect([asked('subscription Viewport') > 0, asked('mutation Move') > 0, asked('featureBatches')]).toEqual([true, true, 0])
  await go('at=1/30/30&show=cars')
  await until(() => map.features('cars'), 20_505)
  expect(asked('featureBatches')).toBeGreaterThan(0)
  await go('at=6/0/0&show=cars')
  await until(() => map.features('cars'), 3)
  expect(map.complaints).toEqual([])
})
