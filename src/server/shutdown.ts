import type { Server } from 'node:http'
import type { Log } from '../config/logging.ts'
import { awakeSleep } from '../engines/awake.ts'
import type { Connections } from './connections.ts'
import type { Operations } from './operations.ts'
import type { ServerState } from './state.ts'
import type { WebSockets } from './websocket.ts'

/** What clients are given to read their operations' ends. */
const DRAIN_MS = 3_000
/** Of a server that is stopped while it starts. */
const START_MS = 500
/** Of workers, which are killed then. */
const WORKERS_MS = 5_000

export interface OpenParts {
  readonly http: Server
  readonly connections: Connections
  readonly sockets: WebSockets
  readonly state: ServerState
  /** Settled, one way or the other, when nothing is being opened any more. */
  readonly ready: Promise<unknown>
  readonly operations: Operations
  readonly log: Log
}

/** Operations end with SHUTTING_DOWN and are read out, then sockets close with 1001; a client that does not read is cut off. */
export async function shutDown({ http, connections, sockets, state, ready, operations, log }: OpenParts): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  http.close(() => stopped.resolve())
  http.closeIdleConnections()
  state.stop()
  await atMost(START_MS, ready)
  const emptied = state.close()
  await atMost(DRAIN_MS, operations.settled())
  await sockets.close()
  http.closeAllConnections()
  await stopped.promise
  connections.close()
  await atMost(WORKERS_MS, emptied)
  log.info('Stopped')
}

/** Whichever is first: the work or its time. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.catch(() => undefined), awakeSleep(ms, over.signal)])
  over.abort()
}
