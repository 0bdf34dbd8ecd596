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
import { MapPage, openBrowser } from './map-page.ts'

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
