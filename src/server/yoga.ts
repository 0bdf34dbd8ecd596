import { type DocumentNode, type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql'
import {
  createYoga,
  type GraphQLParams,
  isAsyncIterable,
  type Plugin,
  processRegularResult,
  type YogaInitialContext,
  type YogaServerInstance,
} from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config/config.ts'
import { errorLocation, failed, formatResult, readyResult } from '../delivery/client-error.ts'
import { rowsOf } from '../delivery/deliver.ts'
import { sendEvents } from '../delivery/events.ts'
import type { Operation } from '../delivery/operation.ts'
import { toParts } from '../delivery/raw-json.ts'
import { jsonTypeFor, sendParts, streamTypeFor } from '../delivery/response.ts'
import type { Context } from '../graphql/context.ts'
import type { CurrentSchema } from '../graphql/current-schema.ts'
import type { DocumentReader, Slices } from '../graphql/document.ts'
import { execute, subscribe } from '../graphql/execute.ts'
import { ERROR_CODES, GeoduckError } from '../model/errors.ts'
import { type EntityTags, NOT_MODIFIED, type TaggedRequest } from './entity-tags.ts'
import type { PersistedQueries } from './persisted-queries.ts'
import { checkReadOnly } from './query-string.ts'

/** The context of a request, for its resolvers and for the writer of its result. */
export interface RequestContext extends TaggedRequest {
  /** The content of the body, or of the URL. */
  readonly params: GraphQLParams
}

export interface YogaOptions {
  readonly compression: Config['compression']
  readonly schema: Slices & Pick<CurrentSchema, 'generic'>
  readonly documents: DocumentReader
  readonly persisted: PersistedQueries
  readonly tags: EntityTags
}

export type Yoga = YogaServerInstance<RequestContext, object>

/**
 * Opens GraphQL over HTTP. graphql-js executes, and errors are prepared for clients, both as on a WebSocket, so yoga masks
 * nothing. The origin is checked earlier (graphql-endpoint.ts), as for downloads.
 */
export function openYoga(options: YogaOptions): Yoga {
  const { schema, compression } = options
  return createYoga<RequestContext>({
    schema: schema.generic,
    // The errors of a document depend on its slice of the schema, by which `DocumentReader` keeps them.
    parserAndValidationCache: { documentCache: parsedDocuments(), errorCache: NO_ERRORS, validationCache: false },
    graphqlEndpoint: '/graphql',
    // The endpoint has read the body.
    maxRequestBodySize: false,
    batching: false,
    multipart: false,
    cors: false,
    landingPage: false,
    logging: false,
    maskedErrors: false,
    graphiql: false,
    plugins: [ownEngine(options), bypass(compression)],
  })
}

function ownEngine({ documents, schema, persisted, tags }: YogaOptions): Plugin<object, RequestContext> {
  /** The schema with which each operation was validated. */
  const schemas = new WeakMap<Operation, GraphQLSchema>()
  const withSchema = <Result>(run: (args: ExecutionArgs) => Result) => {
    return (args: ExecutionArgs) => run({ ...args, schema: schemas.get((args.contextValue as Context).operation)! })
  }
  return {
    onRequestParse: ({ serverContext, setRequestParser }) => setRequestParser(() => serverContext.params),
    onParams: ({ params, setParams }) => {
      if (!params.extensions) return
      const query = orGraphQLError(() => persisted.documentOf(params))
      setParams({ ...params, query: query as string })
    },
    onParse: ({ setParseFn, context }) => {
      setParseFn(documents.parse)
      return ({ result }) => {
        if (!isDocument(result)) return
        const { request, params } = context as typeof context & YogaInitialContext
        if (params.extensions) persisted.keep(params)
        if (request.method === 'GET') checkReadOnly(result, params.operationName, request.headers.get('accept'))
      }
    },
    onValidate: ({ context, setValidationFn }) =>
      setValidationFn((generic: GraphQLSchema, document: DocumentNode) => {
        const { params, operation } = context as typeof context & RequestContext
        const { slice, errors } = documents.check(schema, document, params.variables)
        schemas.set(operation, slice ?? generic)
        return errors
      }),
    onExecute: ({ setExecuteFn }) => setExecuteFn(withSchema((args) => tags.execute(args, execute))),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(withSchema(subscribe)),
  }
}

/** Returns false for the error of a document that cannot be parsed. */
function isDocument(result: unknown): result is DocumentNode {
  return !(result instanceof Error)
}

function orGraphQLError<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    return toGraphQL(error)
  }
}

/** Throws a GraphQLError with the status of the code: yoga reports any other error as invalid JSON. */
function toGraphQL(error: unknown): never {
  if (!(error instanceof GeoduckError)) throw error
  const status = ERROR_CODES[error.code][3]
  throw new GraphQLError(error.message, { originalError: error, extensions: { http: { status } } })
}

/**
 * Writes two kinds of result without yoga: the bytes of a worker, which no `Response` accepts unchanged, and streams, whose
 * next result is pulled after the one before was sent. Yoga writes all other results.
 */
function bypass(compression: Config['compression']): Plugin<object, RequestContext> {
  return {
    onResultProcess({ request, result: made, setResult, setResultProcessor, serverContext: { res, isHead, operation } }) {
      if (made === NOT_MODIFIED)
        return setResultProcessor((_, { Response }) => new Response(null, { status: 304 }), 'application/json')
      const accept = request.headers.get('accept')
      const type = jsonTypeFor(accept)
      const stream = streamTypeFor(accept)
      const result = made as ExecutionResult | AsyncGenerator<ExecutionResult, void, void>
      const write = (written: Promise<void>) => {
        // The result has been sent already.
        setResultProcessor((_, { Response }) => written.then(() => new Response(null)), 'application/json')
      }
      const notAcceptable = (message: string) => {
        const errors = [failed(new GraphQLError(message), operation).toJSON()]
        setResultProcessor((_, { Response }) => Response.json({ errors }, { status: 406 }), 'application/json')
      }
      if (isAsyncIterable(result) && !stream) {
        notAcceptable(
          'A subscription is sent as `text/event-stream`, as `multipart/mixed;subscriptionSpec=1.0`, or over a WebSocket.',
        )
        return void result.return()
      }
      if (isAsyncIterable(result) && isHead) {
        void result.return()
        return write(sendEvents(rowsOf([]), res, operation, stream!))
      }
      if (isAsyncIterable(result)) return write(sendEvents(result, res, operation, stream!))
      if (!type && stream) return write(sendEvents(rowsOf([result]), res, operation, stream))
      if (!type) return notAcceptable('A result is sent as `application/json` or `application/graphql-response+json`.')
      const ready = readyResult(result, operation)
      const parts = toParts(formatResult(ready))
      const [text, ...more] = parts
      if (more.length > 0 || typeof text !== 'string' || operation.keeper)
        return write(sendParts(parts, res, operation, { type, compression, isHead }))
      operation.bytes += Buffer.byteLength(text)
      operation.heldMemory.add(Buffer.byteLength(text))
      const errors = 'data' in ready ? undefined : ready.errors?.map(withStatus)
      setResult({ ...ready, ...(errors && { errors }), stringify: () => text })
      // Yoga itself would not read the `q` values of `Accept`.
      setResultProcessor(processRegularResult, type)
    },
  }
}

const DEFECT = 500

/** Adds the status for yoga: 400 if nothing was executed, unless the error has another one. */
function withStatus(error: GraphQLError): GraphQLError {
  const { http = { status: 400, spec: true }, code } = error.extensions
  const status = code === 'INTERNAL' ? DEFECT : (http.status ?? 400)
  // Clients of `application/json` expect status 200 with errors in a document.
  const spec = status !== DEFECT && http.spec === true && (error.locations !== undefined || !error.extensions.http)
  return new GraphQLError(error.message, {
    ...errorLocation(error),
    extensions: { ...error.extensions, http: { ...http, status, spec } },
  })
}

/* Keeps parsed documents, because clients send the same ones again. */

/**
 * Most characters of all kept documents. A document takes up to 300 bytes of memory per character, for its tokens and nodes, so all of them take at
 * most 80 MB. A number of documents would be no limit: 1,000 of 1 MB are a gigabyte.
 */
export const MOST_CHARACTERS = 262_144
/** Characters of the longest document that is kept. GraphiQL's introspection, a long document, has 2,000. */
export const LONGEST = 16_384

/** The documents that were used last, by their text. */
export const parsedDocuments = () =>
  new LRUCache<string, DocumentNode>({
    maxSize: MOST_CHARACTERS,
    maxEntrySize: LONGEST,
    sizeCalculation: (_, { length }) => length,
  })

/** Errors of documents that cannot be parsed are not kept: nobody sends these again on purpose. */
const NO_ERRORS = { get: () => undefined, set: () => undefined } as const
