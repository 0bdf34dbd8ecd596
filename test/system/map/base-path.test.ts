/** The pages of a server below a base path, in a browser. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve([PLACES], { basePath: '/geo' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

/** A page, the paths that it requests from the server, and its complaints. */
async function watched(): Promise<{ page: Page; paths: string[]; complaints: string[] }> {
  const page = await browser.newPage()
  const paths: string[] = []
  const complaints: string[] = []
  const note = (url: string) => /^(http|ws)/.test(url) && paths.push(new URL(url).pathname)
  page.on('request', (request) => note(request.url()))
  page.on('websocket', (socket) => note(socket.url()))
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, paths, complaints }
}

test('the map streams, and requests nothing outside of the base path', async () => {
  const { page, paths, complaints } = await watched()
  await page.goto(`${server.url}/geo/`)
  await page.locator('#progress[data-state=complete]').waitFor({ timeout: 110_000 })
  expect(paths).toContain('/geo/graphql')
  expect(paths.filter((path) => !path.startsWith('/geo/'))).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
})

test('GraphiQL sends a query and a subscription below the base path', async () => {
  const { page, paths } = await watched()
  const subscription = 'subscription { featureBatches(layer: "places", limit: 3) { count } }'
  for (const text of ['{ layers { name } }', subscription]) {
    await page.goto(`${server.url}/geo/graphiql/?query=${encodeURIComponent(text)}`)
    await page.locator('.graphiql-execute-button').click()
    await page.getByText(text === subscription ? '"count": 3' : '"name": "places"').waitFor({ timeout: 60_000 })
    await page.goto('about:blank')
  }
  expect(paths.filter((path) => !path.startsWith('/geo/'))).toEqual([])
  await page.close()
})

test('the documentation opens its pages below the base path', async () => {
  const { page, paths, complaints } = await watched()
  await page.goto(`${server.url}/geo/docs`)
  await page.locator('a[href="/geo/docs/errors"]').first().click()
  await page.getByRole('heading', { level: 1, name: 'Errors' }).waitFor({ timeout: 60_000 })
  expect(new URL(page.url()).pathname).toBe('/geo/docs/errors')
  expect(paths.filter((path) => !path.startsWith('/geo/'))).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
})
