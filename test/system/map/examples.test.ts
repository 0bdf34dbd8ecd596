/** The examples that are web pages, built as their readers would, in Debian's chromium. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build, type PreviewServer, preview } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, quiet } from '../../support/graphql.ts'
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
  ;[server, browser, folder] = await Promise.all([serve(DEMO), openBrowser(), mkdtemp(join(tmpdir(), 'geoduck-pages-'))])
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

async function open(example: string): Promise<void> {
  const outDir = join(folder, example)
  const shared = { root: join(ROOT, 'examples', example), configFile: false, logLevel: 'error', build: { outDir } } as const
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
