import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Operation } from '../delivery/operation.ts'
import { askerOf } from './asker.ts'
import type { ClientAddress } from './client-address.ts'
import type { Operations } from './operations.ts'

export interface HttpOperations {
  readonly operations: Operations
  readonly addressOf: ClientAddress
}

/** An operation as long as its response: cancelled when the client goes before all of it is written, ended in any case. */
export function beginOverHttp(req: IncomingMessage, res: ServerResponse, { operations, addressOf }: HttpOperations): Operation {
  const gone = new AbortController()
  const { operation, end } = operations.begin(askerOf(addressOf(req), req.socket.remotePort), gone.signal)
  res.setHeader('x-request-id', operation.id)
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
    end()
  })
  return operation
}
