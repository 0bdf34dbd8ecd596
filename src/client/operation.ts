/** One run of a subscription: its batches in order, and then exactly one end. */
import type { Client } from 'graphql-ws/client'
import type { Payload } from './document.ts'
import type { WireBatch } from './encoding.ts'
import { clientError, GeoduckClientError } from './error.ts'

export interface OperationSink {
  batch(batch: WireBatch): void
  /** The server has declared the result complete. */
  complete(): void
  fail(error: GeoduckClientError): void
}

/**
 * graphql-ws treats a closed connection in several ways: it fails, restarts the operation from its first batch, or calls it complete (if a client is
 * disposed of). Here it is always a failure after a batch has arrived.
 *
 * @returns a function that cancels; after it nothing is called
 */
export function runOperation(client: Client, payload: Payload, sink: OperationSink): () => void {
  let expected = 0
  let closed = false
  let stop: (() => void) | null = null
  let over = false
  const end = (tell: () => void) => {
    if (over) return
    over = true
    for (const leave of listening) leave()
    stop?.()
    tell()
  }
  const fail = (reason: unknown) => end(() => sink.fail(clientError(reason)))
  const listening = [
    client.on('connected', () => {
      closed = false
    }),
    client.on('closed', (event) => {
      closed = true
      if (expected > 0) fail(event)
    }),
  ]
  const next = (batch: WireBatch | undefined) => {
    if (over) return
    if (batch?.sequence !== expected) return fail(sequenceError())
    expected += 1
    sink.batch(batch)
  }
  stop = client.subscribe<{ featureBatches: WireBatch }>(payload, {
    next: ({ data, errors }) => (errors ? fail(errors) : next(data?.featureBatches)),
    error: fail,
    complete: () => (closed ? fail(null) : end(() => sink.complete())),
  })
  // It may have ended before it could be stopped.
  if (over) stop()
  return () => end(() => {})
}

export function otherColumns(): GeoduckClientError {
  const message = 'The server sends other columns than at the start of the stream. The stream requests them again, as WKB or not.'
  return new GeoduckClientError('PROTOCOL', message, { retry: true })
}

export function sequenceError(): GeoduckClientError {
  return new GeoduckClientError('PROTOCOL', 'A batch is missing from the stream, or is not whole.', { retry: true })
}
