import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'

/** Milliseconds that a request's head, and all of it, may take to arrive, and how often that is looked at: what is half sent ends with 408. */
export const TIMES = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 2_000 } as const

/** Only WebSockets are upgraded to; a request that offers something else (h2c, as curl does) is answered as it is. Node asks from 24.9 on. */
const shouldUpgradeCallback = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket'

/** A connection that sends nothing ends in the same time as one that has begun to. @param times shorter ones, for tests */
export function httpServer(listener: RequestListener, times: Readonly<Record<keyof typeof TIMES, number>> = TIMES): Server {
  return createServer({ ...times, shouldUpgradeCallback }, listener)
}
