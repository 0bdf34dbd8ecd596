/**
 * Drops the rest of a body that a response does not need. Many clients read the response only after they have sent all of it,
 * and a connection that is reset earlier shows them no response.
 */
import type { IncomingMessage } from 'node:http'
import { awakeNow } from '../engines/awake.ts'

/** Most milliseconds and bytes of a rest. */
const MOST = { ms: 10_000, bytes: 128e6 } as const
/** Milliseconds between two looks at them. */
const LOOK_MS = 50

/** Resolves with true when the body has ended, and with false when it is too long, too slow, or its client has gone. */
export function dropRest(req: IncomingMessage): Promise<boolean> {
  // Without this, a body that has arrived but was not read would hold up the connection's next request.
  if (!req.readableEnded) req.resume()
  if (req.complete || req.socket.destroyed) return Promise.resolve(req.complete)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const [mostBytes, end] = [req.socket.bytesRead + MOST.bytes, awakeNow() + MOST.ms]
  const looking = setInterval(() => {
    if (req.socket.bytesRead > mostBytes || awakeNow() > end) resolve(false)
  }, LOOK_MS)
  for (const event of ['end', 'close']) req.once(event, () => resolve(req.complete))
  return promise.finally(() => clearInterval(looking))
}
