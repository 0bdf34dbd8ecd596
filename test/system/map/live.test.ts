/** The page of a server with the demo: ships move with their trails, a fence lights up, and a button stops the writer. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { processesOf } from '../../support/live.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { serveDemo, type TestServer } from '../../support/server.ts'
import { MapPage, openBrowser } from './map-page.ts'
import type { Picture } from './png.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })

let server: TestServer
let browser: Browser
let map: MapPage
beforeAll(async () => {
  server = await serveDemo()
  browser = await openBrowser()
  map = await MapPage.open(browser, server, { width: 800, height: 500, link: 'at=4/37/-4&show=ships' })
  await map.layerState('ships', 'complete')
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

interface FenceFrame {
  readonly payload?: {
    readonly data?: {
      readonly fences?: {
        readonly events?: readonly {
          readonly detect: 'ENTER' | 'EXIT'
          readonly object: { readonly properties: { readonly name: string } }
        }[]
      }
    }
  }
}

const until = (read: () => unknown) => expect.poll(read, { timeout: 60_000, interval: 200 })
const text = (selector: string) => map.page.locator(selector).textContent()
const subscriptions = () => map.sent.filter(({ type }) => type === 'subscribe').length
const writers = () => processesOf(process.pid, 'ships/sail.ts').length

/** Pixels in the colours of ships and of their trails. */
function blue({ width, height, at }: Picture): number {
  let count = 0
  for (let x = 370; x < width; x++)
    for (let y = 0; y < height; y++) {
      const [red = 0, , blue = 0] = at(x, y)
      if (blue - red > 60) count++
    }
  return count
}

test('ships move with trails, and the page says how many changes a second there are', async () => {
  let begin = 0
  const look = async () => {
    begin = blue(await map.picture('live-begin'))
    return begin
  }
  await until(look).toBeGreaterThan(0)
  await until(async () => blue(await map.picture('live'))).toBeGreaterThan(1.25 * begin)
  await until(() => text('.layer[data-layer=ships] .layer-stream')).toMatch(/^2,000 live · [\d,]+ changes\/s$/)
  expect(map.complaints).toEqual([])
})

test('a move of the map asks for nothing, because all of the layer is followed', async () => {
  await until(() => text('.fence-inside')).toContain('inside')
  const asked = subscriptions()
  await map.page.getByRole('button', { name: 'Zoom out' }).click()
  await map.page.getByRole('button', { name: 'Go there' }).click()
  await until(() => map.page.url()).toMatch(/at=[56]/)
  expect(subscriptions()).toBe(asked)
})

test('the button stops the ships and starts them again, also by keyboard', async () => {
  const button = map.page.locator('#demo button').first()
  await button.click()
  await until(() => button.textContent()).toBe('Start the ships')
  await until(writers).toBe(0)
  await until(() => text('.layer[data-layer=ships] .layer-stream')).toMatch(/ 0 changes/)
  const { data } = await ask<{ features: { geojson: object } }>(server, '{ features(layer: "ships", first: 2000) { geojson } }')
  const { fence } = await (await fetch(`${server.url}/map/demo`)).json()
  const inside = await python<number>(
    `
import json, shapely, sys
ships, fence = json.load(sys.stdin)
fence = shapely.geometry.shape(fence)
print(sum(fence.intersects(shapely.geometry.shape(ship["geometry"])) for ship in ships))`,
    [],
    JSON.stringify([(data!.features.geojson as { features: object[] }).features, fence.geometry]),
  )
  await until(() => text('.fence-inside')).toBe(`${inside} ${inside === 1 ? 'ship' : 'ships'} inside`)
  await button.focus()
  await map.page.keyboard.press('Enter')
  await until(() => button.textContent()).toBe('Stop the ships')
  await until(() => text('.layer[data-layer=ships] .layer-stream')).not.toMatch(/ 0 changes/)
})

test('the page lists who enters the fence and who leaves it, by the events of `fences`', async () => {
  const crossings = map.page.locator('.fence-crossings li')
  await until(() => crossings.and(map.page.locator('[data-crossing=entered]')).count()).toBeGreaterThan(0)
  const names = { ENTER: 'entered', EXIT: 'left' }
  const latest = () =>
    map.received
      .flatMap((frame) => (frame as FenceFrame).payload?.data?.fences?.events ?? [])
      .map(({ detect, object }) => `${object.properties.name} ${names[detect]}`)
      .slice(-4)
      .toReversed()
  await until(async () => [await crossings.allTextContents(), latest()].map(String)).toSatisfy(([a, b]) => a === b)
  expect(latest().length).toBeGreaterThan(0)
})

test('the writer ends when nobody looks at the page any more, and runs when somebody does again', async () => {
  const hide = (hidden: boolean) =>
    map.page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  await hide(true)
  await until(writers).toBe(0)
  await hide(false)
  await until(writers).toBe(1)
  await map.close()
  await until(writers).toBe(0)
})

test('`npm run bench:page` prints frames, changes and memory of each window, and how they change', async () => {
  const program = [join(ROOT, 'bench/live-page.ts'), '--minutes', '0.05', '--window', '1']
  const { code, stdout, stderr } = await runProgram(process.execPath, program, { cwd: ROOT })
  expect([code, stderr]).toEqual([0, ''])
  const [columns, ...rows] = stdout.trimEnd().split('\n')
  const names = ['second', 'frames/s', 'busy %', 'changes/s', 'page MB', 'server MB', 'store MB']
  expect(columns!.trim().split(/ {2,}/)).toEqual(names)
  expect(rows.at(-1)).toMatch(/^ +change( +[+-]?[\w.]+ %){6}$/)
  expect(rows.length).toBeGreaterThan(1)
  for (const row of rows.slice(0, -1)) expect(row).toMatch(/^ +\d+( +[\d.]+){6}$/)
})
