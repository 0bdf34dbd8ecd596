/** Reads the grid of cells. */
import { type Grid, HEXAGON_SIZES, MAX_ZOOM, SQUARE_SIZES } from '../../geometry/cells.ts'
import type { CellGrid } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import { requireKnownCrs } from '../crs.ts'
import { isInDegrees } from '../selection.ts'
import { requireGeometry } from '../view.ts'

/**
 * @throws GeoduckError BAD_INPUT for a size or zoom that the grid does not have, for a table without geometry, and if the layer has no CRS to transform
 * from, and is not in degrees
 */
export function readGrid(input: CellGrid, layer: Layer): Grid {
  requireGeometry(layer, 'cell')
  const grid = gridOf(input)
  if (grid.kind !== 'square' && !isInDegrees(layer)) requireKnownCrs(layer, 'cell')
  return grid
}

function gridOf({ kind, size, zoom }: CellGrid): Grid {
  if (kind === 'SQUARE') return { kind: 'square', size: readSize('SQUARE', size, zoom, SQUARE_SIZES) }
  if (kind === 'HEXAGON') return { kind: 'hexagon', size: readSize('HEXAGON', size, zoom, HEXAGON_SIZES) }
  if (typeof zoom === 'number' && zoom >= 0 && zoom <= MAX_ZOOM && typeof size !== 'number') return { kind: 'tile', zoom }
  throw new GeoduckError('BAD_INPUT', `\`cell\`: TILE takes \`zoom\` from 0 to ${MAX_ZOOM}, and no \`size\`.`)
}

function readSize(
  kind: string,
  size: number | null | undefined,
  zoom: number | null | undefined,
  { min, max }: typeof SQUARE_SIZES | typeof HEXAGON_SIZES,
): number {
  if (typeof size === 'number' && size >= min && size <= max && typeof zoom !== 'number') return size
  throw new GeoduckError('BAD_INPUT', `\`cell\`: ${kind} takes \`size\` from ${min} to ${max}, and no \`zoom\`.`)
}
