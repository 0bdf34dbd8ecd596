/** Many points on the map page, in a browser. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { remove, temporaryFolder, using } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, type View } from './map-page.ts'

const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))
/** Half of France: fewer points than are drawn one by one. */
const NEAR = [7, 47, 3] as const

// Without a graphics card a browser draws by the processor alone.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage

/** `lambert` are 60,000 points in EPSG:2154. */
beforeAll(async () => {
  folder = await temporaryFolder()
  const lambert = join(folder, 'lambert.parquet')
  await using(async (connection) => {
    const point = `ST_Point(100000 + (n * 7919) % 1000000, 6100000 + (n * 104729) % 1000000)`
    await connection.run(
      `COPY (SELECT n, ST_SetCRS(${point}, 'EPSG:2154') AS geometry FROM range(60000) t(n)) TO '${lambert}' (FORMAT parquet)`,
    )
  })
  ;[server, browser] = await Promise.all([serve([...DEMO, lambert]), openBrowser()])
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

const open = async (view?: View) => (map = await MapPage.open(browser, server, view))

async function countIn(bbox: readonly number[]): Promise<number> {
  const query = 'query ($bbox: BBox!) { features(layer: "observations", where: { bbox: $bbox }, first: 1) { totalCount } }'
  const { data } = await ask<{ features: { totalCount: string } }>(server, query, { bbox })
  return Number(data!.features.totalCount)
}

test('the hexagons of the whole world count every feature, and have other colours in the other theme', async () => {
  const { page } = await open({ link: 'at=0/0/0&show=countries/observations' })
  await map.state('complete')
  const hexagons = map.hexagons()
  expect(hexagons.reduce((sum, { count }) => sum + Number(count), 0)).toBe(await countIn([-180, -90, 180, 90]))
  expect(await map.features('observations')).toBe(200_000)
  const row = page.locator('.layer[data-layer=observations]')
  expect(Number(await row.getAttribute('data-hexagons'))).toBe(hexagons.length)
  expect(await row.locator('.layer-stream').textContent()).toMatch(/^hexagons of \d+ km: 200,000 features/)
  const classes = page.getByRole('list', { name: 'Features per hexagon' }).getByRole('listitem')
  const texts = await classes.allTextContents()
  expect(texts.length).toBeGreaterThan(2)
  expect(texts[0]).toMatch(/^1\b/)
  expect(texts.at(-1)).toMatch(/ or more$/)
  await map.picture('hexagons-light')
  const color = () =>
    classes
      .last()
      .locator('.swatch')
      .evaluate((swatch) => getComputedStyle(swatch).backgroundColor)
  const before = await color()
  await page.getByRole('button', { name: 'Use the dark theme' }).click()
  await expect.poll(color).not.toBe(before)
  await map.picture('hexagons-dark')
})

test('a view with few points shows the features, and a view with many shows hexagons again', async () => {
  const { page } = await open({ link: 'at=1/20/0&show=countries/observations' })
  await map.state('complete')
  const row = page.locator('.layer[data-layer=observations]')
  await page.evaluate((at) => {
    location.hash = `#at=${at.join('/')}`
  }, NEAR)
  await page.locator('.layer[data-layer=observations][data-hexagons="0"][data-state=complete]').waitFor({ timeout: 60_000 })
  const { id, bbox } = map.question('observations')
  const inView = await countIn(bbox)
  expect(inView).toBeGreaterThan(0)
  expect(inView).toBeLessThanOrEqual(50_000)
  expect(map.batches(id).reduce((sum, { count }) => sum + count, 0)).toBe(inView)
  expect(await map.features('observations')).toBe(inView)
  expect(await row.locator('.layer-stream').textContent()).toBe(`${inView.toLocaleString('en')} in view`)
  expect(await row.locator('.layer-scale').isVisible()).toBe(false)
  await map.picture('hexagons-near')
  await page.evaluate(() => {
    location.hash = '#at=2/30/10'
  })
  await page.locator('.layer[data-layer=observations]:not([data-hexagons="0"])[data-state=complete]').waitFor({ timeout: 60_000 })
  expect(await map.features('observations')).toBe(await countIn(map.question('observations').bbox))
})

test('a click on a hexagon shows its number of features', async () => {
  const { page } = await open({ link: 'at=2/48/9&show=countries/observations' })
  await page.getByRole('checkbox', { name: 'countries' }).uncheck()
  await map.state('complete')
  const popup = page.locator('.feature')
  await expect
    .poll(
      async () => {
        await page.mouse.click(720, 450)
        return popup.count()
      },
      { interval: 500 },
    )
    .toBe(1)
  const id = (await popup.locator('.popup-id').textContent())!.replace('id ', '')
  const { count } = map.hexagons().find(({ cell }) => cell.id === id)!
  expect(await popup.locator('tr').allTextContents()).toEqual([`features${count}`])
})

test.each([
  { column: 'temperature_c', figures: 'avg', name: 'average temperature_c' },
  { column: 'class', figures: 'values(first: 1) { value }', name: 'most frequent class' },
])('hexagons that $column colours have the class of the $name', async ({ column, figures, name }) => {
  const { page } = await open({ link: `at=2/48/9&show=observations&color.observations=${column}` })
  await map.state('complete')
  const legend = page.getByRole('list', { name: `observations by ${column}` })
  await expect.poll(() => legend.textContent()).toContain(`by the ${name} of a hexagon`)
  expect(await page.locator('.layer[data-layer=observations] .layer-scale').isVisible()).toBe(false)
  const popup = page.locator('.feature')
  await expect
    .poll(
      async () => {
        await page.mouse.click(720, 450)
        return popup.count()
      },
      { interval: 500 },
    )
    .toBe(1)
  const shown = await popup.locator('td').allTextContents()
  const id = (await popup.locator('.popup-id').textContent())!.replace('id ', '')
  expect(await popup.locator('th').allTextContents()).toEqual(['features', name])
  await page.keyboard.press('Escape')
  // The same hexagon in the table of all groups, which the page does not request.
  const query = `{ aggregate(layer: "observations", cell: { kind: HEXAGON, size: ${id.split('/')[1]} }, first: 10000)
    { rows { count cell { id } column(name: "${column}") { ${figures} } } } }`
  type Row = { count: string; cell: { id: string } | null; column: { avg?: number; values?: { value: string }[] } }
  const { data } = await ask<{ aggregate: { rows: Row[] } }>(server, query)
  const row = data!.aggregate.rows.find(({ cell }) => cell?.id === id)!
  const value = row.column.avg ?? row.column.values![0]!.value
  expect(shown).toEqual([row.count, String(value)])
  // Its class in the legend, by the class's own text.
  const classes = await legend.getByRole('button').allTextContents()
  const expected = classes.findIndex((text) => {
    const [first, last] = text.match(/-?[\d.]+/g)?.map(Number) ?? []
    if (typeof value === 'string') return text.startsWith(`${value} (`)
    if (text.startsWith('below')) return value < first!
    return text.includes('or more') ? value >= first! : value >= first! && value < last!
  })
  const colors = await legend
    .locator('.swatch')
    .evaluateAll((swatches) => swatches.map((swatch) => getComputedStyle(swatch).backgroundColor.match(/\d+/g)!.map(Number)))
  const nearest = async () => {
    const pixel = (await map.picture(`hexagons-${column}`)).at(720, 450)
    const far = colors.map((color) => Math.hypot(...color.map((channel, n) => channel - pixel[n]!)))
    return far.indexOf(Math.min(...far))
  }
  await page.mouse.move(10, 890)
  await expect.poll(nearest).toBe(expected)
})

test('many points in EPSG:2154 are hexagons, which count those in view', async () => {
  const { page } = await open({ link: 'at=4/46/3&show=lambert' })
  await page.locator('.layer[data-layer=lambert][data-state=complete]').waitFor({ timeout: 60_000 })
  expect(map.hexagons().reduce((sum, { count }) => sum + Number(count), 0)).toBe(60_000)
  expect(Number(await page.locator('.layer[data-layer=lambert]').getAttribute('data-hexagons'))).toBe(map.hexagons().length)
  await map.picture('hexagons-lambert')
})
