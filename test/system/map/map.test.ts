/** The map page on the demo's data, in Debian's chromium. Its observations are multipoints here, which are never drawn as hexagons. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { remove, temporaryFolder, using } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, pixelOf, type View } from './map-page.ts'
import type { Rgb } from './png.ts'

const [COUNTRIES, OBSERVATIONS] = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`)) as [
  string,
  string,
]
const WORLD = [1, 20, 0] as const
const GULF_OF_GUINEA = [5, 2, 4] as const
const SAHARA = [4, 23, 10] as const
const SCREEN = { width: 1440, height: 900 }

// Without a graphics card a browser draws by the processor alone.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage | undefined

beforeAll(async () => {
  folder = await temporaryFolder()
  const multi = join(folder, 'observations.parquet')
  await using(async (connection) => {
    await connection.run(
      `COPY (SELECT * REPLACE (ST_Multi(geometry) AS geometry) FROM '${OBSERVATIONS}') TO '${multi}' (FORMAT parquet)`,
    )
  })
  ;[server, browser] = await Promise.all([serve([COUNTRIES, multi]), openBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await remove(folder)
})

const open = async (view?: View) => (map = await MapPage.open(browser, server, view))

beforeEach(() => {
  map = undefined
})

/** For every test: no request to another host, and no message on the console. */
afterEach(async () => {
  const hosts = new Set(
    map?.requests
      .map((url) => new URL(url))
      .filter(({ protocol }) => protocol !== 'blob:')
      .map(({ host }) => host),
  )
  const complaints = map?.complaints ?? []
  await map?.close()
  expect([...hosts]).toEqual(map ? [new URL(server.url).host] : [])
  expect(complaints).toEqual([])
})

/** The sea is bluish and the land greenish in both themes, below everything that is drawn. */
const ground = ([, green, blue]: Rgb) => (blue > green ? 'sea' : 'land')

const SIDES = [
  {
    middle: 0,
    sea: {
      'mid-Atlantic': [0, -30],
      'Indian Ocean at the latitude of Fiji': [-17, 80],
      'Atlantic at the latitude of Fiji': [-17, -20],
      'Norwegian Sea at the latitude of Chukotka': [67, 3],
      'Davis Strait at the latitude of Chukotka': [66.5, -58.5],
      'Weddell Sea at the latitude of Antarctica': [-69, -30.5],
    },
    land: { 'mid-Sahara': [23, 10], Siberia: [62, 105], Antarctica: [-76, 60] },
  },
  {
    middle: 180,
    sea: { 'mid-Pacific': [0, -150], 'Pacific at the latitude of Fiji': [-17, -130], 'Gulf of Alaska': [56, -147] },
    land: {
      Chukotka: [67, 178],
      'Chukotka beyond the antimeridian': [66.5, -175],
      Australia: [-25, 135],
      'Antarctica, too': [-82, -179],
    },
  },
] as const

test.each(SIDES)(
  'the sea is sea, the land is land, and no stripe goes across the world, around $middle°',
  async ({ middle, sea, land }) => {
    const view = [1, 20, middle] as const
    const { page, picture, state } = bound(await open({ at: view }))
    await page.getByRole('checkbox', { name: 'observations' }).uncheck()
    await state('complete')
    const look = async () => {
      const shot = await picture(`world-${middle}`)
      const seen = (places: Readonly<Record<string, readonly [number, number]>>) =>
        Object.entries(places).map(([name, [latitude, longitude]]) => {
          const { x, y } = pixelOf(view, SCREEN, latitude, longitude)
          return `${name}: ${ground(shot.at(x, y))}`
        })
      return { sea: seen(sea), land: seen(land) }
    }
    await expect.poll(look).toEqual({
      sea: Object.keys(sea).map((name) => `${name}: sea`),
      land: Object.keys(land).map((name) => `${name}: land`),
    })
  },
)

test('the whole world streams, and its counters are those of a query', async () => {
  const { picture, state, page } = bound(await open())
  await state('streaming')
  await state('complete')
  let total = 0
  for (const layer of ['countries', 'observations']) {
    const all = await matched(layer, map!.question(layer).bbox)
    expect(await map!.features(layer), layer).toBe(all)
    total += all
  }
  expect(total).toBeGreaterThan(150_000)
  const figures = page.locator('#progress')
  expect(await figures.getAttribute('data-features')).toBe(String(total))
  expect(await page.locator('#progress-features').textContent()).toBe(total.toLocaleString('en'))
  const batches = ['countries', 'observations'].flatMap((layer) => map!.batches(map!.question(layer).id))
  expect(await figures.getAttribute('data-batches')).toBe(String(batches.length))
  await picture('wide-light')
})

test('a click on a country shows its properties and its id', async () => {
  const { page, state } = bound(await open({ at: SAHARA }))
  await page.getByRole('checkbox', { name: 'observations' }).uncheck()
  await state('complete')
  const popup = page.locator('.feature')
  await expect
    .poll(
      async () => {
        await page.mouse.click(SCREEN.width / 2, SCREEN.height / 2)
        return popup.count()
      },
      { interval: 500 },
    )
    .toBe(1)
  const shown = Object.fromEntries(
    await Promise.all(
      (await popup.locator('tr').all()).map(async (row) => [
        await row.locator('th').textContent(),
        await row.locator('td').textContent(),
      ]),
    ),
  )
  const id = (await popup.locator('.popup-id').textContent())!.replace('id ', '')
  const { data } = await ask<{ feature: { properties: Record<string, unknown> } }>(
    server,
    'query ($id: ID!) { feature(layer: "countries", id: $id) { properties } }',
    { id },
  )
  expect(shown).toEqual(
    Object.fromEntries(Object.entries(data!.feature.properties).map(([name, value]) => [name, String(value)])),
  )
  expect(shown['name']).toBe('Algeria')
  await page.keyboard.press('Escape')
})

test('Enter shows what is under the cross in the middle, Escape closes it', async () => {
  const { page, state } = bound(await open({ at: SAHARA }))
  await page.getByRole('checkbox', { name: 'observations' }).uncheck()
  await state('complete')
  await page.locator('canvas').focus()
  await expect
    .poll(
      async () => {
        await page.locator('canvas').press('Enter')
        return page.locator('.feature').count()
      },
      { interval: 500 },
    )
    .toBe(1)
  await page.locator('canvas').press('Escape')
  expect(await page.locator('.feature').count()).toBe(0)
})

test('a move of the map cancels the stream and asks for the new extent', async () => {
  const { page, state } = bound(await open({ at: [2, 10, 20] }))
  await map!.layerState('observations', 'streaming')
  const before = map!.question('observations')
  await page.locator('canvas').focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => map!.question('observations').id).not.toBe(before.id)
  expect(map!.question('observations').bbox).not.toEqual(before.bbox)
  expect(map!.sent.filter(({ type, id }) => type === 'complete' && id === before.id)).toHaveLength(1)
  expect(map!.received.filter(({ type, id }) => type === 'complete' && id === before.id)).toHaveLength(0)
  await state('complete')
  await quiet(server)
})

test('a layer that is no longer shown ends its stream', async () => {
  const { page } = bound(await open({ at: WORLD }))
  await map!.layerState('observations', 'streaming')
  for (const name of ['countries', 'observations']) await page.getByRole('checkbox', { name }).uncheck()
  await quiet(server)
  await map!.state('idle')
})

test('a stream continues after the last batch when its connection is lost', async () => {
  const { state } = bound(await open({ at: [3, 10, 20], breakBehind: { layer: 'observations', batches: 3 } }))
  await state('complete')
  const [first, second, ...more] = map!.queries('observations')
  const got = map!.batches(first!.id).slice(0, 3)
  expect(more).toEqual([])
  expect(first!.after).toBeNull()
  expect(second!.after).toBe(got.at(-1)!.cursor)
  const rows = [...got, ...map!.batches(second!.id)].reduce((sum, { count }) => sum + count, 0)
  expect(rows).toBe(await matched('observations', first!.bbox))
  expect(await map!.features('observations')).toBe(rows)
  map!.complaints.length = 0
})

test('the page of the health, which the map links to, shows every worker', async () => {
  const { page } = bound(await open({ at: SAHARA }))
  await page.getByRole('link', { name: 'health' }).click()
  await page.locator('.worker').first().waitFor()
  const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(server, '{ health { workers { pid } } }')
  const shown = await page.locator('.worker').allTextContents()
  expect(shown).toHaveLength(data!.health.workers.length)
  for (const { pid } of data!.health.workers)
    expect(shown.filter((text) => text.includes(pid === null ? 'asleep' : `pid ${pid}`))).toHaveLength(1)
})

test('dark is dark from the sea to the panels, and the button makes it light', async () => {
  const { page, picture, state } = bound(await open({ at: GULF_OF_GUINEA, colorScheme: 'dark' }))
  await state('complete')
  const brightness = async () => {
    const { x, y } = pixelOf(GULF_OF_GUINEA, SCREEN, 0, 2)
    return Math.max(...(await picture('wide-dark')).at(x, y))
  }
  expect(await brightness()).toBeLessThan(60)
  await page.getByRole('button', { name: 'Use the light theme' }).click()
  await expect.poll(brightness).toBeGreaterThan(180)
})

test('a phone shows the map, the progress line, and the rest in a sheet', async () => {
  const { page, picture, state } = bound(await open({ width: 375, height: 812 }))
  await state('complete')
  await picture('phone')
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
  const checkbox = page.getByRole('checkbox', { name: 'countries' })
  expect(await checkbox.isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Layers', exact: true }).tap()
  await checkbox.waitFor()
  await picture('phone-sheet')
})

/** The server's count for a box. */
async function matched(layer: string, bbox: readonly number[]): Promise<number> {
  const query =
    'query ($layer: String!, $bbox: BBox!) { features(layer: $layer, where: { bbox: $bbox }, first: 1) { totalCount } }'
  const { data } = await ask<{ features: { totalCount: string } }>(server, query, { layer, bbox })
  return Number(data!.features.totalCount)
}

/** Methods that may be taken apart. */
function bound(opened: MapPage) {
  return { page: opened.page, picture: opened.picture.bind(opened), state: opened.state.bind(opened) }
}

test('a table without geometry is listed with a note, and is not drawn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-map-'))
  await writeFile(join(folder, 'people.csv'), 'name\nAnn\nBob\n')
  const own = await serve([COUNTRIES, folder], { cacheDirectory: join(folder, 'cache') })
  try {
    map = await MapPage.open(browser, own, { at: WORLD })
    const row = map.page.locator('li[data-layer="people"]')
    await expect.poll(() => row.textContent()).toContain('Table · 2 rows')
    expect(await row.textContent()).toContain('its rows have no geometry')
    expect(await row.getByRole('checkbox').isDisabled()).toBe(true)
    await bound(map).state('complete')
    await map.page.getByRole('button', { name: 'Explore people' }).click()
    await map.page.getByRole('button', { name: 'Open table' }).click()
    const cells = map.page.locator('.table-card td')
    await expect.poll(() => cells.allTextContents()).toEqual(['Ann', 'Bob'])
    await map.page.getByRole('button', { name: 'name', exact: true }).press('Enter')
    await map.page.getByRole('button', { name: 'name', exact: true }).press('Enter')
    await expect.poll(() => cells.allTextContents()).toEqual(['Bob', 'Ann'])
    expect(map.complaints).toEqual([])
    expect(map.sent.filter(({ payload }) => payload?.variables?.layer === 'people')).toEqual([])
  } finally {
    await map?.close()
    map = undefined
    await own.close()
    await rm(folder, { recursive: true })
  }
})
