/**
 * A message in pieces as one WebSocket frame. ws frames what it is given at once: a frame a piece, which its clients join by a copy of the whole
 * (0.3 ms a megabyte), or all of it joined here. The frame goes to the socket beneath, whole and in one go, so that none of ws's own comes in between.
 */
import type { Socket } from 'node:net'
import { writeAll } from './flush.ts'
import { byteLength } from './raw-json.ts'

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
