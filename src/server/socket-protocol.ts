/**
 * Runs graphql-transport-ws with graphql-ws and our execution, errors and payloads. docs/subscriptions.md has the rules of the
 * wire.
 */
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { makeServer, type Server, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { failed, formatError, formatResult, readyResult } from '../delivery/client-error.ts'
import { deliver, rowsOf } from '../delivery/deliver.ts'
import { type JsonPiece, textBytes, toChunks } from '../delivery/raw-json.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { DocumentReader, Slices } from '../graphql/document.ts'
import { execute, subscribe } from '../graphql/execute.ts'
import type { Access } from './access.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Operations } from './operations.ts'

export type SocketProtocol = Server<ClientSocket>

type Options = ServerOptions<Record<string, unknown>, ClientSocket>

export interface SocketProtocolOptions {
  readonly schema: Slices
  readonly documents: DocumentReader
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
    // A refused socket is closed with 4403.
    onConnect: ({ connectionParams, extra: socket }) => {
      socket.acknowledged = access.allows(authorizationOf(connectionParams))
      return socket.acknowledged
    },
    onSubscribe: async ({ extra: socket }, id, payload) => {
      const operation = socket.operation(id)
      if (operation.refusal) throw operation.refusal
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
  { schema: served, documents }: SocketProtocolOptions,
  context: Context,
): ExecutionArgs | readonly GraphQLError[] {
  const { operationName, variables: variableValues } = payload
  const document = documents.parse(payload.query)
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

/** Returns the member `authorization` in any letter case, as for an HTTP header. */
function authorizationOf(payload: Record<string, unknown> | undefined): unknown {
  return Object.entries(payload ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
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
