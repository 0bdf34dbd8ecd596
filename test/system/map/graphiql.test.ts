/** The tabs that GraphiQL opens with, in a browser. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { openBrowser } from './map-page.ts'

const OBSERVATIONS = join(ROOT, '.geoduck/demo/observations.parquet')

const NAMES = ['Page', 'Filter', 'Stream', 'Aggregate']

vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve([OBSERVATIONS]), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('GraphiQL opens with a page, a filter, a stream and an aggregate of the served layer, and each one runs', async () => {
  const page = await browser.newPage()
  await page.goto(`${server.url}/graphiql`)
  const tabs = page.locator('.graphiql-tab')
  await tabs.first().waitFor({ timeout: 60_000 })
  const names = async () => (await tabs.allTextContents()).map((text) => /^[A-Z][a-z]*?(?=wze|$)/.exec(text.trim())?.[0])
  await expect.poll(names).toEqual(NAMES)
  const answers = [/"totalCount": "200000"/, /"species": "[^"]*a/, /"count": 250/, /"keys"/]
  for (const [n, answer] of answers.entries()) {
    await tabs.nth(n).locator('button').first().click()
    await expect.poll(() => page.locator('.graphiql-tab-active').textContent()).toContain(NAMES[n])
    // GraphiQL takes a moment to read the document of another tab.
    const run = async () => {
      await page.locator('.graphiql-execute-button').click()
      await page.waitForTimeout(1_500)
      return (await page.locator('.result-window').textContent())!.replaceAll('\u00a0', ' ')
    }
    await expect.poll(run).toMatch(answer)
  }
  await page.close()
})
