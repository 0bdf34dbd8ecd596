import type { Server } from 'node:http'
import { justWoke } from '../engines/awake.ts'

/**
 * Node ends a kept connection on which no request has come for `keepAliveTimeout`. After the server was suspended that time is over at once, with
 * a request in the kernel's buffer that nobody has read: the connection is given the time again.
 */
export function endIdleConnections(http: Server): void {
  http.on('timeout', (socket) => {
    if (justWoke()) socket.setTimeout(http.keepAliveTimeout)
    else socket.destroy()
  })
}
