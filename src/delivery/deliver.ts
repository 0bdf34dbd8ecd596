/** How every result leaves: rows are pulled, one when the one before has left, and no sooner. */
import type { GraphQLError } from 'graphql'
import { failed } from './client-error.ts'
import type { Operation } from './operation.ts'
import { byteLength, type JsonPiece } from './raw-json.ts'

export interface Wire<Row> {
  /** The row as it leaves, without framing. */
  payload(row: Row): readonly JsonPiece[]
  /** Resolves when the system has taken it, or the client is gone. */
  send(payload: readonly JsonPiece[]): Promise<void>
  /** Everything has left. */
  end(): Promise<void> | void
  /** No more will leave, and it was not everything. */
  fail(error: GraphQLError): Promise<void> | void
}

type Rows<Row> = Pick<AsyncIterator<Row, unknown>, 'next'>

/** Rejects where the wire itself does. An error of the rows, or of a row that cannot be written, is the operation's. */
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

/** Rows that are there. */
export async function* rowsOf<Row>(rows: readonly Row[]): AsyncGenerator<Row, void, void> {
  yield* rows
}
