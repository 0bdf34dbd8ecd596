/** graphql-transport-ws by graphql-ws, with our execution, errors and payloads. Rules of the wire: docs/subscriptions.md. */
import type { ExecutionArgs, ExecutionResult, FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'
import { makeServer, type OperationResult, type Server, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { codeOf, formatError, toClientError } from '../delivery/client-error.ts'
import { formatResult } from '../delivery/format-result.ts'
import type { Operation } from '../delivery/operation.ts'
import { SplicedPayload } from '../delivery/spliced-message.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { DocumentReader } from '../graphql/document.ts'
import { execute, failed, subscribe } from '../graphql/execute.ts'
import type { ServedSchema } from '../graphql/schema.ts'
import type { Access } from './access.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Operations } from './operations.ts'

export type SocketProtocol = Server<ClientSocket>

type Options = ServerOptions<Record<string, unknown>, ClientSocket>

export interface SocketProtocolOptions {
  readonly schema: Pick<ServedSchema, 'current'>
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
      if (operation.refusal) return [toClientError(operation.refusal, operation)]
      await operations.start(operation)
      return toArguments(payload, parts, { services, operation })
    },
    onOperation: (_context, _id, _payload, _args, result) => (isFailure(result) ? failing(result) : undefined),
    onNext: ({ extra: socket }, id, _payload, _args, result) => toPayload(result as ExecutionResult, socket.operation(id)),
    onError: ({ extra: socket }, id, _payload, errors) => toFormattedErrors(errors, socket.operation(id)),
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
  try {
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
  } catch (error) {
    return [toClientError(error, context.operation)]
  }
}

/** As an HTTP header's, its name in any letter case. */
function authorizationOf(payload: Record<string, unknown> | undefined): unknown {
  return Object.entries(payload ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
}

function toPayload(result: ExecutionResult, operation: Operation): FormattedExecutionResult {
  const payload = written(result, operation)
  operation.bytes += payload.byteLength
  // A subscription's are short beside its batches, and gone when the next is asked for.
  if (operation.kind !== 'subscription') operation.holding.add(payload.textBytes)
  // graphql-ws does no more than print it.
  return payload as FormattedExecutionResult
}

/** A result that can't be written is the operation's error: graphql-ws would end the socket. */
function written(result: ExecutionResult, operation: Operation): SplicedPayload {
  try {
    return new SplicedPayload(formatResult(result, operation))
  } catch (error) {
    return new SplicedPayload(formatResult(failed(error, operation), operation))
  }
}

/** Nothing was executed: an `error` message tells it better than a `next` without data and a `complete` that would mean "all of it arrived". */
function isFailure(result: OperationResult): result is ExecutionResult {
  return 'errors' in result && !('data' in result)
}

class Failure extends Error {
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super('The operation was refused')
    this.errors = errors
  }
}

/** graphql-ws sends `error` for an iterator that throws. */
function failing({ errors = [] }: ExecutionResult): AsyncIterable<ExecutionResult> {
  const next = () => Promise.reject(new Failure(errors))
  return { [Symbol.asyncIterator]: () => ({ next }) }
}

function toFormattedErrors(errors: readonly GraphQLError[], operation: Operation): readonly GraphQLFormattedError[] {
  const all = errors.flatMap((error) => (error.originalError instanceof Failure ? error.originalError.errors : [error]))
  const shown = all.map((error) => toClientError(error, operation))
  if (shown[0]) operation.failed(codeOf(shown[0]))
  return shown.map(formatError)
}
