/** Vector tiles on the map page, in a browser: many polygons below a base path, on a server that requires a token. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { remove, temporaryFolder, using } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, pixelOf, type View } from './map-page.ts'
import type { Rgb } from './png.ts'

const SCREEN = { width: 1440, height: 900 }
const TOKEN = 'a-token-for-tests'
const BASE_PATH = '/geo'
/** Squares of 0.012 degrees, 0.016 degrees apart, in 320 columns and 130 rows from here on. */
const [WEST, SOUTH, STEP, SIDE, COLUMNS, ROWS] = [1, 46, 0.016, 0.012, 320, 130]
const ALL = COLUMNS * ROWS
const KINDS = ['clay', 'slate', 'straw', 'tin', 'copper', 'grass', 'glass', 'wood']
/** The middle of a square. */
const [LONGITUDE, LATITUDE] = [WEST + 160 * STEP + SIDE / 2, SOUTH + 65 * STEP + SIDE / 2]
const FAR = [8, LATITUDE, LONGITUDE] as const
const NEAR = [9.5, LATITUDE, LONGITUDE] as const

// Without a graphics card a browser draws by the processor alone.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
let server: TestServer
let browser: Browser
let map: MapPage

/** `roofs` has squares of eight kinds in columns. */
beforeAll(async () => {
  folder = await temporaryFolder()
  await using(async (connection) => {
    const corner = `${WEST} + n % ${COLUMNS} * ${STEP} AS x, ${SOUTH} + n // ${COLUMNS} * ${STEP} AS y`
    await connection.run(
      `COPY (SELECT n AS id, 'Roof ' || n AS name, [${KINDS.map((kind) => `'${kind}'`)}][1 + n % 8] AS kind, n % 100 AS height,
         ST_MakeEnvelope(x, y, x + ${SIDE}, y + ${SIDE}) AS geometry
       FROM (SELECT n, ${corner} FROM range(${ALL}) t(n))) TO '${join(folder, 'roofs.parquet')}' (FORMAT parquet)`,
    )
  })
  ;[server, browser] = await Promise.all([serve([folder], { basePath: BASE_PATH, token: TOKEN }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await remove(folder)
})
afterEach(async () => {
  const { complaints, requests } = map
  await map.close()
  expect(complaints).toEqual([])
  const paths = requests.filter((url) => /^(http|ws)/.test(url)).map((url) => new URL(url).pathname)
  expect(paths.filter((path) => !path.startsWith(`${BASE_PATH}/`))).toEqual([])
})

async function open(at: typeof FAR | typeof NEAR, rest = '', view: View = {}): Promise<MapPage> {
  map = await MapPage.open(browser, server, { ...view, basePath: BASE_PATH, link: `at=${at.join('/')}&token=${TOKEN}${rest}` })
  return map
}

const tiles = () => map.requests.filter((url) => new URL(url).pathname.startsWith(`${BASE_PATH}/tiles/roofs/`))

/** Where the middle of a square is, some squares away from the middle of the map. */
const square = (at: readonly [number, number, number], columns: number, rows = 0) =>
  pixelOf(at, SCREEN, LATITUDE + rows * STEP, LONGITUDE + columns * STEP)

const distance = (one: Rgb, other: Rgb) => Math.hypot(...one.map((channel, n) => channel - other[n]!))

test('a view with many polygons shows tiles, and their number is that of the server', async () => {
  await open(FAR)
  await map.layerState('roofs', 'complete')
  const row = map.page.locator('.layer[data-layer=roofs]')
  expect(await row.locator('.layer-stream').textContent()).toMatch(/^[\d,]+ in view, as tiles$/)
  expect(await row.getAttribute('data-tiles')).toBe('1')
  const { west, east } = { west: FAR[2] - (720 / 512) * (360 / 256), east: FAR[2] + (720 / 512) * (360 / 256) }
  const columns = Array.from({ length: COLUMNS }, (_, n) => WEST + n * STEP).filter((x) => x <= east && x + SIDE >= west)
  const features = await map.features('roofs')
  expect(features).toBeGreaterThan(20_000)
  expect(features % columns.length).toBe(0)
  expect(tiles().length).toBeGreaterThan(4)
  // No stream was opened: the only question was for the number.
  expect(map.queries('roofs')).toHaveLength(1)
})

test('tiles have the colours of the legend, and the filter', async () => {
  await open(FAR, '&explore=roofs&color.roofs=kind')
  await map.layerState('roofs', 'complete')
  const legend = map.page.getByRole('list', { name: 'roofs by kind' })
  const colors: Record<string, Rgb> = {}
  for (const kind of KINDS.slice(0, 4)) {
    const swatch = legend.getByRole('button', { name: new RegExp(`^${kind}`) }).locator('.swatch')
    const color = await swatch.evaluate((shown) => getComputedStyle(shown).backgroundColor)
    colors[kind] = color.match(/\d+/g)!.map(Number) as unknown as Rgb
  }
  /** The kinds of four neighbours by their colours; the square in the middle is of the first kind. */
  const seen = async () => {
    const picture = await map.picture('tiles-kinds')
    return [0, 1, 2, 3].map((n) => {
      const { x, y } = square(FAR, n)
      const far = (color: Rgb) => distance(color, picture.at(x, y))
      const [nearest] = Object.entries(colors).sort(([, one], [, other]) => far(one) - far(other))
      return far(nearest![1]) < 60 ? nearest![0] : 'ground'
    })
  }
  await expect.poll(seen).toEqual(['clay', 'slate', 'straw', 'tin'])
  const before = tiles().length
  await map.page.getByLabel('Column', { exact: true }).selectOption('kind')
  await map.page.getByLabel('Operator').selectOption({ label: 'is not' })
  await map.page.getByLabel('Value').fill('slate')
  await map.page.getByRole('button', { name: 'Add' }).click()
  await expect.poll(seen).toEqual(['clay', 'ground', 'straw', 'tin'])
  expect(await map.page.locator('.layer[data-layer=roofs]').getAttribute('data-tiles')).toBe('1')
  const asked = tiles().slice(before)
  expect(asked.length).toBeGreaterThan(4)
  expect(asked.filter((url) => !url.includes('filter='))).toEqual([])
})

test('a click on a feature of a tile shows all its properties', async () => {
  await open(FAR)
  await map.layerState('roofs', 'complete')
  const popup = map.page.locator('.feature')
  await expect
    .poll(
      async () => {
        await map.page.mouse.click(SCREEN.width / 2, SCREEN.height / 2)
        return popup.count()
      },
      { interval: 500 },
    )
    .toBe(1)
  const id = 65 * COLUMNS + 160
  await expect
    .poll(() => popup.locator('tr').allTextContents())
    .toEqual([`id${id}`, `nameRoof ${id}`, 'kindclay', `height${id % 100}`])
})

test('tiles that do not arrive are requested again, and the last answer stays', async () => {
  await open(NEAR)
  await map.layerState('roofs', 'complete')
  const { x, y } = square(NEAR, 0)
  const before = (await map.picture('tiles-before')).at(x, y)
  await map.page.context().route(/\.mvt/, (route) => route.abort())
  await map.page.evaluate((at) => {
    location.hash = `#at=${at.join('/')}`
  }, FAR)
  await map.layerState('roofs', 'paused')
  expect(await map.page.locator('.layer[data-layer=roofs] .layer-stream').textContent()).toContain('It continues by itself')
  expect(distance((await map.picture('tiles-paused')).at(x, y), before)).toBeLessThan(5)
  await map.page.context().unroute(/\.mvt/)
  await map.layerState('roofs', 'complete')
  expect(await map.page.locator('.layer[data-layer=roofs]').getAttribute('data-tiles')).toBe('1')
  map.complaints.length = 0
})

test('between tiles and a stream, a feature is drawn at all times, and once', async () => {
  await open(NEAR, '', { slowMs: 1500 })
  await map.layerState('roofs', 'complete')
  const { x, y } = square(NEAR, 0)
  const color = async (name: string) => (await map.picture(name)).at(x, y)
  const go = (at: readonly number[]) =>
    map.page.evaluate((place) => {
      location.hash = `#at=${place.join('/')}`
    }, at)
  const opaque = await color('seam-stream')
  const shots: Rgb[] = []
  for (const [at, isTiles] of [
    [FAR, true],
    [NEAR, false],
  ] as const) {
    await go(at)
    const row = map.page.locator('.layer[data-layer=roofs]')
    for (let n = 0; n < 60; n += 1) {
      shots.push(await color(`seam-${n}`))
      const [state, share] = [await row.getAttribute('data-state'), await row.getAttribute('data-tiles')]
      if (state === 'complete' && (share !== '') === isTiles && n > 5) break
    }
    await map.layerState('roofs', 'complete')
    await map.page.waitForTimeout(1000)
    shots.push(await color('seam-end'))
  }
  expect(shots.length).toBeGreaterThan(10)
  expect(shots.filter((shot) => distance(shot, opaque) > 4)).toEqual([])
})
