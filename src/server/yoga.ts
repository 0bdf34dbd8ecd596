import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError } from 'graphql'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Config } from '../config/config.ts'
import { resultWriter } from '../delivery/result-writer.ts'
import type { Context } from '../graphql/context.ts'
import type { DocumentReader } from '../graphql/document.ts'
import { execute, subscribe } from '../graphql/execute.ts'
import type { ServedSchema } from '../graphql/schema.ts'
import { GeoduckError } from '../model/errors.ts'
import type { RequestLimits } from './limits.ts'
import { mostJsonParts, parseJson } from './parse-json.ts'

/** What a request brings along to its resolvers and to the writer of its result. */
export interface RequestContext extends Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

export interface YogaOptions {
  readonly compression: Config['compression']
  readonly schema: Pick<ServedSchema, 'current'>
  readonly documents: DocumentReader
  readonly limits: Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>
}

export type Yoga = YogaServerInstance<RequestContext, object>

/**
 * GraphQL over HTTP. Execution is graphql-js's, the same as on a WebSocket; errors are made ready for clients where results are
 * written, so yoga's own masking has nothing to do.
 */
export function openYoga({ schema, documents, limits, compression }: YogaOptions): Yoga {
  return createYoga<RequestContext>({
    schema: () => schema.current,
    graphqlEndpoint: '/graphql',
    maxRequestBodySize: limits.maxBodyBytes,
    batching: false,
    multipart: false,
    cors: false,
    landingPage: false,
    logging: false,
    maskedErrors: false,
    graphiql: false,
    plugins: [ownEngine(documents, mostJsonParts(limits)), resultWriter(compression)],
  })
}

function ownEngine({ parse, validate }: DocumentReader, jsonParts: number): Plugin<object, RequestContext> {
  return {
    onRequestParse: ({ requestParser, setRequestParser }) => {
      if (requestParser) setRequestParser((request) => requestParser(withCheckedJson(request, jsonParts)))
    },
    onParse: ({ setParseFn }) => setParseFn(parse),
    onValidate: ({ setValidationFn }) => setValidationFn(validate),
    onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe),
  }
}

/** A request whose body is looked through before it is parsed. */
function withCheckedJson(request: Request, jsonParts: number): Request {
  const json = async () => parseJson(await request.text(), jsonParts)
  return Object.create(request, { json: { value: () => json().catch(toGraphQL) } })
}

/** What is no GraphQLError, yoga takes for JSON that is none. */
function toGraphQL(error: unknown): never {
  if (!(error instanceof GeoduckError)) throw error
  const { code, message } = error
  throw new GraphQLError(message, { extensions: { code, http: { status: 413 } } })
}
