/** The explorer by keyboard, on a phone, under the rules of axe-core, and the size of its first load. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { remove, temporaryFolder, using } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser } from './map-page.ts'

const [COUNTRIES, OBSERVATIONS] = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`)) as [
  string,
  string,
]
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const LINK = 'at=4/46/5&show=sightings&explore=sightings&color.sightings=class'
const FIRST_LOAD_BYTES = 1.5e6

vi.setConfig({ testTimeout: 120_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage

beforeAll(async () => {
  folder = await temporaryFolder()
  await using(async (connection) => {
    await connection.run(
      `COPY (SELECT * EXCLUDE bbox FROM '${OBSERVATIONS}' WHERE country = 'France') TO '${join(folder, 'sightings.parquet')}' (FORMAT parquet)`,
    )
  })
  ;[server, browser] = await Promise.all([serve([COUNTRIES, folder]), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await remove(folder)
})
afterEach(async () => {
  const { complaints } = map
  await map.close()
  expect(complaints).toEqual([])
})

/** Rule and element of each violation. The policy of the page allows no script of another origin, so the text itself runs. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'))
  const { violations: found, passes } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document),
  )
  expect(passes.length).toBeGreaterThan(10)
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  )
}

test.each(['light', 'dark'] as const)(
  'axe-core finds no violation in the %s theme, with the panel and the table open',
  async (colorScheme) => {
    map = await MapPage.open(browser, server, { link: LINK, colorScheme })
    const { page } = map
    await map.state('complete')
    await page.getByRole('button', { name: 'Open table' }).click()
    await page.locator('.table-card tbody tr').first().waitFor()
    await page.getByLabel('Column', { exact: true }).selectOption('class')
    await page.getByLabel('Value').fill('bird')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('As GraphQL').click()
    await page.getByRole('searchbox', { name: 'Text' }).fill('sparrow')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.locator('.results button').first().waitFor()
    await page.locator('#time-from').waitFor()
    await page.locator('.table-card:not([aria-busy])').waitFor()
    await page.locator('.table-card tbody tr').first().click()
    await page.locator('.feature').waitFor()
    await map.picture(`explorer-axe-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    await page.goto(`${server.url}/map/health`)
    await page.locator('.worker').first().waitFor()
    await map.picture(`health-${colorScheme}`)
    expect(await violations(page)).toEqual([])
  },
)

test('all of the explorer works by keyboard alone', async () => {
  map = await MapPage.open(browser, server, { link: 'at=4/46/5&show=countries' })
  const { page } = map
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  await map.state('complete')
  /** Presses a key until this has the focus. */
  const reach = async (wanted: string | RegExp, key = 'Tab') => {
    for (let n = 0; n < 90; n += 1) {
      const name = await page.evaluate(() => {
        const focused = document.activeElement
        const label = focused?.getAttribute('aria-labelledby')
        const text = label ? document.getElementById(label)?.textContent : focused?.textContent
        return focused?.getAttribute('aria-label') ?? text ?? ''
      })
      if (typeof wanted === 'string' ? name.trim() === wanted : wanted.test(name)) return
      await page.keyboard.press(key)
    }
    throw new Error(`No key leads to ${wanted}`)
  }
  const asked = () => map.question('sightings').where.and

  // Finds a place, and shows a layer.
  await reach('Find a place')
  await page.keyboard.type('lyon')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toContain('#at=9/45')
  // The name of a check box is that of its label.
  await page.getByRole('checkbox', { name: 'sightings' }).focus()
  await page.keyboard.press('Space')
  await reach('Explore sightings')
  await page.keyboard.press('Enter')

  // Builds a filter, copies its GraphQL, and removes it.
  await reach('Column')
  await page.keyboard.type('cla')
  await reach('Value')
  await page.keyboard.type('bird')
  await page.keyboard.press('Enter')
  await expect.poll(asked).toEqual([{ property: { name: 'class', ilike: '%bird%' } }])
  await reach('As GraphQL')
  await page.keyboard.press('Enter')
  await reach('Copy GraphQL')
  await page.keyboard.press('Enter')
  await expect.poll(clipboard).toContain('where: { property: { name: "class", ilike: "%bird%" } }')
  await reach('Remove class contains bird')
  await page.keyboard.press('Enter')
  await expect.poll(asked).toBeUndefined()

  // Colours by a column, and chooses a class.
  await reach('Colour by')
  await page.keyboard.type('class')
  await page.getByRole('list', { name: 'sightings by class' }).getByRole('button').first().waitFor()
  await reach(/^insect \(/)
  await page.keyboard.press('Enter')
  await expect.poll(asked).toEqual([{ property: { name: 'class', eq: 'insect' } }])
  await page.keyboard.press('Enter')
  await expect.poll(asked).toBeUndefined()

  // Moves the time slider.
  await page.locator('#time-from').waitFor()
  await reach('First observed_at')
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => asked()?.length).toBe(1)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(asked).toBeUndefined()

  // Downloads, and shares a link.
  const downloading = page.waitForEvent('download')
  await reach('.geojsonl')
  await page.keyboard.press('Enter')
  expect((await downloading).suggestedFilename()).toBe('sightings.geojsonl')
  await reach('Copy a link to this view')
  await page.keyboard.press('Enter')
  await expect.poll(clipboard).toContain('explore=sightings&color.sightings=class')

  // Pages and sorts the table, and goes to a feature.
  await reach('Open table')
  await page.keyboard.press('Enter')
  await page.locator('.table-card tbody tr').first().waitFor()
  // Opening the table moves the focus to its rows, after the buttons.
  await reach('Next page', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.getByRole('region', { name: 'Table' }).getByRole('status').textContent()).toMatch(/^51 to 100/)
  await page.locator('.table-card:not([aria-busy])').waitFor()
  await reach('individuals')
  await page.keyboard.press('Enter')
  await page.locator('th[aria-sort=ascending]').waitFor()
  const keys = page.locator('.table-card tbody th')
  await page.locator('.table-card:not([aria-busy])').waitFor()
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-sort'))).toBe('individuals')
  await reach(`Go to ${await keys.first().textContent()}`)
  await page.keyboard.press('ArrowDown')
  const focusInTable = () => page.evaluate(() => document.activeElement?.closest('.table-card') !== null)
  expect(await focusInTable()).toBe(true)
  await page.keyboard.press('Tab')
  expect(await focusInTable()).toBe(false)
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.locator('.popup-id').textContent()).toBe(`id ${await keys.nth(1).textContent()}`)
})

test.each(['light', 'dark'] as const)('a phone has the explorer in its sheet, in the %s theme', async (colorScheme) => {
  map = await MapPage.open(browser, server, { width: 375, height: 812, link: LINK, colorScheme })
  const { page } = map
  await map.state('complete')
  expect(await page.getByRole('searchbox', { name: 'Text' }).isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Layers', exact: true }).tap()
  await page.getByRole('searchbox', { name: 'Text' }).scrollIntoViewIfNeeded()
  await map.picture(`explorer-phone-${colorScheme}`)
  await page.getByRole('button', { name: 'Open table' }).tap()
  await page.locator('.table-card tbody tr').first().scrollIntoViewIfNeeded()
  await map.picture(`explorer-phone-table-${colorScheme}`)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
  expect(await violations(page)).toEqual([])
})

test('the first load is smaller than 1.5 MB, compressed', async () => {
  map = await MapPage.open(browser, server, { link: 'at=1/20/0' })
  await map.state('complete')
  const files = [...new Set(map.requests)].filter((url) => new URL(url).pathname.startsWith('/map'))
  const sizes = await Promise.all(files.map(async (url) => gzipSync(await (await fetch(url)).bytes()).length))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  expect(files.length).toBeGreaterThan(40)
  expect(files.map((url) => new URL(url).pathname)).toContain('/map/ground.json')
  expect(bytes).toBeLessThan(FIRST_LOAD_BYTES)
  console.log(`first load: ${files.length} files, ${bytes} bytes compressed`)
})
