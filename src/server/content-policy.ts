/**
 * Content security policies of the pages: they load nothing from another host, and no page may frame them. `ws:` is for
 * browsers whose 'self' excludes it.
 */
import { createHash } from 'node:crypto'

const SELF =
  "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

/** MapLibre makes its own workers and images from blobs. */
const DRAWING = `${SELF}; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'`

/** The policy for the map's page and the page of the health, which have the same import map. It must be in the page itself: its hash allows it. */
export function mapPolicy(page: string): string {
  return `${DRAWING}; script-src 'self' ${hashes(page)}`
}

/** GraphiQL comes as one page: scripts and styles within it, its editor's workers as blobs. */
export const GRAPHIQL_POLICY = `${DRAWING}; script-src 'unsafe-inline' blob:; font-src 'self' data:`

/** The policy for a page of the documentation: its few inline scripts are allowed by their hashes. */
export function docsPolicy(page: string): string {
  return `${SELF}; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' ${hashes(page)}`
}

/** Hashes of the scripts within a page, as `script-src` lists them. */
function hashes(page: string): string {
  const scripts = page.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^<]*(?:<(?!\/script>)[^<]*)*)<\/script>/g)
  const sources = Array.from(scripts, ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  return [...new Set(sources)].join(' ')
}
