/** Content security policies of the two pages: nothing from another host, framed by nobody. `ws:` is for browsers whose 'self' leaves it out. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const SELF =
  "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

/** MapLibre decodes in workers and images of its own making. */
const DRAWING = `${SELF}; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'`

/** An import map has to stand in the page itself: it is let in by its hash. */
export const MAP_POLICY = `${DRAWING}; script-src 'self' 'sha256-${importMapHash()}'`

/** GraphiQL comes as one page: scripts and styles within it, its editor's workers as blobs. */
export const GRAPHIQL_POLICY = `${DRAWING}; script-src 'unsafe-inline' blob:; font-src 'self' data:`

function importMapHash(): string {
  const page = readFileSync(new URL('../web/index.html', import.meta.url), 'utf8')
  const [, importMap = ''] = /<script type="importmap">([^<]*)<\/script>/.exec(page) ?? []
  return createHash('sha256').update(importMap).digest('base64')
}
