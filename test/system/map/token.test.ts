/** The two pages of a server that wants a token, in a browser. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

const TOKEN = 'a token/for=tests&only'.replaceAll(' ', '-')

vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve([PLACES], { token: TOKEN }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('the map takes the token from its link, keeps it from the address bar, and streams', async () => {
  const page = await browser.newPage()
  await page.goto(`${server.url}/map#at=1/20/0&token=${encodeURIComponent(TOKEN)}`)
  await page.locator('#progress[data-state=complete]').waitFor({ timeout: 110_000 })
  expect(page.url()).toContain('#at=1/20/0')
  expect(page.url()).not.toContain('token')
  await page.reload()
  await page.locator('#progress[data-state=complete]').waitFor({ timeout: 110_000 })
  await page.close()
})

test('the map asks for it where it has none, once', async () => {
  const page = await browser.newPage()
  const asked: string[] = []
  page.on('dialog', (dialog) => {
    asked.push(dialog.message())
    void dialog.accept(TOKEN)
  })
  await page.goto(`${server.url}/map`)
  await page.locator('#progress[data-state=complete]').waitFor({ timeout: 110_000 })
  expect(asked).toEqual(['This server requires a token.'])
  await page.close()
})

test('GraphiQL sends it with a query and with a subscription', async () => {
  const page = await browser.newPage()
  const query = encodeURIComponent('subscription { featureBatches(layer: "places", limit: 3) { count } }')
  for (const text of [encodeURIComponent('{ layers { name } }'), query]) {
    await page.goto(`${server.url}/graphiql?query=${text}#token=${encodeURIComponent(TOKEN)}`)
    await page.locator('.graphiql-execute-button').click()
    await page.getByText(text === query ? '"count": 3' : '"name": "places"').waitFor({ timeout: 60_000 })
    expect(page.url()).not.toContain('token')
    // A second address that differs in its fragment alone would be no new page.
    await page.goto('about:blank')
  }
  await page.close()
})
