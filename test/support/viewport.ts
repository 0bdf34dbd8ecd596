/** A viewport of a live layer over a WebSocket, and a replica of what its events say. */
import { type Client, createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { Random } from './random.ts'

export type Box = readonly [west: number, south: number, east: number, north: number]

/** A box with whole numbers as edges, whose tests are exact. */
export interface Shape {
  readonly box: Box
  readonly n: number
}

export const intersects = (a: Box, b: Box): boolean => a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]

export const randomBox = (random: Random, most: number): Box => {
  const [west, south] = [random.integer(160) - 100, random.integer(100) - 60]
  return [west, south, west + random.integer(most), Math.min(90, south + random.integer(most))]
}

/** A feature whose geometry is the box: a point, a line or a polygon. */
export function featureOf(key: string, { box: [west, south, east, north], n }: Shape) {
  const corners = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  const isPoint = west === east && south === north
  const isLine = west === east || south === north
  const geometry = isPoint
    ? { type: 'Point', coordinates: corners[0] }
    : isLine
      ? { type: 'LineString', coordinates: [corners[0], corners[2]] }
      : { type: 'Polygon', coordinates: [corners] }
  return { key, geometry: { geojson: geometry }, properties: { n } }
}

const FEATURES = 'features { key bbox n: properties(only: ["n"]) }'
const VIEWPORT = `subscription (
  $layer: String!, $bbox: BBox!, $where: FeatureFilter, $since: Cursor, $maxFeatures: Int, $maxPerSecond: Float, $batchSize: Int
) {
  viewport(
    layer: $layer, bbox: $bbox, where: $where, since: $since, maxFeatures: $maxFeatures, maxPerSecond: $maxPerSecond, batchSize: $batchSize
  ) {
    __typename
    ... on ViewportOpened { token id }
    ... on ViewportCells { token version bbox coarse totalCount rows { count cell { id } } }
    ... on Reset { token }
    ... on SnapshotBatch { token version count ${FEATURES} }
    ... on ChangeBatch { token version complete added { ${FEATURES} } updated { ${FEATURES} } removed }
    ... on ViewportReached { token version bbox }
    ... on Heartbeat { token version }
  }
}`
export const MOVE = 'mutation ($id: ID!, $bbox: BBox!) { moveViewport(id: $id, bbox: $bbox) }'

interface Feature {
  readonly key: string
  readonly bbox: Box
  readonly n: { readonly n: number }
}

export interface ViewportEvent {
  readonly __typename: string
  readonly token: string
  readonly id?: string
  readonly version?: string
  readonly bbox?: Box
  readonly coarse?: boolean
  readonly totalCount?: string
  readonly rows?: readonly { readonly count: string; readonly cell: { readonly id: string } }[]
  readonly complete?: boolean
  readonly features?: readonly Feature[]
  readonly added?: { readonly features: readonly Feature[] }
  readonly updated?: { readonly features: readonly Feature[] }
  readonly removed?: readonly string[]
}

/** The features that a client has. It applies each event strictly: a feature that it has is never added, and one that it lacks is never removed. */
export class Replica {
  readonly shapes = new Map<string, Shape>()
  readonly seen: string[] = []
  token: string | null = null
  version = 0
  box: Box | null = null
  isCoarse = false
  /** True after a lost connection in the middle of a move, which is sent again. */
  isLenient = false

  apply(event: ViewportEvent): void {
    this.seen.push(event.__typename)
    this.token = event.token
    if (event.__typename === 'Reset' || event.coarse) this.shapes.clear()
    if (event.coarse !== undefined) this.isCoarse = event.coarse
    for (const feature of [...(event.features ?? []), ...(event.added?.features ?? [])]) {
      if (!this.isLenient) expect(this.shapes.has(feature.key), `${feature.key} is added twice`).toBe(false)
      this.#set(feature)
    }
    for (const feature of event.updated?.features ?? []) {
      expect(this.shapes.has(feature.key), `${feature.key} is updated`).toBe(true)
      this.#set(feature)
    }
    for (const key of event.removed ?? []) if (!this.shapes.delete(key)) expect(this.isLenient, `${key} is removed`).toBe(true)
    if (event.version) this.version = Number(event.version)
    if (event.__typename === 'ViewportReached') [this.box, this.isLenient] = [event.bbox!, false]
    if (event.coarse) this.box = event.bbox!
  }

  #set({ key, bbox, n }: Feature): void {
    this.shapes.set(key, { box: bbox, n: n.n })
  }
}

export interface ViewportVariables {
  readonly layer: string
  readonly bbox: Box
  readonly where?: object
  readonly since?: string | null
  readonly maxFeatures?: number
  readonly maxPerSecond?: number
  readonly batchSize?: number
}

/** One subscription. Moves are sent over its socket. */
export class Viewport {
  readonly client: Client
  id = ''
  readonly #events

  constructor(url: string, variables: ViewportVariables) {
    this.client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 })
    this.#events = this.client.iterate<{ viewport: ViewportEvent }>({ query: VIEWPORT, variables: { ...variables } })
  }

  async next(): Promise<ViewportEvent> {
    const { value } = await this.#events.next()
    if (!value?.data) throw value?.errors ?? new Error('the viewport has ended')
    const { viewport } = value.data
    if (viewport.id) this.id = viewport.id
    return viewport
  }

  /** Returns all events up to the first of this type. */
  async until(type: string, replica?: Replica): Promise<readonly ViewportEvent[]> {
    const events: ViewportEvent[] = []
    do {
      events.push(await this.next())
      replica?.apply(events.at(-1)!)
    } while (events.at(-1)!.__typename !== type)
    return events
  }

  async move(bbox: Box): Promise<boolean> {
    const moves = this.client.iterate<{ moveViewport: boolean }>({ query: MOVE, variables: { id: this.id, bbox } })
    const { value } = await moves.next()
    if (!value?.data) throw value?.errors
    return value.data.moveViewport
  }

  async close(): Promise<void> {
    await this.client.dispose()
  }
}
