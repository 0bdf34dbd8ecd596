/**
 * Sends a result to its client, row by row. A row is a GraphQL result, a batch or a part of a body. The next row is requested
 * only after the operating system has accepted the row before.
 */
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
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

/**
 * Headers of a response that is sent while it is made. A proxy that buffers, compresses or keeps it would delay it, and would read
 * for a client that does not.
 */
export const UNBUFFERED = { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' } as const

/**
 * Writes the pieces. Resolves when the operating system has accepted all of them, or when the connection has closed. There must
 * be at least one piece, and no piece of an HTTP response may be empty.
 */
export function flush(to: Writable, pieces: readonly (Uint8Array | string)[]): Promise<void> {
  if (to.closed || to.destroyed) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => {
    to.off('close', done)
    resolve()
  }
  to.once('close', done)
  writeAll(to, pieces, done)
  return promise
}

/**
 * Writes the pieces together and calls `done` after the last. A closed socket calls `done` too; a closed HTTP response may not.
 */
export function writeAll(to: Writable, pieces: readonly (Uint8Array | string)[], done: () => void): void {
  to.cork()
  for (const [index, piece] of pieces.entries()) to.write(piece, index === pieces.length - 1 ? done : undefined)
  to.uncork()
}

/*
 * The ws package offers two ways to send a message that is in pieces, and each copies the whole message. With one frame per
 * piece, the client joins the frames (0.3 ms per megabyte). With one frame per message, the server joins the pieces first.
 * `writeTextFrame` needs no copy: it writes one frame directly to the socket that ws uses. It writes the frame in one step, so
 * ws can't send another frame in the middle of it.
 */

/** First byte of a frame that holds a whole text message (RFC 6455, 5.2). */
const TEXT = 0x81
const LENGTH_16 = 126
const LENGTH_64 = 127

/**
 * Sends the pieces as one text frame. Calls `done` when the operating system has accepted it, or when the socket has closed.
 * Connections with permessage-deflate can't use it.
 */
export function writeTextFrame(socket: Socket, pieces: readonly (Uint8Array | string)[], done: () => void): void {
  writeAll(socket, [header(byteLength(pieces)), ...pieces], done)
}

/** Returns the header of a frame. A server does not mask its frames. */
function header(length: number): Buffer {
  if (length < LENGTH_16) return Buffer.from([TEXT, length])
  if (length < 2 ** 16) {
    const short = Buffer.from([TEXT, LENGTH_16, 0, 0])
    short.writeUInt16BE(length, 2)
    return short
  }
  const long = Buffer.alloc(10)
  long.set([TEXT, LENGTH_64])
  long.writeBigUInt64BE(BigInt(length), 2)
  return long
}
