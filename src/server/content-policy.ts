/** Content security policies of the two pages: nothing from another host, framed by nobody. `ws:` is for browsers whose 'self' leaves it out. */
const SELF =
  "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

/** MapLibre decodes in workers and images of its own making. */
export const MAP_POLICY = `${SELF}; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'`

/** GraphiQL comes as one page: scripts and styles within it, its editor's workers as blobs. */
export const GRAPHIQL_POLICY = `${MAP_POLICY}; script-src 'unsafe-inline' blob:; font-src 'self' data:`
