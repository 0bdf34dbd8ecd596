import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/** What the bench makes or fetches: kept between runs, safe to delete. */
export const CACHE = join(ROOT, '.geoduck', 'bench')
