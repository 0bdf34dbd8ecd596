/** What tests take from the machine: brought by `npm test`'s set-up, looked for here so that one file can be run alone. */
import { join } from 'node:path'
import { findSpatialExtension } from '../../src/config/extension.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** Real and hostile files that lie beside the checkout: `data`, `jts`, `wkb`. */
export const SHARED = join(ROOT, '../shared')

/** Absolute path of DuckDB's spatial extension. */
export const SPATIAL_EXTENSION = (await findSpatialExtension(null, () => {})).path
