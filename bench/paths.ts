import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/** The folder of files that the bench makes or fetches. It is kept between runs, and safe to delete. */
export const CACHE = join(ROOT, '.geoduck', 'bench')
