/** The examples that are web pages, built as their readers would, in Debian's chromium. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build, type PreviewServer, preview } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { blocksOf } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT } from '../../support/live.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let server: TestServer
let browser: Browser
let site: PreviewServer | undefined
let folder: string
let page: Page
let complaints: string[]
let sockets: number

beforeAll(async () => {
  // Within the checkout, where pages find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/pages-'))
  ;[server, browser] = await Promise.all([serve(DEMO, { live: join(folder, 'live'), writes: true }), openBrowser()])
  await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'speed', type: 'DOUBLE' }] })
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true })
})
afterEach(async () => {
  await page?.close()
  await site?.close()
  await quiet(server)
})

async function open(example: string, root = join(ROOT, 'examples', example)): Promise<void> {
  const outDir = join(folder, 'built', example)
  const shared = { root, configFile: false, logLevel: 'error', build: { outDir } } as const
  const alias = { 'geoduck-client': join(ROOT, 'src/client/client.ts') }
  await build({ ...shared, resolve: { alias } })
  site = await preview({ ...shared, preview: { port: 0, host: '127.0.0.1' } })
  page = await browser.newPage()
  complaints = []
  sockets = 0
  page.on('websocket', () => sockets++)
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${site.resolvedUrls!.local[0]}?server=${server.url}`)
}

async function matched(bbox: readonly number[]): Promise<number> {
  const { data } = await ask<{ features: { totalCount: string } }>(
    server,
    'query ($bbox: BBox!) { features(layer: "countries", where: { bbox: $bbox }, first: 1) { totalCount } }',
    { bbox },
  )
  return Number(data!.features.totalCount)
}

test('urql and MapLibre: what is in view streams onto the map, over the socket that urql uses', async () => {
  await open('urql-maplibre')
  const status = page.locator('#status')
  const world = await matched([-180, -90, 180, 90])
  await expect.poll(async () => [await status.textContent(), ...complaints]).toEqual([`${world} features`])
  expect(await page.title()).toMatch(/^\d+ streams on http/)
  await page.locator('canvas').focus()
  for (let i = 0; i < 3; i++) await page.keyboard.press('+')
  await expect.poll(async () => Number.parseInt((await status.textContent())!, 10)).toBeLessThan(world)
  expect(sockets).toBe(1)
  expect(complaints).toEqual([])
})

/** From within the page: from here it would be too late. */
const STOP_SOON = `new Promise((resolve) => {
  const line = document.getElementById('observations')
  new MutationObserver((_, observer) => {
    observer.disconnect()
    ;[...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Stop').click()
    resolve()
  }).observe(line, { characterData: true, childList: true, subtree: true })
})`

test('Apollo and React: pages of countries, and a stream that is stopped and continues at its position', async () => {
  await open('apollo-react')
  const countries = page.locator('section').first().locator('li')
  await expect.poll(() => countries.allTextContents()).toHaveLength(5)
  const [first] = await countries.allTextContents()
  expect(first).toMatch(/^Antarctica|^Russia/)
  await page.getByRole('button', { name: 'Next countries' }).click()
  await expect.poll(async () => (await countries.allTextContents())[0]).not.toBe(first)

  const seen = async () => Number.parseInt((await page.locator('#observations').textContent())!, 10)
  await page.getByRole('button', { name: 'Stream observations' }).click()
  await page.evaluate(STOP_SOON)
  await quiet(server)
  expect(await seen()).toBeGreaterThan(0)
  expect(await seen()).toBeLessThan(200_000)
  await page.getByRole('button', { name: 'Stream observations' }).click()
  await expect
    .poll(() => page.locator('#observations').textContent(), { timeout: 100_000 })
    .toBe('200000 observations. All of them.')
  expect(complaints).toEqual([])
})

const upsert = (vehicles: Readonly<Record<string, readonly [x: number, y: number]>>) =>
  ask(server, UPSERT, {
    layer: 'vehicles',
    features: Object.entries(vehicles).map(([key, [x, y]]) => ({ key, geometry: point(x, y), properties: { speed: x } })),
  })
const remove = (...keys: readonly string[]) => ask(server, DELETE, { layer: 'vehicles', keys })

test('Apollo and React: a hook keeps a list of a live layer in step', async () => {
  await upsert({ a: [8.5, 47.36], b: [8.52, 47.36] })
  await open('live-apollo-react')
  const list = async () => [...complaints, ...(await page.locator('li').allTextContents()).toSorted()]
  await expect.poll(list, { timeout: 60_000 }).toEqual(['a: 8.5', 'b: 8.52'])
  await upsert({ a: [8.51, 47.36], c: [8.53, 47.36] })
  await expect.poll(list, { timeout: 60_000 }).toEqual(['a: 8.51', 'b: 8.52', 'c: 8.53'])
  await remove('b')
  await expect.poll(list, { timeout: 60_000 }).toEqual(['a: 8.51', 'c: 8.53'])
})

/** From within the page: the program of docs/live-clients.md, and its map for the test. */
interface DocsPage {
  readonly map: {
    getSource(name: string): { getData(): Promise<GeoJSON.FeatureCollection>; setData(data: unknown): void }
    once(event: 'idle'): Promise<void>
    triggerRepaint(): void
    getCanvas(): HTMLCanvasElement
  }
}

async function drawn(): Promise<string> {
  return await page.evaluate(async () => {
    const { map } = globalThis as unknown as DocsPage
    const idle = map.once('idle')
    map.triggerRepaint()
    await idle
    return map.getCanvas().toDataURL()
  })
}

const setData = (data: GeoJSON.FeatureCollection) =>
  page.evaluate((all) => (globalThis as unknown as DocsPage).map.getSource('vehicles').setData(all), data)

const queried = async () => {
  const { data } = await ask<{ vehicles: { geojson: GeoJSON.FeatureCollection } }>(server, '{ vehicles { geojson } }')
  return data!.vehicles.geojson
}

test('MapLibre: what `updateData` draws of the differences is what `setData` draws of a query', async () => {
  await remove('a', 'b', 'c')
  await upsert({ a: [8.5, 47.36], b: [8.52, 47.36], c: [8.54, 47.36] })
  const root = join(folder, 'live-map')
  await mkdir(root)
  const { text } = blocksOf('docs/live-clients.md').find(({ text }) => text.includes('maplibre-gl'))!
  const program = `${text.replace('127.0.0.1:4000', new URL(server.url).host)}\nglobalThis.map = map\n`
  await writeFile(
    join(root, 'main.js'),
    program.replace('new MapLibre({', 'new MapLibre({ canvasContextAttributes: { preserveDrawingBuffer: true },'),
  )
  const body = '<div id="map" style="position: absolute; inset: 0"></div><script type="module" src="main.js"></script>'
  const head = '<link rel="icon" href="data:,">'
  await writeFile(join(root, 'index.html'), `<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`)
  await open('live-map', root)
  const inOrder = (features: readonly GeoJSON.Feature[]) => features.toSorted((a, b) => (a.id! < b.id! ? -1 : 1))
  const held = () =>
    page.evaluate(
      async () => (await (globalThis as unknown as Partial<DocsPage>).map?.getSource('vehicles')?.getData())?.features ?? [],
    )
  const inStep = async () => {
    const expected = inOrder((await queried()).features)
    await expect.poll(async () => [...complaints, ...inOrder(await held())], { timeout: 60_000 }).toEqual(expected)
  }
  await inStep()
  const first = await drawn()
  const writes = [
    () => upsert({ a: [8.5, 47.38], d: [8.56, 47.36] }),
    () => remove('b'),
    () => upsert({ b: [8.58, 47.38], c: [8.54, 47.39], e: [8.6, 47.36] }),
    () => remove('e'),
  ]
  for (const write of writes) {
    await write()
    await inStep()
  }
  const updated = await drawn()
  expect(updated).not.toBe(first)
  await setData({ type: 'FeatureCollection', features: [] })
  expect(await drawn()).not.toBe(updated)
  await setData(await queried())
  expect(await drawn()).toBe(updated)
  expect(complaints).toEqual([])
})
