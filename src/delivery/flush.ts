import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { byteLength } from './raw-json.ts'

/** Resolves when the system has taken all of the pieces (one at least; of a response none empty), or the connection is gone. */
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

/** The same in one go, without an eye on the end of a response. A socket that is gone calls `done` itself. */
export function writeAll(to: Writable, pieces: readonly (Uint8Array | string)[], done: () => void): void {
  to.cork()
  for (const [index, piece] of pieces.entries()) to.write(piece, index === pieces.length - 1 ? done : undefined)
  to.uncork()
}

/*
 * A message in pieces as one WebSocket frame. ws frames what it is given at once: a frame a piece, which its clients join by a copy of the whole
 * (0.3 ms a megabyte), or all of it joined here. The frame goes to the socket beneath, whole and in one go, so that none of ws's own comes in between.
 */

/** The last fragment of a text message: RFC 6455, 5.2. */
const TEXT = 0x81
const LENGTH_16 = 126
const LENGTH_64 = 127

/** `done` is called when the kernel has taken it, or the socket is gone. Not for connections with permessage-deflate. */
export function writeTextFrame(socket: Socket, pieces: readonly (Uint8Array | string)[], done: () => void): void {
  writeAll(socket, [header(byteLength(pieces)), ...pieces], done)
}

/** A server's frames are not masked. */
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
