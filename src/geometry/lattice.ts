/**
 * Longitude and latitude of positions in another CRS, by interpolation between the nodes of a lattice over a layer's extent. The engine
 * transforms the nodes once per layer, where its own transformation takes 20 ms per statement to be looked up, and 1 µs per position. A position
 * takes 0.1 µs here. The nodes are interpolated by polynomials of degree 5. The error is measured half-way between nodes, where it is largest: over
 * 1,000 km it is less than a millimetre for most projections.
 */
import type { BBox } from '../model/layer.ts'
import type { Position } from '../model/predicate.ts'

/** Nodes of a side. */
const NODES = 33
/** The nodes, and positions half-way between them. */
export const SAMPLES = 2 * NODES - 1
/** Nodes in each direction from which a position is interpolated. */
const STENCIL = 6
/** The share of its size by which a lattice is larger than the extent, whose sides may be rounded. */
const SPARE = 1 / 64
/** Parts of a side, of which each is so small that its image is nearly a parallelogram. */
const PARTS = 8
/** Degrees. Web Mercator ends before. */
const FARTHEST = 86

/** A lattice as plain data, which a worker can receive. */
export interface LatticeData {
  readonly box: BBox
  /** Base64 of doubles: longitude and latitude of each node, row by row from the south-west. */
  readonly nodes: string
}

/** Returns the box of a lattice for an extent. */
export function latticeBox([west, south, east, north]: BBox): BBox {
  const most = Math.max(...[west, south, east, north].map(Math.abs))
  const more = Math.max(SPARE * (east - west), SPARE * (north - south), 1e-6 * Math.max(1, most))
  return [west - more, south - more, east + more, north + more]
}

/** A lattice, and its largest error as a share of the width of the world in Web Mercator. */
export interface FittedLattice {
  readonly lattice: Lattice
  readonly error: number
}

/**
 * Makes a lattice of `SAMPLES` times `SAMPLES` positions. Null if one of them has no longitude and latitude. Longitudes continue beyond 180 degrees
 * where the layer crosses the antimeridian.
 */
export function fitLattice(box: BBox, samples: readonly (Position | null)[]): FittedLattice | null {
  const [middle] = samples[(samples.length - 1) / 2] ?? [Number.NaN]
  const turned = samples.map((sample): Position => {
    const [lon, lat] = sample ?? [Number.NaN, Number.NaN]
    return [lon - middle > 180 ? lon - 360 : lon - middle < -180 ? lon + 360 : lon, lat]
  })
  if (turned.length !== SAMPLES * SAMPLES || !turned.every(([lon, lat]) => Number.isFinite(lon + lat))) return null
  const nodes = new Float64Array(2 * NODES * NODES)
  for (let n = 0; n < NODES * NODES; n++) nodes.set(turned[2 * Math.floor(n / NODES) * SAMPLES + 2 * (n % NODES)]!, 2 * n)
  const lattice = new Lattice(box, nodes)
  const [west, south, east, north] = box
  let error = 0
  for (const [n, [lon, lat]] of turned.entries()) {
    const [column, row] = [n % SAMPLES, Math.floor(n / SAMPLES)]
    lattice.place(west + (column * (east - west)) / (SAMPLES - 1), south + (row * (north - south)) / (SAMPLES - 1))
    const shrunk = Math.cos((Math.min(FARTHEST, Math.abs(lat)) * Math.PI) / 180)
    error = Math.max(error, Math.abs(lattice.longitude - lon) / 360, Math.abs(lattice.latitude - lat) / 360 / shrunk)
  }
  return { lattice, error }
}

export class Lattice {
  /** The last position that was placed. */
  longitude = 0
  latitude = 0
  private readonly box: BBox
  private readonly nodes: Float64Array
  private readonly columns: number
  private readonly rows: number
  private readonly ofColumn = new Float64Array(STENCIL)
  private readonly ofRow = new Float64Array(STENCIL)

  constructor(box: BBox, nodes: Float64Array) {
    this.box = box
    this.nodes = nodes
    this.columns = (NODES - 1) / (box[2] - box[0])
    this.rows = (NODES - 1) / (box[3] - box[1])
  }

  static from({ box, nodes }: LatticeData): Lattice {
    return new Lattice(box, new Float64Array(new Uint8Array(Buffer.from(nodes, 'base64')).buffer))
  }

  get data(): LatticeData {
    return { box: this.box, nodes: Buffer.from(this.nodes.buffer).toString('base64') }
  }

  /** Sets `longitude` and `latitude` to those of a position of the layer. */
  place(x: number, y: number): void {
    const { nodes, ofColumn, ofRow } = this
    const column = weigh((x - this.box[0]) * this.columns, ofColumn)
    const row = weigh((y - this.box[1]) * this.rows, ofRow)
    let [longitude, latitude] = [0, 0]
    for (let r = 0; r < STENCIL; r++) {
      let at = 2 * ((row + r) * NODES + column)
      let [lon, lat] = [0, 0]
      for (let c = 0; c < STENCIL; c++, at += 2) {
        lon += ofColumn[c]! * nodes[at]!
        lat += ofColumn[c]! * nodes[at + 1]!
      }
      longitude += ofRow[r]! * lon
      latitude += ofRow[r]! * lat
    }
    this.longitude = longitude
    this.latitude = latitude
  }

  /** Returns the box of longitudes and latitudes of the lattice. */
  get extent(): BBox {
    return imageOf(this, this.box, NODES - 1)
  }

  /**
   * Returns a box of the layer around everything whose longitude and latitude are in `target`, and some more. Null if nothing of the lattice is.
   * Boxes are divided until they are small beside the target.
   */
  around(target: BBox): BBox | null {
    const [west, south, east, north] = this.box
    const [width, height] = [(east - west) / PARTS, (north - south) / PARTS]
    const open = Array.from({ length: PARTS * PARTS }, (_, n): BBox => {
      const [left, low] = [west + (n % PARTS) * width, south + Math.floor(n / PARTS) * height]
      return [left, low, left + width, low + height]
    })
    let found: BBox | null = null
    for (let box = open.pop(); box; box = open.pop()) {
      if (found && contains(found, box)) continue
      const image = imageOf(this, box, 2)
      const [across, up] = [(image[2] - image[0]) / 4, (image[3] - image[1]) / 4]
      const around: BBox = [image[0] - across, image[1] - up, image[2] + across, image[3] + up]
      if (around[0] > target[2] || around[2] < target[0] || around[1] > target[3] || around[3] < target[1]) continue
      const isSmall = across < (target[2] - target[0]) / 16 && up < (target[3] - target[1]) / 16
      if (isSmall || contains(target, around)) {
        found = found ? united(found, box) : box
        continue
      }
      const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
      // A box that doubles cannot divide is as good as it gets.
      if (x === box[0] || x === box[2] || y === box[1] || y === box[3]) found = found ? united(found, box) : box
      else open.push([box[0], box[1], x, y], [x, box[1], box[2], y], [box[0], y, x, box[3]], [x, y, box[2], box[3]])
    }
    return found
  }
}

/** The box around the images of positions in `steps` steps of each side. */
function imageOf(lattice: Lattice, [west, south, east, north]: BBox, steps: number): BBox {
  const image: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let n = 0; n < (steps + 1) ** 2; n++) {
    const [column, row] = [n % (steps + 1), Math.floor(n / (steps + 1))]
    lattice.place(west + (column * (east - west)) / steps, south + (row * (north - south)) / steps)
    image[0] = Math.min(image[0], lattice.longitude)
    image[1] = Math.min(image[1], lattice.latitude)
    image[2] = Math.max(image[2], lattice.longitude)
    image[3] = Math.max(image[3], lattice.latitude)
  }
  return image
}

/** Lagrange's denominators of six nodes at 0, 1, 2, 3, 4 and 5. */
const DENOMINATORS = [-120, 24, -12, 12, -24, 120] as const

/** Sets the weights of the nodes around a place that is counted in nodes. Returns the first of them. */
function weigh(place: number, weights: Float64Array): number {
  const first = Math.max(0, Math.min(NODES - STENCIL, Math.floor(place) - STENCIL / 2 + 1)) || 0
  const at = place - first
  for (let node = 0; node < STENCIL; node++) {
    let weight = 1 / DENOMINATORS[node]!
    for (let other = 0; other < STENCIL; other++) if (other !== node) weight *= at - other
    weights[node] = weight
  }
  return first
}

function contains(outer: BBox, inner: BBox): boolean {
  return inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

function united(a: BBox, b: BBox): BBox {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]
}
