import type { Writable } from 'node:stream'

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
