import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { awakeNow, justWoke } from '../engines/awake.ts'

/** Milliseconds between pings, and what an answer may take on top of what lies before the ping. */
const PING_MS = 12_000

/** A ping waits behind everything that was sent before it: a client that reads more slowly than this is taken for gone. */
const SLOWEST_BYTES_PER_MS = 16

/**
 * Ends a socket whose client does not answer pings any more. The kernels' buffers hold about 5 MB, so a slow reader may not see a ping for
 * minutes: it is given the time in proportion.
 */
export function keepAlive(ws: WebSocket, socket: Socket, pingMs = PING_MS): void {
  let answeredAt = socket.bytesWritten
  let deadline: number | null = null
  ws.on('pong', () => {
    answeredAt = socket.bytesWritten
    deadline = null
  })
  const timer = setInterval(() => {
    if (deadline === null) {
      deadline = awakeNow() + pingMs + (socket.bytesWritten - answeredAt) / SLOWEST_BYTES_PER_MS
      ws.ping()
    } else if (awakeNow() >= deadline && !justWoke()) ws.terminate()
  }, pingMs)
  ws.once('close', () => clearInterval(timer))
}
