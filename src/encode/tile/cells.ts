/** Writes a vector tile whose features are cells of a grid: a point in the middle of the features of the cell, and their number. */
import { HALF_WORLD } from '../../geometry/cells.ts'
import { EXTENT, type TilePlace } from '../../geometry/tile-place.ts'
import type { BatchLayout, Encoder } from '../batch.ts'
import { ByteWriter, columnOf, isSet, numbersOf, valuesOf } from '../bytes.ts'
import { wireColumn } from '../feature-collection.ts'
import { Commands } from './commands.ts'
import { ValueTable } from './values.ts'
import { POINT, putFeature, putLayer } from './vector-tile.ts'

/** The property of a cell that has the number of its features, as clusters of MapLibre have it. */
export const POINT_COUNT = 'point_count'

export interface TileCellsOptions {
  readonly layer: string
  readonly tile: TilePlace
  /** Cells along each side of the tile. */
  readonly across: number
  /** Names of the columns: the index of a cell among all of its zoom, the number of its features, and their middle in Web Mercator. */
  readonly columns: Readonly<Record<'column' | 'row' | 'count' | 'east' | 'north', string>>
}

/** Each cell is in exactly one tile. So the sum of the counts of a zoom is the number of features. */
export function tileCells(layout: BatchLayout, { layer, tile, across, columns }: TileCellsOptions, out: ByteWriter): Encoder {
  const indexOf = (name: string) => layout.properties.find((index) => wireColumn(layout, index).name === name)!
  const [column, row, count, east, north] = [columns.column, columns.row, columns.count, columns.east, columns.north].map(indexOf)
  const values = new ValueTable()
  const features = new ByteWriter()
  const point = new Commands()
  const world = EXTENT * 2 ** tile.zoom
  const size = EXTENT / across
  return (batch, from, to) => {
    features.length = 0
    values.clear()
    const numbers = (index: number) => valuesOf(columnOf(batch, index)) as BigInt64Array
    const [ofColumn, ofRow] = [numbers(column!), numbers(row!)]
    const { validity } = columnOf(batch, column!)
    const [ofEast, ofNorth] = [numbersOf(columnOf(batch, east!)), numbersOf(columnOf(batch, north!))]
    const countOf = values.of(batch, count!, wireColumn(layout, count!).wire)
    for (let n = from; n < to; n++) {
      if (validity !== null && !isSet(validity, n)) continue
      const [cellX, cellY] = [Number(ofColumn[n]), Number(ofRow[n])]
      const [left, top] = [(cellX - tile.x * across) * size, (cellY - tile.y * across) * size]
      if (left < 0 || top < 0 || left >= EXTENT || top >= EXTENT) continue
      // Rounding may not move a point into the next cell, which may be in another tile.
      const within = (place: number, low: number) => Math.max(low, Math.min(low + size - 1, Math.round(place)))
      const x = (ofEast[n]! / (2 * HALF_WORLD) + 0.5) * world - tile.x * EXTENT
      const y = (0.5 - ofNorth[n]! / (2 * HALF_WORLD)) * world - tile.y * EXTENT
      point.clear()
      point.point(within(x, left), within(y, top))
      const id = cellY * 2 ** tile.zoom * across + cellX
      putFeature(features, [id % 2 ** 32, Math.floor(id / 2 ** 32)], Uint32Array.of(0, countOf(n)), 2, POINT!, point)
    }
    out.length = 0
    if (features.length > 0) putLayer(out, layer, features, [{ name: POINT_COUNT }], values)
    return out.written()
  }
}
