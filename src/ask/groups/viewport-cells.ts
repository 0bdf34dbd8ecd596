/** Makes the query for the cells of a box, with as many as a map can show. */
import { type Grid, HALF_WORLD, MAX_ZOOM, METRES_PER_DEGREE, SQUARE_SIZES, toMercator } from '../../geometry/cells.ts'
import type { BBox, Layer } from '../../model/layer.ts'
import type { Filter } from '../../model/predicate.ts'
import { inBox } from '../read/read-filter.ts'
import { isInDegrees } from '../selection.ts'
import { viewOf } from '../view.ts'
import { GroupColumns } from './group-columns.ts'
import type { GroupRequest, GroupSelection } from './read-groups.ts'

/** Cells along the longer side of the box: from half of it to all of it. */
const ACROSS = 32

/** Returns the grid for a box: tiles of web maps, or squares if the layer is not in degrees. */
function gridFor(box: BBox, layer: Layer, level: number): Grid {
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

export interface CellsArguments {
  readonly layer: Layer
  /** The filter without the box. */
  readonly where: Filter | null
  readonly box: BBox
  /** Each level has cells of twice the width. */
  readonly level: number
}

/**
 * @param vertices the maximum for figures that hold all geometries
 * @throws GeoduckError BAD_INPUT if `select` finds a figure that a column does not have
 */
export function cellsRequest(
  { layer, where, box, level }: CellsArguments,
  vertices: number,
  select: (columns: GroupColumns) => GroupSelection,
): GroupRequest {
  const view = viewOf(layer)
  const columns = new GroupColumns(view, vertices)
  columns.addCell(gridFor(box, layer, level))
  const selection = select(columns)
  const { keys, measures } = columns
  const { outputs } = selection
  const rows = { having: null, orderBy: [], digest: '', limit: null, after: null, outputs }
  return {
    query: Object.freeze({ kind: 'groups', view, where: inBox(box, where), keys, measures, ...rows }),
    selection,
    deadlineMs: null,
  }
}
