/** Makes the query for the cells of a box, with as many as a map can show. */
import { type Grid, HALF_WORLD, MAX_ZOOM, METRES_PER_DEGREE, SQUARE_SIZES, toMercator } from '../../geometry/cells.ts'
import type { BBox, Layer } from '../../model/layer.ts'
import type { Filter } from '../../model/predicate.ts'
import { isInDegrees } from '../selection.ts'
import { viewOf } from '../view.ts'
import { GroupColumns } from './group-columns.ts'
import type { GroupRequest, GroupSelection } from './read-groups.ts'

/** Cells along the longer side of the box: from half of it to all of it. */
const ACROSS = 32

/** Returns the grid for a box: tiles of web maps, or squares if the layer is not in degrees. Larger cells follow for higher `level`. */
export function gridFor(box: BBox, layer: Layer, level: number): Grid {
  const [west, south, east, north] = box
  if (isInDegrees(layer)) {
    const width = (east - west + (west > east ? 360 : 0)) * METRES_PER_DEGREE
    const height = toMercator(0, north)[1] - toMercator(0, south)[1]
    const zoom = Math.floor(Math.log2((ACROSS * 2 * HALF_WORLD) / Math.max(width, height))) - level
    return { kind: 'tile', zoom: Math.max(0, Math.min(MAX_ZOOM, zoom)) }
  }
  const size = 2 ** (Math.ceil(Math.log2(Math.max(east - west, north - south) / ACROSS)) + level)
  return { kind: 'square', size: Math.max(SQUARE_SIZES.min, Math.min(SQUARE_SIZES.max, size)) }
}

/** `vertices`: the maximum for figures that hold all geometries. */
export function cellsRequest(
  layer: Layer,
  where: Filter,
  grid: Grid,
  vertices: number,
  select: (columns: GroupColumns) => GroupSelection,
): GroupRequest {
  const view = viewOf(layer)
  const columns = new GroupColumns(view, vertices)
  columns.addCell(grid)
  const selection = select(columns)
  const { keys, measures } = columns
  const { outputs } = selection
  const rows = { having: null, orderBy: [], digest: '', limit: null, after: null, outputs }
  return { query: Object.freeze({ kind: 'groups', view, where, keys, measures, ...rows }), selection, deadlineMs: null }
}
