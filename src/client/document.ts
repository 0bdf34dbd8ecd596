import { type Encoding, selectionOf } from './encoding.ts'
import type { EncodingOptions, StreamArguments } from './options.ts'

/** Variable → GraphQL type, for the arguments of `featureBatches`. */
const ARGUMENTS: Readonly<Record<keyof StreamArguments, string>> = {
  layer: 'String!',
  where: 'FeatureFilter',
  orderBy: '[FeatureOrder!]',
  batchSize: 'Int',
  limit: 'Int',
  after: 'Cursor',
}

/** Variable → GraphQL type, for the encodings' own arguments. */
const ENCODING_ARGUMENTS = { crs: 'String', simplify: 'Float', precision: 'Int', properties: '[String!]' } as const

export interface Payload {
  readonly query: string
  readonly variables: Record<string, unknown>
}

/** One run of the subscription. Absent arguments are not in the document, so an older server need not know them. */
export function subscription(encoding: Encoding, request: StreamArguments & EncodingOptions, asWkb = false): Payload {
  const selection = selectionOf(encoding, request, asWkb)
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const declare = (name: keyof (StreamArguments & EncodingOptions), type: string) => {
    declared.push(`$${name}: ${type}`)
    if (request[name] !== undefined) variables[name] = request[name]
  }
  const given = Object.entries(ARGUMENTS).filter(([name]) => request[name as keyof StreamArguments] != null)
  for (const [name, type] of given) declare(name as keyof StreamArguments, type)
  for (const [name, type] of Object.entries(ENCODING_ARGUMENTS)) {
    if (selection.includes(`$${name}`)) declare(name as keyof typeof ENCODING_ARGUMENTS, type)
  }
  const passed = given.map(([name]) => `${name}: $${name}`)
  return {
    query: `subscription Stream(${declared.join(', ')}) {
  featureBatches(${passed.join(', ')}) { sequence count cursor ${selection} }
}`,
    variables,
  }
}
