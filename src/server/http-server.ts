import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'

/** Milliseconds that a request's head, and all of it, may take to arrive: what is half sent by then ends with 408. */
const HEAD_MS = 10_000
const REQUEST_MS = 60_000
/** So much later at most. */
const CHECK_MS = 2_000

/** Only WebSockets are upgraded to; a request that offers something else (h2c, as curl does) is answered as it is. Node asks from 24.9 on. */
const shouldUpgradeCallback = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket'

export function httpServer(listener: RequestListener): Server {
  const timeouts = { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS }
  return createServer({ ...timeouts, shouldUpgradeCallback }, listener)
}
