import { findSpatialExtension } from '../../src/config/extension.ts'

/** Absolute path of DuckDB's spatial extension: `npm test`'s set-up brings it, and a file that is run alone finds it here. */
export const SPATIAL_EXTENSION = (await findSpatialExtension(null, () => {})).path
