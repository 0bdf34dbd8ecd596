/** The features of a live layer in a box that moves, as a collection. */
import type { FeatureCollection, Polygon } from 'geojson'
import type { Endpoint } from './options.ts'
import { EVENTS, VARIABLES, Watch, type WatchArguments, type WatchControl } from './watch.ts'

export type Bbox = readonly [west: number, south: number, east: number, north: number]

export interface ViewportArguments extends WatchArguments {
  /** The box at first, in the CRS of the layer. */
  readonly bbox: Bbox
  /** With more features in the box, the watch has cells instead. From 1 to 50,000. @default 5,000 */
  readonly maxFeatures?: number | undefined
}

export type ViewportOptions = ViewportArguments & WatchControl<ViewportWatch> & Endpoint

/** The numbers of features in cells of the box. */
export interface ViewportCells {
  /** True if the box has too many features, so that the watch has none. False if features follow. */
  readonly coarse: boolean
  /** The number of features in the box. */
  readonly count: number
  /** The cells, in the CRS of the layer or in longitude and latitude, with their `count`. */
  readonly geojson: FeatureCollection<Polygon, { readonly count: number }>
}

const text = `subscription Viewport(${VARIABLES}, $bbox: BBox!, $maxFeatures: Int) {
  viewport(layer: $layer, bbox: $bbox, where: $where, since: $since, maxFeatures: $maxFeatures, maxPerSecond: $maxPerSecond) {
    ${EVENTS}
    ... on ViewportOpened { token id }
    ... on ViewportCells { token version bbox coarse totalCount rows { count cell { id polygon } } }
    ... on ViewportReached { token version bbox }
  }
}`
const MOVE = 'mutation Move($id: ID!, $bbox: BBox!) { moveViewport(id: $id, bbox: $bbox) }'

type ViewportEvent = { readonly token: string } & (
  | { readonly __typename: 'ViewportOpened'; readonly id: string }
  | {
      readonly __typename: 'ViewportCells'
      readonly version: string
      readonly bbox: Bbox
      readonly coarse: boolean
      readonly totalCount: string
      readonly rows: readonly { readonly count: string; readonly cell: { readonly id: string; readonly polygon: Polygon } }[]
    }
  | { readonly __typename: 'ViewportReached'; readonly version: string; readonly bbox: Bbox }
)

export class ViewportWatch extends Watch<ViewportWatch, ViewportEvent> {
  readonly #maxFeatures: number | undefined
  /** The latest box, and the one that the server knows. */
  #target: Bbox
  #sent: Bbox
  #id: string | null = null
  #isMoving = false
  #bbox: Bbox | null = null
  #cells: ViewportCells | null = null

  constructor(options: ViewportOptions) {
    super(options)
    this.#maxFeatures = options.maxFeatures
    this.#target = options.bbox
    this.#sent = options.bbox
    this.run()
  }

  /** The box that `features`, or `cells` if they are coarse, belong to. Null before the first is complete. */
  get bbox(): Bbox | null {
    return this.#bbox
  }

  /** The cells, if the box has too many features, or if they have not all arrived. Otherwise null. */
  get cells(): ViewportCells | null {
    return this.#cells
  }

  /** Moves the box. Boxes that follow each other faster than the server answers are one move, to the last. */
  move(bbox: Bbox): void {
    this.#target = bbox
    this.#move()
  }

  protected override begin() {
    this.#id = null
    this.#sent = this.#target
    return { text, variables: { ...this.variables, bbox: this.#target, maxFeatures: this.#maxFeatures } }
  }

  protected override receiveOther(event: ViewportEvent): void {
    if (event.__typename === 'ViewportOpened') {
      this.#id = event.id
      this.#move()
      return
    }
    const { version, bbox } = event
    if (event.__typename === 'ViewportReached') {
      this.#bbox = bbox
      const hadCells = this.#cells !== null
      this.#cells = null
      if (!this.complete(version) && hadCells) this.changed({ add: [], remove: [] })
      return
    }
    const { coarse, totalCount, rows } = event
    const features = rows.map(({ count, cell: { id, polygon } }) => {
      return { type: 'Feature', id, geometry: polygon, properties: { count: Number(count) } } as const
    })
    this.#cells = { coarse, count: Number(totalCount), geojson: { type: 'FeatureCollection', features } }
    if (coarse) {
      this.#bbox = bbox
      this.drop()
      this.complete(version)
    } else this.changed({ add: [], remove: [] })
  }

  /** Sends the latest box if the server does not know it. */
  #move(): void {
    if (this.#id === null || this.#isMoving || this.#sent === this.#target) return
    this.#isMoving = true
    this.#sent = this.#target
    const id = this.#id
    let isSettled = false
    const settle = (reason?: unknown) => {
      if (isSettled) return
      isSettled = true
      this.#isMoving = false
      // Another subscription has begun meanwhile, or this one is on another server.
      if (reason !== undefined && id === this.#id) this.runAgain(reason)
      else this.#move()
    }
    this.client.subscribe<{ moveViewport: boolean }>(
      { query: MOVE, variables: { id, bbox: this.#sent } },
      {
        next: ({ data, errors }) => (data?.moveViewport ? undefined : settle(errors ?? null)),
        error: settle,
        complete: () => settle(),
      },
    )
  }
}
