/**
 * Sends a result to its client, row by row. A row is a GraphQL result, a batch or a part of a body. The next row is requested
 * only after the operating system has accepted the row before.
 */
import type { GraphQLError } from 'graphql'
import { failed } from './client-error.ts'
import type { Operation } from './operation.ts'
import { byteLength, type JsonPiece } from './raw-json.ts'

/** The part of sending a result that depends on the protocol. */
export interface Wire<Row> {
  /** Returns the bytes of the row, without framing. */
  payload(row: Row): readonly JsonPiece[]
  /** Resolves when the operating system has accepted all of `payload`, or when the client has gone. */
  send(payload: readonly JsonPiece[]): Promise<void>
  /** Ends the response after the last row. */
  end(): Promise<void> | void
  /** Ends the response with an error: rows are missing. */
  fail(error: GraphQLError): Promise<void> | void
  /**
   * Ends an endless subscription on a server that stops, without an end and without an error: libraries of clients subscribe again only
   * after a lost connection. @default `fail`
   */
  interrupt?(): Promise<void> | void
}

type Rows<Row> = Pick<AsyncIterator<Row, unknown>, 'next'>

/** Sends all rows. If that fails, the client receives the error. Rejects only if `wire.end` or `wire.fail` rejects. */
export async function deliver<Row>(rows: Rows<Row>, wire: Wire<Row>, operation: Operation): Promise<void> {
  try {
    for (let row = await rows.next(); !row.done; row = await rows.next()) {
      const payload = wire.payload(row.value)
      operation.bytes += byteLength(payload)
      if (payload.length > 0) await wire.send(payload)
    }
  } catch (error) {
    const shown = failed(error, operation)
    if (operation.isEndless && wire.interrupt && shown.extensions['code'] === 'SHUTTING_DOWN') return await wire.interrupt()
    return await wire.fail(shown)
  }
  await wire.end()
}

/** Returns an iterator over rows that are already in memory. */
export async function* rowsOf<Row>(rows: readonly Row[]): AsyncGenerator<Row, void, void> {
  yield* rows
}
