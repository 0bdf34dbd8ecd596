/** The documentation site in a real browser. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  server = await serve([PLACES])
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('the documentation site finds a word, opens its page and switches to dark without a complaint of the browser', async () => {
  const page = await browser.newPage({ colorScheme: 'light' })
  const complaints: string[] = []
  const outside: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) outside.push(request.url())
  })
  await page.goto(`${server.url}/docs`)
  await page.getByRole('heading', { name: 'Geoduck', exact: false }).first().waitFor()
  await page.keyboard.press('/')
  await page.getByRole('searchbox').fill('antimeridian')
  await page.locator('.results a').first().click()
  await expect.poll(() => page.url()).toContain('/docs/')
  await expect.poll(() => page.locator('main').textContent()).toContain('antimeridian')
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await background()
  await page.getByRole('switch').first().click()
  await expect.poll(background).not.toBe(light)
  expect(complaints).toEqual([])
  expect(outside).toEqual([])
})
