/** Reads the query of a vector tile whose features are cells: the points of one layer by cells of a grid, each with their number. */
import type { Grid } from '../geometry/cells.ts'
import type { TilePlace } from '../geometry/tile-place.ts'
import type { Context } from '../graphql/context.ts'
import type { Layer } from '../model/layer.ts'
import type { Filter } from '../model/predicate.ts'
import { findLayer } from './feature-request.ts'
import { type GroupRequest, readGroupRequest } from './groups/read-groups.ts'
import { inWindow, type Lattices, latticeFor, NO_LATTICES, type TileArguments, windowOf } from './tile-query.ts'

/** True if the tiles of a layer may have cells: each of its features is one point, and so in one tile. */
export function isOfPoints({ geometryTypes }: Layer): boolean {
  return geometryTypes.length > 0 && geometryTypes.every((type) => /^Point\b/.test(type))
}

export interface TileCellsQuery {
  readonly request: GroupRequest
  readonly filter: Filter | null
}

/** @throws GeoduckError as for an aggregate */
export async function readTileCells(
  name: string,
  place: TilePlace,
  { where, deadline, cells: across }: TileArguments,
  context: Context,
  lattices: Lattices = NO_LATTICES,
): Promise<TileCellsQuery> {
  const current = await findLayer(name, context)
  const fitting = latticeFor(place.zoom, await lattices(current, context))
  const cell = { kind: 'TILE', zoom: place.zoom + Math.log2(across) } as const
  const args = { layer: name, where: where ?? null, deadline: deadline ?? null, cell }
  const request = await readGroupRequest(args, context, (columns) => {
    const [column, row] = (columns.cell as { grid: Grid; indexes: readonly [string, string] }).indexes
    const [count, east, north] = [columns.features(), columns.mercator('x'), columns.mercator('y')].map(({ field }) => field.name)
    const names = { column, row, count: count!, east: east!, north: north! }
    const output = { kind: 'tile-cells', layer: columns.view.layer.name, tile: place, across, columns: names } as const
    return { outputs: [output], indexes: new Map(), startCursor: null, message: null }
  })
  const { view, where: filter } = request.query
  // The layer may have changed since then. Points that are in the buffer of a tile are in a cell of its neighbour.
  const window = windowOf(place, view, view.layer === current ? fitting : null, 0)
  const query = Object.freeze({ ...request.query, where: inWindow(filter, window) })
  context.operation.queries.splice(-1, 1, query)
  return { request: { ...request, query }, filter }
}
