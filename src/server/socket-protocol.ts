/** graphql-transport-ws by graphql-ws, with our execution, errors and payloads. Rules of the wire: docs/subscriptions.md. */
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { makeServer, type Server, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { failed, formatError, formatResult, readyResult } from '../delivery/client-error.ts'
import { deliver, rowsOf } from '../delivery/deliver.ts'
import { type JsonPiece, textBytes, toChunks } from '../delivery/raw-json.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { DocumentReader } from '../graphql/document.ts'
import { execute, subscribe } from '../graphql/execute.ts'
import type { CurrentSchema } from '../graphql/schema.ts'
import type { Access } from './access.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Operations } from './operations.ts'

export type SocketProtocol = Server<ClientSocket>

type Options = ServerOptions<Record<string, unknown>, ClientSocket>

export interface SocketProtocolOptions {
  readonly schema: Pick<CurrentSchema, 'current'>
  readonly documents: DocumentReader
  readonly services: Services
  readonly access: Access
  readonly operations: Pick<Operations, 'start'>
}

export function socketProtocol(parts: SocketProtocolOptions): SocketProtocol {
  const { services, access, operations } = parts
  const options: Options = {
    // `WebSockets` has a clock of its own for it, which stands still while the server is suspended.
    connectionInitWaitTimeout: 0,
    execute,
    subscribe,
    // A refused one is closed with 4403.
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
    onOperation: ({ extra: socket }, id, _payload, _args, result) => delivering(result as Result, id, socket),
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
  // Layers may have come and gone since the socket was opened.
  const schema = served.current
  const document = documents.parse(payload.query)
  const errors = documents.validate(schema, document)
  if (errors.length > 0) return errors
  const { operationName, variables: variableValues } = payload
  return {
    schema,
    document,
    operationName: operationName ?? null,
    variableValues: variableValues ?? null,
    contextValue: context,
  }
}

/** As an HTTP header's, its name in any letter case. */
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

/** What graphql-ws is given for a result: it asks once, and everything is delivered while it waits for the end, or for what to put into an `error`. */
function delivering(result: Result, id: string, socket: ClientSocket): AsyncIterableIterator<never, void> {
  const operation = socket.operation(id)
  const rows = Symbol.asyncIterator in result ? result : rowsOf([result])
  const wire = {
    payload: (row: ExecutionResult) => {
      const pieces = toChunks(formatResult(readyResult(row, operation)))
      // A subscription's are short beside its batches, and gone when the next is asked for.
      if (operation.kind !== 'subscription') operation.heldMemory.add(textBytes(pieces))
      return pieces
    },
    send: (payload: readonly JsonPiece[]) => socket.next(id, payload),
    end: () => {},
    fail: (shown: GraphQLError) => {
      throw new Failure([shown])
    },
  }
  const done = { done: true, value: undefined } as const
  const iterator: AsyncIterableIterator<never, void> = {
    next: async () => {
      // Nothing was executed: an `error` message tells it better than a `next` without data and a `complete` that would mean "all of it arrived".
      if ('errors' in result && !('data' in result)) throw new Failure(readyResult(result, operation).errors ?? [])
      await deliver(rows, wire, operation)
      return done
    },
    return: () => rows.return().then(() => done),
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}
