/** The names of places on the map page, in a browser. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser, pixelOf } from './map-page.ts'

const COUNTRIES = join(ROOT, '.geoduck/demo/countries.parquet')
const SCREEN = { width: 1440, height: 900 }
const SPAIN = [5, 40, 0] as const
/** Sums of the channels of a pixel. */
const [DARK, BRIGHT] = [350, 500]

// Without a graphics card a browser draws by the processor alone.
vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
let browser: Browser
let map: MapPage

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve([COUNTRIES]), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})
afterEach(async () => {
  const { complaints, requests } = map
  await map.close()
  expect(complaints).toEqual([])
  expect(requests.filter((url) => !url.startsWith('blob:') && new URL(url).host !== new URL(server.url).host)).toEqual([])
})

/** The darkest or the brightest pixel around a place: the sum of its channels. Nothing below names is as dark or as bright as they are. */
async function extreme(pick: 'min' | 'max', at: readonly [number, number, number], latitude: number, longitude: number) {
  const picture = await map.picture('places')
  const { x, y } = pixelOf(at, SCREEN, latitude, longitude)
  const sums: number[] = []
  for (let dx = -30; dx <= 30; dx += 1)
    for (let dy = -8; dy <= 8; dy += 1) sums.push(picture.at(x + dx, y + dy).reduce((sum, channel) => sum + channel))
  return Math[pick](...sums)
}

test('places have names above the data, which the other theme recolours', async () => {
  map = await MapPage.open(browser, server, { at: SPAIN })
  await map.state('complete')
  const madrid = (pick: 'min' | 'max') => extreme(pick, SPAIN, 40.4, -3.69)
  await expect.poll(() => madrid('min')).toBeLessThan(DARK)
  expect(await extreme('min', SPAIN, 38, -12)).toBeGreaterThan(DARK)
  await map.page.getByRole('button', { name: 'Use the dark theme' }).click()
  await expect.poll(() => madrid('max')).toBeGreaterThan(BRIGHT)
  expect(await extreme('max', SPAIN, 38, -12)).toBeLessThan(BRIGHT)
})

test('a place is found by a part of its name without accents, and the map goes to it', async () => {
  map = await MapPage.open(browser, server, { at: SPAIN })
  await map.state('complete')
  const { page } = map
  const place = page.getByRole('searchbox', { name: 'Find a place' })
  const found = page.getByRole('list', { name: 'Places found' }).getByRole('button')
  await place.fill('PARIS')
  expect((await found.allTextContents())[0]).toBe('Paris France')
  await place.fill('reykjav')
  expect(await found.allTextContents()).toEqual(['Reykjavík Iceland'])
  await place.fill('no such place')
  await page.getByText('No place has this name').waitFor()
  await place.fill('lodz')
  await expect.poll(() => found.first().textContent()).toBe('Łódź Poland')
  await place.press('Enter')
  await page.getByText('The map shows Łódź').waitFor()
  const view = () => /#at=([\d.]+)\/([\d.]+)\/([\d.]+)/.exec(page.url())!.slice(1).map(Number)
  await expect.poll(() => view()[0]).toBe(9)
  const [, latitude, longitude] = view()
  // Łódź is in the middle of what the panel leaves free.
  expect(Math.abs(latitude! - 51.77)).toBeLessThan(0.1)
  expect(Math.abs(longitude! - 19.46)).toBeLessThan(0.6)
  const shown = [9, latitude!, longitude!] as const
  await expect.poll(() => extreme('min', shown, 51.77, 19.46)).toBeLessThan(DARK)
})
