/** Reads the query of a vector tile: the features of one layer near the box of the tile, as they are drawn in it. */
import { hash } from 'node:crypto'
import type { GraphQLArgument, GraphQLObjectType, GraphQLSchema } from 'graphql'
import { boxGeometry } from '../geometry/box.ts'
import { HALF_WORLD, lonLatOf } from '../geometry/cells.ts'
import type { FittedLattice, Lattice } from '../geometry/lattice.ts'
import { BUFFER, EXTENT, type TilePlace } from '../geometry/tile-place.ts'
import type { Context } from '../graphql/context.ts'
import type { FeatureBatchGeojsonArgs, FeatureFilter, SubscriptionFeatureBatchesArgs } from '../graphql/generated.ts'
import { type BBox, crsOf, hasGeometry, type Layer } from '../model/layer.ts'
import type { Filter, Geometry, Predicate } from '../model/predicate.ts'
import type { View } from '../model/query.ts'
import { show } from '../model/show.ts'
import { badInput, coerceArguments, isGiven, refuseUnknown, withOnly } from './arguments.ts'
import { hasKnownCrs, NAME_THE_CRS } from './crs.ts'
import { type FeatureRequest, findLayer, type ReadContext, readRequestFor } from './feature-request.ts'
import { cutEdges, PIECES } from './read/read-geometry.ts'
import { isInDegrees, propertiesNamed, selectionOf } from './selection.ts'
import { openFilter } from './tile-filter.ts'

/** The last zoom that is answered, and the last one that a map asks for: it draws tiles of that zoom larger. */
export const MOST_ZOOM = 22
export const MAP_ZOOM = 16

const WEB_MERCATOR = 'EPSG:3857'
/** Units that a line may move below the last zoom of a map: an eighth of a pixel. */
const TOLERANCE = 1
/** The numbers of cells along a side of a tile: 64 are 8 pixels each in a tile of 512. */
const CELLS: readonly number[] = [0, 16, 32, 64, 128]
const DEFAULT_CELLS = 64
/** The first zoom whose tiles have a box in every CRS. */
const LEAST_BOXED = 4
/** Units that the box is larger than what is drawn, because of rounding. */
const SPARE = 1

export interface TileRequest {
  readonly layer: string
  /** Null: the description of all tiles. */
  readonly place: TilePlace | null
  /** Arguments by name, with any JSON value from the client. */
  readonly given: Readonly<Record<string, unknown>>
}

type Arguments = Pick<SubscriptionFeatureBatchesArgs, 'where' | 'deadline'> & Pick<FeatureBatchGeojsonArgs, 'only'>

export interface TileArguments {
  readonly where: Arguments['where']
  readonly deadline: Arguments['deadline']
  readonly only: readonly string[] | null
  /** Cells along each side of a tile of points that has too many of them. 0: a share of the features instead. */
  readonly cells: number
}

/** @throws GeoduckError BAD_INPUT for an argument that a tile does not accept */
export function readTileArguments(schema: GraphQLSchema, { layer, given }: TileRequest, secret: string): TileArguments {
  const known = tileArguments(schema)
  const names = [...known.map(({ name }) => name), 'properties', 'filter', 'cells']
  refuseUnknown(given, names, 'A tile')
  const { filter, cells = DEFAULT_CELLS, ...others } = given
  if (!CELLS.includes(cells as number)) throw badInput(`\`cells\` takes one of ${CELLS.join(', ')}, not ${show(cells)}.`)
  const args = coerceArguments(withOnly(others), known, 'A tile') as Arguments
  const both = [args.where, isGiven(filter) ? filterOf(openFilter(secret, layer, filter), known) : null].filter(isGiven)
  const where = both.length > 1 ? { and: both as FeatureFilter[] } : (both[0] ?? null)
  return { where, deadline: args.deadline, only: args.only ?? null, cells: cells as number }
}

/** A filter that was signed before an upgrade of the server may have become wrong. */
function filterOf(where: unknown, known: readonly GraphQLArgument[]): Arguments['where'] {
  return (coerceArguments({ where }, known, 'A tile') as Arguments).where
}

export function tileArguments(schema: GraphQLSchema): readonly GraphQLArgument[] {
  const batches = schema.getSubscriptionType()!.getFields()['featureBatches']!
  const geojson = (schema.getType('FeatureBatch') as GraphQLObjectType).getFields()['geojson']!
  return [
    ...batches.args.filter(({ name }) => name === 'where' || name === 'deadline'),
    ...geojson.args.filter(({ name }) => name === 'only'),
  ]
}

/** Returns the lattice of a layer. Null for a layer that needs none, or has none. */
export type Lattices = (layer: Layer, context: Context) => Promise<FittedLattice | null>

export const NO_LATTICES: Lattices = async () => null
/** The largest error of a position on a lattice, in units of a tile. */
const MOST_ERROR = 1 / 16

export function latticeFor(zoom: number, fitted: FittedLattice | null): Lattice | null {
  return fitted !== null && fitted.error * EXTENT * 2 ** zoom <= MOST_ERROR ? fitted.lattice : null
}

export interface TileQuery {
  readonly request: FeatureRequest
  /** The filter of the client, without the box of the tile. */
  readonly filter: Filter | null
}

/**
 * Returns the query of a tile. @throws GeoduckError as for a subscription, and BAD_INPUT for a layer that has no place on a map
 */
export async function readTileQuery(
  layer: string,
  place: TilePlace,
  args: TileArguments,
  context: Context,
  lattices: Lattices = NO_LATTICES,
): Promise<TileQuery> {
  const current = await findLayer(layer, context)
  const lattice = latticeFor(place.zoom, await lattices(current, context))
  const request = await readPyramidQuery(current, args, context, place, lattice)
  const { where: filter, view } = request.query
  const query = Object.freeze({ ...request.query, where: inWindow(filter, windowOf(place, view, lattice)) })
  context.operation.queries.splice(-1, 1, query)
  return { request: { ...request, query }, filter }
}

/** The tile of zoom 0. */
const WORLD: TilePlace = { zoom: 0, x: 0, y: 0 }

/** Returns the query of all features that have a place in tiles. Its output is one of the tiles. @throws GeoduckError as for a tile */
export async function readPyramidQuery(
  layer: Layer,
  { where, deadline, only }: Omit<TileArguments, 'cells'>,
  context: ReadContext,
  place = WORLD,
  lattice: Lattice | null = null,
): Promise<FeatureRequest> {
  return await readRequestFor(layer, { where: where ?? null, deadline: deadline ?? null }, context, (asked) => {
    const { view } = asked
    requireTiles(view.layer)
    const isLonLat = isInDegrees(view.layer) || lattice !== null
    const geometry = asked.representations.add(isLonLat ? {} : { crs: WEB_MERCATOR })
    const names = propertiesNamed(only, view)
    const tolerance = place.zoom < MAP_ZOOM ? TOLERANCE : 0
    const output = { kind: 'tile', layer: view.layer.name, tile: place, isLonLat, tolerance, geometry } as const
    return selectionOf(asked, [{ ...output, ...(lattice && { lattice: lattice.data }), ...(names && { only: names }) }])
  })
}

/** @throws GeoduckError BAD_INPUT for a table, and for a layer whose CRS is not known */
export function requireTiles(layer: Layer): void {
  if (!hasGeometry(layer)) {
    throw badInput(`Layer ${show(layer.name)} is a table, which has no geometry, so it has no tiles.`)
  }
  if (isInDegrees(layer) || hasKnownCrs(layer)) return
  throw badInput(`Layer ${show(layer.name)} is not in degrees, nor in a CRS that is known, so it has no tiles: ${NAME_THE_CRS}.`)
}

/** @throws GeoduckError BAD_INPUT for a tile outside of the world */
export function requirePlace({ zoom, x, y }: TilePlace): void {
  if (zoom > MOST_ZOOM) throw badInput(`Tiles have a zoom from 0 to ${MOST_ZOOM}, not ${zoom}.`)
  const most = 2 ** zoom - 1
  if (x > most || y > most) throw badInput(`Tiles of zoom ${zoom} have x and y from 0 to ${most}, not ${x} and ${y}.`)
}

/* The box of a tile. */

export function inWindow(filter: Filter | null, windows: readonly Geometry[] | null): Filter | null {
  if (windows === null) return filter
  const each = windows.map((geometry) => Object.freeze({ kind: 'window', geometry } as const))
  const near: Predicate = each.length === 1 ? each[0]! : { kind: 'or', members: each }
  const boxes = windows.map(({ bbox, crs }) => [bbox, crs?.code ?? null])
  return Object.freeze({
    predicate: Object.freeze(filter ? { kind: 'and', members: [filter.predicate, near] } : near),
    digest: hash('sha256', JSON.stringify([filter?.digest ?? null, boxes])),
  })
}

/** Returns the boxes of what a tile draws. Null if it draws all of the layer. */
export function windowOf(
  place: TilePlace,
  { layer }: View,
  lattice: Lattice | null,
  buffer = BUFFER,
): readonly Geometry[] | null {
  const box = mercatorBox(place, buffer)
  if (lattice) {
    const boxes = degreesOf(box, place, lattice.extent)?.map(({ bbox }) => bbox && lattice.around(bbox))
    return boxes?.flatMap((one) => (one ? [window(one)] : [])) ?? null
  }
  if (isInDegrees(layer)) return degreesOf(box, place, layer.extent)
  const geometry = boxGeometry(box, 'tile')
  if (layer.crs?.code === WEB_MERCATOR) return [window(box)]
  if (place.zoom < LEAST_BOXED) return null
  const size = (box[2] - box[0]) / PIECES
  const wkb = cutEdges(geometry.wkb, (dx, dy) => Math.max(1, Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / size)), 'tile')
  return [{ wkb, bbox: box, crs: crsOf(WEB_MERCATOR), argument: 'tile' }]
}

/** Metres of Web Mercator, with the buffer. */
function mercatorBox({ zoom, x, y }: TilePlace, buffer: number): BBox {
  const unit = (2 * HALF_WORLD) / 2 ** zoom / EXTENT
  const more = (buffer + SPARE) * unit
  const west = x * EXTENT * unit - HALF_WORLD
  const north = HALF_WORLD - y * EXTENT * unit
  return [west - more, north - EXTENT * unit - more, west + EXTENT * unit + more, north + more]
}

/** The same in degrees, once for each turn around the earth that has features. The first and last rows of tiles reach to the poles. */
function degreesOf(box: BBox, { zoom, y }: TilePlace, extent: BBox | null): readonly Geometry[] | null {
  const [west, low] = lonLatOf([box[0], box[1]])
  const [east, high] = lonLatOf([box[2], box[3]])
  const [south, north] = [y === 2 ** zoom - 1 ? -90 : low, y === 0 ? 90 : high]
  const boxes = [0, -360, 360].map((turn): BBox => [west + turn, south, east + turn, north])
  if (extent && boxes.some((one) => one[0] <= extent[0] && one[1] <= extent[1] && one[2] >= extent[2] && one[3] >= extent[3])) {
    return null
  }
  const [own, ...turned] = boxes
  // Without an extent, features lie between -180 and 180 degrees.
  const reach = extent ?? [-180, -90, 180, 90]
  const near = turned.filter((one) => one[0] <= reach[2] && one[2] >= reach[0])
  return [own!, ...near].map(window)
}

function window(box: BBox): Geometry {
  return { ...boxGeometry(box, 'tile'), crs: null, argument: 'tile' }
}
