/** Options of the stores that an import or a compaction writes. They were measured in docs/decisions/0021 and 0052. */

/** A fifteenth of the engine's default. Rows that are already in a store keep their row groups. */
const ROW_GROUP_ROWS = 8_192

/** Options of ATTACH. It is the first storage format that keeps a geometry's CRS and statistics; an older store is converted to it. */
export const STORE_OPTIONS = `STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`

/**
 * For each row that it returns, the engine decompresses a whole vector of 2,048 rows. So geometries, texts and fractions are not compressed. Whole
 * numbers are packed, because this costs nothing. Each geometry is in one piece, as in all row groups of fewer than 30,000 rows. A file has 2 to 3
 * times the size.
 */
export const FAST_SETTINGS = ["SET GLOBAL disabled_compression_methods = 'dict_fsst,zstd,alp,alprd'"]

/** Geometries of one type become lists of coordinates, also in small row groups: one piece would have twice the size. */
export const SMALL_SETTINGS = ['SET GLOBAL geometry_minimum_shredding_size = 2048']
