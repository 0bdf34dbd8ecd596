/** The explorer of the map page, in a browser: each choice is seen in the page, in the question to the server and in the link. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { remove, temporaryFolder, using } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, pixelOf, type View } from './map-page.ts'

const [COUNTRIES, OBSERVATIONS] = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`)) as [
  string,
  string,
]
const SCREEN = { width: 1440, height: 900 }

// Without a graphics card a browser draws by the processor alone.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage

/** `sightings` are 3,000 points; `lambert` is one square around Bourges in EPSG:2154, with a point far from it. */
beforeAll(async () => {
  folder = await temporaryFolder()
  await using(async (connection) => {
    await connection.run(
      `COPY (SELECT * EXCLUDE bbox FROM '${OBSERVATIONS}' WHERE country IN ('France', 'Spain', 'Germany', 'Italy')) TO '${join(folder, 'sightings.parquet')}' (FORMAT parquet)`,
    )
    const square = `ST_MakeEnvelope(600000, 6600000, 750000, 6750000)`
    await connection.run(
      `COPY (SELECT name, ST_SetCRS(shape, 'EPSG:2154') AS geometry FROM (VALUES ('square', ${square}), ('south', ST_MakeEnvelope(600000, 6200000, 601000, 6201000))) v(name, shape)) TO '${join(folder, 'lambert.parquet')}' (FORMAT parquet)`,
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

const EUROPE = 'at=4/46/5'

async function open(view: View): Promise<Page> {
  map = await MapPage.open(browser, server, view)
  await map.state('complete')
  return map.page
}

async function explore(page: Page, layer: string): Promise<void> {
  await page.getByRole('button', { name: `Explore ${layer}` }).click()
  await page.getByRole('region', { name: 'Explore a layer' }).waitFor()
}

async function count(layer: string, where: object): Promise<number> {
  const query =
    'query ($layer: String!, $where: FeatureFilter) { features(layer: $layer, where: $where, first: 1) { totalCount } }'
  const { data } = await ask<{ features: { totalCount: string } }>(server, query, { layer, where })
  return Number(data!.features.totalCount)
}

const fragment = (page: Page) => decodeURIComponent(new URL(page.url()).hash)

const birds = { property: { name: 'class', eq: 'bird' } }

async function addCondition(page: Page, column: string, operator: string, value: string): Promise<void> {
  await page.getByLabel('Column', { exact: true }).selectOption(column)
  await page.getByLabel('Operator').selectOption({ label: operator })
  await page.getByLabel('Value').fill(value)
  await page.getByRole('button', { name: 'Add' }).click()
}

test('a link restores layers, view, filter, colour and theme in another browser', async () => {
  const page = await open({ link: `${EUROPE}&token=secret` })
  await page.getByRole('checkbox', { name: 'countries' }).uncheck()
  await explore(page, 'sightings')
  await addCondition(page, 'class', 'is', 'bird')
  await page.getByRole('combobox', { name: 'Colour by' }).selectOption('individuals')
  await page.getByRole('list', { name: 'sightings by individuals' }).getByRole('button').first().waitFor()
  await page.getByRole('button', { name: 'Use the dark theme' }).click()
  await expect.poll(() => fragment(page)).toContain('theme=dark')
  const link = new URL(page.url()).hash.slice(1)
  expect(link).not.toContain('secret')
  expect(link).not.toContain('token')
  await map.close()

  const other = await open({ link })
  expect(await other.getByRole('checkbox', { name: 'countries' }).isChecked()).toBe(false)
  expect(await other.getByRole('heading', { name: 'sightings' }).isVisible()).toBe(true)
  expect(await other.getByRole('list', { name: 'Conditions' }).textContent()).toContain('class is bird')
  await other.getByRole('list', { name: 'sightings by individuals' }).getByRole('button').first().waitFor()
  expect(await other.locator('html').getAttribute('data-theme')).toBe('dark')
  await expect.poll(() => map.question('sightings').where.and).toEqual([birds])
  const { bbox, and } = map.question('sightings').where
  const inView = await count('sightings', { bbox, and })
  await expect.poll(() => map.features('sightings')).toBe(inView)
  expect(new URL(other.url()).hash).toContain('#at=4/46/5')
  // The same address in the same tab.
  await other.evaluate(() => {
    location.hash = '#at=4/46/5&show=countries'
  })
  await expect.poll(() => other.getByRole('checkbox', { name: 'countries' }).isChecked()).toBe(true)
  expect(await other.getByRole('checkbox', { name: 'sightings' }).isChecked()).toBe(false)
  expect(await other.getByRole('region', { name: 'Explore a layer' }).isVisible()).toBe(false)
})

test('the table pages and sorts on the server, and a row leads to its feature', async () => {
  const page = await open({ link: EUROPE })
  await explore(page, 'sightings')
  await page.getByRole('button', { name: 'Open table' }).click()
  const table = page.getByRole('region', { name: 'Table' })
  const rows = table.locator('tbody tr')
  await rows.first().waitFor()
  const all = await count('sightings', {})
  await expect.poll(() => table.getByRole('status').textContent()).toBe(`1 to 50 of ${all.toLocaleString('en')}`)
  await table.getByRole('button', { name: 'individuals' }).click()
  await table.locator('th[aria-sort=ascending]').waitFor()
  await table.getByRole('button', { name: 'individuals' }).click()
  await table.locator('th[aria-sort=descending]').waitFor()
  await table.getByRole('button', { name: 'Next page' }).click()
  await expect.poll(() => table.getByRole('status').textContent()).toContain('51 to 100')
  const query = `{ features(layer: "sightings", orderBy: [{ property: "individuals", direction: DESC }], first: 100) { features { key } } }`
  const { data } = await ask<{ features: { features: { key: string }[] } }>(server, query)
  const keys = data!.features.features.map(({ key }) => key)
  expect(await rows.locator('th').allTextContents()).toEqual(keys.slice(50))
  await map.picture('explorer-table')
  await table.getByRole('button', { name: 'Previous page' }).click()
  await expect.poll(() => rows.locator('th').allTextContents()).toEqual(keys.slice(0, 50))
  await rows.nth(2).click()
  await expect.poll(() => page.locator('.feature .popup-id').textContent()).toBe(`id ${keys[2]}`)
  await expect.poll(() => fragment(page)).toContain('at=12/')
  await table.getByText('in view only').click()
  await expect.poll(async () => Number(await table.getByRole('status').getAttribute('data-total'))).toBeLessThan(all)
})

test('a filter that is built by clicking is applied to the map, the table and the count, and is copied as GraphQL', async () => {
  const page = await open({ link: EUROPE })
  await explore(page, 'sightings')
  await page.getByRole('button', { name: 'Open table' }).click()
  await addCondition(page, 'species', 'contains', 'sParrow')
  await addCondition(page, 'individuals', 'is at least', '5')
  const expected = {
    and: [{ property: { name: 'species', ilike: '%sParrow%' } }, { property: { name: 'individuals', gte: 5 } }],
  }
  await expect.poll(() => map.question('sightings').where.and).toEqual([expected])
  const { where } = map.question('sightings')
  const inView = await count('sightings', where)
  expect(inView).toBeGreaterThan(0)
  await expect.poll(() => map.features('sightings')).toBe(inView)
  const total = await count('sightings', expected)
  await expect
    .poll(() => page.getByRole('region', { name: 'Table' }).getByRole('status').getAttribute('data-total'))
    .toBe(String(total))
  await page.getByText('As GraphQL').click()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy GraphQL' }).click()
  await page.getByText('Copied').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  const { data } = await ask<{ features: { totalCount: string } }>(server, copied)
  expect(data!.features.totalCount).toBe(String(total))
  await map.picture('explorer-filter')
  await page.getByRole('button', { name: 'Remove individuals is at least 5' }).click()
  await expect.poll(() => map.question('sightings').where.and).toEqual([expected.and[0]])
})

test('a click on a class of the legend filters by it, and the colours are those of the legend', async () => {
  const page = await open({ link: EUROPE })
  await page.getByRole('checkbox', { name: 'countries' }).uncheck()
  await explore(page, 'sightings')
  await page.getByRole('combobox', { name: 'Colour by' }).selectOption('class')
  const legend = page.getByRole('list', { name: 'sightings by class' })
  const bird = legend.getByRole('button', { name: /^bird/ })
  await bird.waitFor()
  expect(await bird.textContent()).toBe(`bird (${(await count('sightings', birds)).toLocaleString('en')})`)
  await bird.click()
  await expect.poll(() => map.question('sightings').where.and).toEqual([birds])
  await map.state('complete')
  expect(await bird.getAttribute('aria-pressed')).toBe('true')
  const color = await bird.locator('.swatch').evaluate((swatch) => getComputedStyle(swatch).backgroundColor)
  const [red, green, blue] = color.match(/\d+/g)!.map(Number) as [number, number, number]
  const near = (rgb: readonly number[]) => Math.hypot(rgb[0]! - red, rgb[1]! - green, rgb[2]! - blue) < 60
  const colored = async () => {
    const shot = await map.picture('explorer-class')
    let found = 0
    for (let x = 400; x < 1080; x += 1) for (let y = 40; y < 860; y += 1) if (near(shot.at(x, y))) found += 1
    return found
  }
  await expect.poll(colored).toBeGreaterThan(500)
  await legend.getByRole('button', { name: /^insect/ }).click()
  await expect.poll(() => map.question('sightings').where.and).toEqual([{ property: { name: 'class', in: ['bird', 'insect'] } }])
})

test('numbers have five classes of about equal counts, and one for null', async () => {
  const page = await open({ link: EUROPE })
  await explore(page, 'sightings')
  await page.getByRole('combobox', { name: 'Colour by' }).selectOption('temperature_c')
  const classes = page.getByRole('list', { name: 'sightings by temperature_c' }).getByRole('button')
  await classes.first().waitFor()
  expect(await classes.count()).toBe(6)
  const nulls = await count('sightings', { property: { name: 'temperature_c', isNull: true } })
  expect(await classes.last().textContent()).toBe(`null (${nulls})`)
  const all = await count('sightings', {})
  for (let n = 0; n < 5; n += 1) {
    await classes.nth(n).click()
    await expect.poll(() => map.question('sightings').where.and?.length).toBe(1)
    const [where] = map.question('sightings').where.and!
    expect(await count('sightings', where as object)).toBeGreaterThan(all / 7)
    await classes.nth(n).click()
    await expect.poll(() => map.question('sightings').where.and).toBeUndefined()
  }
  await map.picture('explorer-quantiles')
})

test('a place is found by a part of its name, and the map goes to it', async () => {
  const page = await open({ link: 'at=1/20/0' })
  await explore(page, 'countries')
  await page.getByRole('searchbox', { name: 'Text' }).fill('icelan')
  await page.getByRole('button', { name: 'Find' }).click()
  const found = page.getByRole('list', { name: 'Features found' }).getByRole('button')
  await expect.poll(() => found.allTextContents()).toHaveLength(1)
  await found.first().click()
  await expect.poll(() => page.locator('.feature').textContent()).toContain('Iceland')
  await expect.poll(() => fragment(page)).toMatch(/at=[4-6][.\d]*\/6[45]/)
  await map.picture('explorer-search')
})

test('the download has what the filter selects', async () => {
  const page = await open({ link: EUROPE })
  await explore(page, 'sightings')
  await addCondition(page, 'class', 'is', 'bird')
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: '.geojsonl' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('sightings.geojsonl')
  expect(await page.getByRole('link', { name: '.pmtiles' }).getAttribute('href')).toMatch(/sightings\.pmtiles\?where=/)
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
  expect(lines).toHaveLength(await count('sightings', birds))
  expect(new Set(lines.map((line) => JSON.parse(line).properties.class))).toEqual(new Set(['bird']))
})

test('a layer in EPSG:2154 is drawn at its place, and a part of it that is in view', async () => {
  const at = [6, 47, 2.5] as const
  const page = await open({ at })
  await page.getByRole('checkbox', { name: 'countries' }).uncheck()
  await page.getByRole('checkbox', { name: 'sightings' }).uncheck()
  expect(await page.locator('.layer[data-layer=lambert] .layer-meta').textContent()).toContain('EPSG:2154')
  const kind = async (latitude: number, longitude: number) => {
    const { x, y } = pixelOf(at, SCREEN, latitude, longitude)
    return (await map.picture('explorer-lambert')).at(x, y).join()
  }
  // Transformed by pyproj: the square reaches from (1.68, 46.50) to (3.66, 47.86). Names of places are not at these points.
  const outside = await kind(48.2, 4.5)
  await expect.poll(() => kind(47.4, 2.6)).not.toBe(outside)
  for (const [latitude, longitude] of [
    [46.55, 1.8],
    [47.65, 3.55],
    [46.55, 3.55],
    [47.8, 1.75],
  ] as const)
    expect(await kind(latitude, longitude)).toBe(await kind(47.4, 2.6))
  expect(await kind(46.4, 2.6)).toBe(outside)
  await page.evaluate(() => {
    location.hash = '#at=8/47.2/2.6'
  })
  await page.locator('.layer[data-layer=lambert][data-features="1"][data-state=complete]').waitFor({ timeout: 30_000 })
})

test('the time slider limits the features to its range', async () => {
  const page = await open({ link: EUROPE })
  await explore(page, 'sightings')
  const from = page.getByLabel('First observed_at')
  await from.waitFor()
  await from.focus()
  for (let n = 0; n < 4; n += 1) await page.keyboard.press('ArrowRight')
  const start = await from.getAttribute('aria-valuetext')
  expect(start).toMatch(/^\d{4}-\d\d-01$/)
  const expected = { property: { name: 'observed_at', gte: expect.stringContaining(start!) } }
  await expect.poll(() => map.question('sightings').where.and).toEqual([expected])
  const inView = await count('sightings', map.question('sightings').where)
  await expect.poll(() => map.features('sightings')).toBe(inView)
  expect(await page.getByRole('list', { name: 'Conditions' }).textContent()).toContain('observed_at from')
  await map.picture('explorer-time')
})

test('the server accepts every operator on every column, and together with its opposite it selects all that are not null', async () => {
  const page = await open({ link: EUROPE })
  const values = { individuals: '3', temperature_c: '10.5', species: 'House sparrow', observed_at: '2023-05-01T00:00' }
  // A text, because the test runner rewrites an import.
  const asked = await page.evaluate<{ name: string; op: string; where: object }[]>(`(async () => {
    const [conditions, columns, layers] = await Promise.all(
      ['explore/conditions', 'explore/columns', 'layers'].map((name) => import('/map/' + name + '.js')),
    )
    const layer = (await layers.fetchLayers()).find(({ name }) => name === 'sightings')
    return Object.entries(${JSON.stringify(values)}).flatMap(([name, text]) => {
      const column = columns.columnOf(layer, name)
      return conditions.operatorsFor(columns.columnKind(column)).map(([op]) => {
        const value = conditions.readValue(column, text)
        return { name, op, where: conditions.whereOf([{ column: name, op, value }]) }
      })
    })
  })()`)
  const counts = new Map<string, number>()
  for (const { name, op, where } of asked) counts.set(`${name} ${op}`, await count('sightings', where))
  const all = await count('sightings', {})
  for (const name of Object.keys(values)) {
    const of = (op: string) => counts.get(`${name} ${op}`)!
    expect(of('isNull') + of('notNull'), name).toBe(all)
    for (const [one, other] of [
      ['eq', 'ne'],
      ['gte', 'lt'],
      ['lte', 'gt'],
    ] as const)
      expect(of(one) + of(other), `${name} ${one} ${other}`).toBe(of('notNull'))
  }
  expect(counts.get('species contains')).toBe(counts.get('species startsWith'))
  expect(counts.get('species eq')).toBeGreaterThan(0)
})
