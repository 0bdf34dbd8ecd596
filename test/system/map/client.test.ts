/** `geoduck/client` in a browser, with nothing between its modules and the page but an import map. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { streamFeatures } from '../../../src/client/client.ts'
import { type Front, front } from '../../support/front.ts'
import { quiet } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

const BLANK = `<!doctype html><script type="importmap">
{ "imports": { "geoduck/client": "/map/client/client.js", "graphql-ws/client": "/map/graphql-ws/client.js" } }
</script>`

let server: TestServer
let site: Front
let link: Link
let browser: Browser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve([PLACES]), openBrowser()])
  ;[site, link] = await Promise.all([front(BLANK, server), Link.to(server)])
})
afterAll(async () => {
  await browser?.close()
  await link?.close()
  site?.close()
  await server?.close()
})
beforeEach(async () => {
  page = await browser.newPage()
  await page.goto(site.url)
})

/** Within the page. */
declare const load: () => Promise<{ streamFeatures: typeof streamFeatures }>
const LOAD = `window.load = () => import('geoduck/client')`

test('a stream that loses its connection twice brings each feature once', async () => {
  link.cutAt = [100_000, 300_000]
  await page.evaluate(LOAD)
  const { ids, states } = await page.evaluate(async (url) => {
    const { streamFeatures: stream } = await load()
    const [ids, states]: [string[], string[]] = [[], []]
    const onState = ({ state }: { state: string }) => states.push(state)
    for await (const { features } of stream({
      url,
      layer: 'places',
      encoding: 'features',
      properties: [],
      batchSize: 100,
      onState,
    })) {
      ids.push(...features.map(({ id }) => id))
    }
    return { ids, states }
  }, link.url)
  expect(ids).toHaveLength(7_343)
  expect(new Set(ids).size).toBe(7_343)
  expect(link.cutAt).toEqual([])
  expect(states.filter((state) => state === 'waiting')).not.toEqual([])
  await page.close()
})

test('a slow reader holds nothing on the server', async () => {
  await page.evaluate(LOAD)
  const reading = page.evaluate(async (url) => {
    const { streamFeatures: stream } = await load()
    const states: string[] = []
    const onState = ({ state }: { state: string }) => states.push(state)
    let count = 0
    for await (const batch of stream({ url, layer: 'places', batchSize: 100, readAhead: 4, onState })) {
      count += batch.geojson.features.length
      if (batch.sequence === 0) await new Promise((resolve) => Object.assign(globalThis, { readOn: resolve }))
    }
    return { count, states }
  }, `${server.url}/graphql`)
  await page.waitForFunction(() => 'readOn' in globalThis)
  await quiet(server)
  await page.evaluate(() => (globalThis as unknown as { readOn: () => void }).readOn())
  const { count, states } = await reading
  expect(count).toBe(7_343)
  expect(states).toContain('held')
  await page.close()
})

test('Arrow comes as bytes, and a loop that is left ends the operation', async () => {
  await page.evaluate(LOAD)
  const magic = await page.evaluate(async (url) => {
    const { streamFeatures: stream } = await load()
    for await (const { arrow } of stream({ url, layer: 'places', encoding: 'arrow', batchSize: 1 })) return [...arrow.slice(0, 4)]
    return null
  }, `${server.url}/graphql`)
  expect(magic).toEqual([255, 255, 255, 255])
  await quiet(server)
  await page.close()
})
