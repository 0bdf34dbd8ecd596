/** One request as text, on the wire that it goes by. */

export type Wire = 'http' | 'sse' | 'websocket' | 'download'

export interface Request {
  readonly wire: Wire
  /** The body of a GraphQL request or the payload of a message as text, or the body of a download. Empty means a GET. */
  readonly text: string
  /** Where it goes, if that is not `/graphql`. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const TOKENS = 2_000
export const VERTICES = 25_000
export const BODY = 1_000_000
/** The limit of a value, with some bytes around it. */
export const ROOM = BODY - 2_000

export const many = <T>(count: number, of: (n: number) => T): T[] =>
  Array.from({ length: Math.max(0, Math.floor(count)) }, (_, n) => of(n))
export const repeat = (count: number, of: (n: number) => string, between = ' ') => many(count, of).join(between)

export function http(query: string, variables: unknown = {}): Request {
  return { wire: 'http', text: JSON.stringify({ query, variables }) }
}

/** With variables as text: what JSON.stringify would not write. */
export const bodied = (query: string, variables: string): Request => ({
  wire: 'http',
  text: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
})
export const sse = (query: string): Request => ({ wire: 'sse', text: JSON.stringify({ query }) })
export const socket = (query: string): Request => ({ wire: 'websocket', text: JSON.stringify({ query }) })

export const WHERE = 'query ($where: FeatureFilter)'
export const asked = (layer: string, selection = 'count') =>
  `features(layer: "${layer}", where: $where, first: 1) { ${selection} }`

/** A question as a page, the same in five root fields, as a stream by both wires, and as a download. */
export function filtered(layer: string, where: unknown, selection = 'count'): Request[] {
  const variables = { where }
  const five = repeat(5, (n) => `f${n}: ${asked(layer, selection)}`)
  const stream = `subscription ($where: FeatureFilter) { featureBatches(layer: "${layer}", where: $where, limit: 1) { count cursor } }`
  const payload = JSON.stringify({ query: stream, variables })
  return [
    http(`${WHERE} { ${asked(layer, selection)} }`, variables),
    http(`${WHERE} { ${five} }`, variables),
    { wire: 'websocket', text: payload },
    { wire: 'sse', text: payload },
    { wire: 'download', path: `/download/${layer}.arrows`, text: JSON.stringify({ where, limit: 1 }) },
  ]
}
