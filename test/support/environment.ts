import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Real and hostile files that lie beside the checkout: `data`, `jts`, `wkb`. */
export const SHARED = join(ROOT, '../shared')
