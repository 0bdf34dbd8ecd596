/**
 * Runs graphql-transport-ws with graphql-ws and our execution, errors and payloads. docs/subscriptions.md has the rules of the
 * wire.
 */
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { CloseCode, makeServer, type Server, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { failed, formatError, formatResult, readyResult } from '../delivery/client-error.ts'
import { deliver, rowsOf } from '../delivery/deliver.ts'
import { type JsonPiece, textBytes, toChunks } from '../delivery/raw-json.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { DocumentReader, Slices } from '../graphql/document.ts'
import { execute, subscribe } from '../graphql/execute.ts'
import type { Access } from './access.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Operations } from './operations.ts'
import type { PersistedQueries } from './persisted-queries.ts'

export type SocketProtocol = Server<ClientSocket>

type Options = ServerOptions<Record<string, unknown>, ClientSocket>

export interface SocketProtocolOptions {
  readonly schema: Slices
  readonly documents: DocumentReader
  readonly persisted: PersistedQueries
  readonly services: Services
  readonly access: Access
  readonly operations: Pick<Operations, 'start'>
}

export function socketProtocol(parts: SocketProtocolOptions): SocketProtocol {
  const { services, access, operations } = parts
  const options: Options = {
    // `WebSockets` has a separate clock for it, which stops while the server is suspended.
    connectionInitWaitTimeout: 0,
    execute,
    subscribe,
    onConnect: ({ connectionParams, extra: socket }) => {
      const given = [socket.authorization, ...authorizationsIn(connectionParams)]
      socket.acknowledged = given.some((authorization) => access.allows(authorization))
      const refusals = given.map((authorization) => access.writeRefusal(authorization))
      socket.writeRefusal = refusals.includes(null) ? null : refusals[0]!
      if (!socket.acknowledged) socket.close(CloseCode.Forbidden, UNAUTHENTICATED)
      return socket.acknowledged
    },
    onSubscribe: async ({ extra: socket }, id, payload) => {
      const operation = socket.operation(id)
      if (operation.refusal) throw operation.refusal
      operation.writeRefusal = socket.writeRefusal
      await operations.start(operation)
      return toArguments(payload, parts, { services, operation })
    },
    onOperation: ({ extra: socket, subscriptions }, id, _payload, _args, result) =>
      // graphql-ws sends `complete` for an operation in its list.
      delivering(result as Result, socket, id, () => void delete subscriptions[id]),
    onError: ({ extra: socket }, id, _payload, errors) => {
      const [failure] = errors.map(({ originalError }) => originalError)
      const shown = failure instanceof Failure ? failure.shown : errors.map((error) => failed(error, socket.operation(id)))
      return shown.map(formatError)
    },
  }
  return makeServer(options)
}

function toArguments(
  payload: SubscribePayload,
  { schema: served, documents, persisted }: SocketProtocolOptions,
  context: Context,
): ExecutionArgs | readonly GraphQLError[] {
  const { operationName, variables: variableValues, extensions } = payload
  const query = extensions ? (persisted.documentOf(payload) as string) : payload.query
  const document = documents.parse(query)
  if (extensions) persisted.keep({ query, extensions })
  // Layers may have changed since the socket was opened.
  const { slice: schema, errors } = documents.check(served, document, variableValues)
  if (!schema || errors.length > 0) return errors
  return {
    schema,
    document,
    // Some clients send an empty name for an operation that has none.
    operationName: operationName || null,
    variableValues: variableValues ?? null,
    contextValue: context,
  }
}

/** The reason with which a socket without the token is closed. It has at most 123 bytes. */
const UNAUTHENTICATED = 'Send `authorization: Bearer TOKEN` in the payload of connection_init, or as a header of the upgrade'

/** Returns what clients send as the header `Authorization`: a member of the payload or of its `headers`, in any letter case. */
function authorizationsIn(payload: Record<string, unknown> | undefined): readonly unknown[] {
  return [payload, payload?.['headers']].map((headers) => {
    const members = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
    return members.find(([name]) => name.toLowerCase() === 'authorization')?.[1]
  })
}

type Result = ExecutionResult | AsyncGenerator<ExecutionResult, void, void>

class Failure extends Error {
  readonly shown: readonly GraphQLError[]

  constructor(shown: readonly GraphQLError[]) {
    super('The operation has failed')
    this.shown = shown
  }
}

/**
 * Returns a result for graphql-ws. It pulls once, and all is delivered before that resolves with the end or the content of an
 * `error`.
 */
function delivering(result: Result, socket: ClientSocket, id: string, interrupt: () => void): AsyncIterableIterator<never, void> {
  const operation = socket.operation(id)
  const rows = Symbol.asyncIterator in result ? result : rowsOf([result])
  const wire = {
    payload: (row: ExecutionResult) => {
      const pieces = toChunks(formatResult(readyResult(row, operation)))
      // The results of a subscription are short compared with its batches, and released when the next one is pulled.
      if (operation.kind !== 'subscription') operation.heldMemory.add(textBytes(pieces))
      return pieces
    },
    send: (payload: readonly JsonPiece[]) => socket.next(id, payload),
    end: () => {},
    interrupt,
    fail: (shown: GraphQLError) => {
      throw new Failure([shown])
    },
  }
  const done = { done: true, value: undefined } as const
  const iterator: AsyncIterableIterator<never, void> = {
    next: async () => {
      // Nothing was executed. An `error` message is correct here: after a `next` without data, `complete` would mean that all
      // arrived.
      if ('errors' in result && !('data' in result)) throw new Failure(readyResult(result, operation).errors ?? [])
      await deliver(rows, wire, operation)
      return done
    },
    return: () => rows.return().then(() => done),
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}
