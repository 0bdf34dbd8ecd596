/** The features that a vector tile may have. The tiles of the server and of an archive follow the same rules. */

/** Features in the tile with the most of them, about. A tile has a buffer, and features may be larger than it. */
export const TILE_FEATURES = 8_192
/** Most features of a tile. A tile with more shows half as many, like all tiles of its zoom. */
export const MOST_TILE_FEATURES = 2 * TILE_FEATURES
/** One of 2^40 features: none. */
export const MOST_THINNING = 40

/** Returns n, where tiles that show 1/2^n of the features have about `TILE_FEATURES`, if the tile with the most has `most` features. */
export function thinningFor(most: number): number {
  return Math.max(0, Math.ceil(Math.log2(most / TILE_FEATURES)))
}
