/** Sends a result to its client. It pulls a row only after the row before has left, so at most two rows are in memory. */
import type { GraphQLError } from 'graphql'
import { failed } from './client-error.ts'
import type { Operation } from './operation.ts'
import { byteLength, type JsonPiece } from './raw-json.ts'

export interface Wire<Row> {
  /** Returns the bytes of the row, without framing. */
  payload(row: Row): readonly JsonPiece[]
  /** Resolves when the operating system has accepted all of `payload`, or when the client has gone. */
  send(payload: readonly JsonPiece[]): Promise<void>
  /** Ends the response after the last row. */
  end(): Promise<void> | void
  /** Ends the response with an error: rows are missing. */
  fail(error: GraphQLError): Promise<void> | void
}

type Rows<Row> = Pick<AsyncIterator<Row, unknown>, 'next'>

/**
 * Sends all rows. If `rows` or `wire.payload` or `wire.send` fails, the client receives the error; it rejects only if the wire
 * can't end.
 */
export async function deliver<Row>(rows: Rows<Row>, wire: Wire<Row>, operation: Operation): Promise<void> {
  try {
    for (let row = await rows.next(); !row.done; row = await rows.next()) {
      const payload = wire.payload(row.value)
      operation.bytes += byteLength(payload)
      if (payload.length > 0) await wire.send(payload)
    }
  } catch (error) {
    return await wire.fail(failed(error, operation))
  }
  await wire.end()
}

/** Returns an iterator over rows that are already in memory. */
export async function* rowsOf<Row>(rows: readonly Row[]): AsyncGenerator<Row, void, void> {
  yield* rows
}
