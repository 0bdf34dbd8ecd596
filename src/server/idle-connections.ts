import type { Server } from 'node:http'
import { justWoke } from '../engines/awake.ts'

/**
 * Ends idle connections as Node does: after `keepAliveTimeout` without a request. When the server was suspended, that time has
 * passed at once, while an unread request may be in the kernel's buffer. So the connection gets the time again.
 */
export function endIdleConnections(http: Server): void {
  http.on('timeout', (socket) => {
    if (justWoke()) socket.setTimeout(http.keepAliveTimeout)
    else socket.destroy()
  })
}
