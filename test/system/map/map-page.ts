/** The map in a real browser, with its requests, messages and complaints. */
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { RunningServer } from '../../../src/server/server.ts'
import { type Picture, readPng } from './png.ts'

const SWITCHES = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** For people to look at. */
const PICTURES = join(tmpdir(), 'geoduck-map')

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: SWITCHES })
}

export interface View {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'dark' | 'light'
  /** Zoom, latitude and longitude of the middle; the extent of the layers, if it is left out. */
  readonly at?: readonly [zoom: number, latitude: number, longitude: number]
  /** The whole fragment of the address, instead of `at`. */
  readonly link?: string
  /** Milliseconds between the messages of the server, as on a slow network. */
  readonly slowMs?: number
  /** The base path of the server. */
  readonly basePath?: string
  /** Breaks the first connection after this number of batches of this layer. */
  readonly breakBehind?: { readonly layer: string; readonly batches: number }
}

export interface Frame {
  readonly type: string
  readonly id: string
  readonly payload?: {
    readonly variables?: {
      readonly layer?: string
      readonly where?: { readonly bbox: readonly number[]; readonly and?: readonly object[] }
      readonly after?: string | null
    }
    readonly data?: {
      readonly featureBatches?: { readonly cursor: string; readonly count: number }
      readonly aggregateBatches?: { readonly rows: readonly { readonly count: string; readonly cell: { readonly id: string } }[] }
    }
  }
}

export class MapPage {
  readonly page: Page
  readonly requests: string[] = []
  readonly complaints: string[] = []
  /** WebSocket messages in order. */
  readonly sent: Frame[] = []
  readonly received: Frame[] = []

  private constructor(page: Page) {
    this.page = page
    page.on('request', (request) => this.requests.push(request.url()))
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && this.complaints.push(message.text()))
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('websocket', (socket) => {
      this.requests.push(socket.url())
      socket.on('framesent', ({ payload }) => this.sent.push(JSON.parse(String(payload))))
      socket.on('framereceived', ({ payload }) => this.received.push(JSON.parse(String(payload))))
    })
  }

  static async open(browser: Browser, server: RunningServer, view: View = {}): Promise<MapPage> {
    const { width = 1440, height = 900, colorScheme = 'light', at, link = at ? `at=${at.join('/')}` : '' } = view
    const phone = width < 500
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, hasTouch: phone, isMobile: phone })
    const map = new MapPage(await context.newPage())
    if (view.breakBehind) await breakConnection(map.page, view.breakBehind)
    if (view.slowMs) await slowDown(map.page, view.slowMs)
    await map.page.goto(`${server.url}${view.basePath ?? ''}/map${link && `#${link}`}`)
    return map
  }

  /** The progress line says so. */
  async state(state: string, timeout = 110_000): Promise<void> {
    await this.page.locator(`#progress[data-state=${state}]`).waitFor({ timeout })
  }

  async layerState(layer: string, state: string, timeout = 110_000): Promise<void> {
    await this.page.locator(`.layer[data-layer=${layer}][data-state=${state}]`).waitFor({ timeout })
  }

  async features(layer: string): Promise<number> {
    return Number(await this.page.locator(`.layer[data-layer=${layer}]`).getAttribute('data-features'))
  }

  /** Every question put for a layer, in order. */
  queries(layer: string) {
    return this.sent
      .filter(({ type, payload }) => type === 'subscribe' && payload?.variables?.layer === layer)
      .map(({ id, payload }) => ({
        id,
        where: payload!.variables!.where!,
        bbox: payload!.variables!.where!.bbox,
        after: payload!.variables!.after ?? null,
      }))
  }

  /** The last of them. */
  question(layer: string) {
    return this.queries(layer).at(-1)!
  }

  /** The batches of a request. */
  batches(id: string): { readonly cursor: string; readonly count: number }[] {
    return this.received
      .filter((frame) => frame.type === 'next' && frame.id === id)
      .map(({ payload }) => payload!.data!.featureBatches!)
  }

  /** The answer to the last question for hexagons. */
  hexagons() {
    const asked = this.received.filter(({ payload }) => payload?.data?.aggregateBatches)
    const last = asked.at(-1)?.id
    return asked.filter(({ id }) => id === last).flatMap(({ payload }) => payload!.data!.aggregateBatches!.rows)
  }

  async picture(name: string): Promise<Picture> {
    mkdirSync(PICTURES, { recursive: true })
    return readPng(await this.page.screenshot({ path: join(PICTURES, `${name}.png`) }))
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}

/** Between page and server, as a bad network would be; the second connection is a good one. */
async function breakConnection(page: Page, { layer, batches }: NonNullable<View['breakBehind']>): Promise<void> {
  let broken = false
  await page.routeWebSocket(/graphql$/, (socket) => {
    const server = socket.connectToServer()
    let id: string | undefined
    let seen = 0
    socket.onMessage((message) => {
      const frame: Frame = JSON.parse(String(message))
      if (frame.payload?.variables?.layer === layer) id = frame.id
      server.send(message)
    })
    server.onMessage((message) => {
      if (broken && seen === batches) return
      socket.send(message)
      const frame: Frame = JSON.parse(String(message))
      if (broken || frame.type !== 'next' || frame.id !== id || ++seen < batches) return
      broken = true
      void server.close()
      void socket.close({ code: 1012 })
    })
  })
}

async function slowDown(page: Page, ms: number): Promise<void> {
  await page.routeWebSocket(/graphql$/, (socket) => {
    const server = socket.connectToServer()
    let sent = Promise.resolve()
    server.onMessage((message) => {
      sent = sent.then(() => new Promise((resolve) => setTimeout(resolve, ms))).then(() => socket.send(message))
    })
  })
}

/** Where a place is on the screen: web Mercator, whose world is 512 pixels wide at zoom 0. */
export function pixelOf(
  at: Required<View>['at'],
  screen: { width: number; height: number },
  latitude: number,
  longitude: number,
) {
  const [zoom, middleLatitude, middleLongitude] = at
  const world = 512 * 2 ** zoom
  const northing = (degrees: number) => Math.log(Math.tan(Math.PI / 4 + (degrees * Math.PI) / 360)) / (2 * Math.PI)
  return {
    x: screen.width / 2 + (((((longitude - middleLongitude) % 360) + 540) % 360) / 360 - 0.5) * world,
    y: screen.height / 2 + (northing(middleLatitude) - northing(latitude)) * world,
  }
}
