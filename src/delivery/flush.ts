import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { byteLength } from './raw-json.ts'

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
