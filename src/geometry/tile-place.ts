/** The place of a tile of a web map (XYZ), and its coordinates. */

/** Units of the width of a tile. */
export const EXTENT = 4_096
/** Units that a tile shows beyond each of its edges: 8 pixels of a tile of 512. */
export const BUFFER = 64

export interface TilePlace {
  readonly zoom: number
  readonly x: number
  readonly y: number
}
