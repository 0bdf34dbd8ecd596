/** Ends a child process with its server, without leaving files. */
import { rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/**
 * Makes this process end when the server ends, and lower its priority. It ignores Ctrl-C and SIGTERM, which reach all processes
 * of the group before the server can finish its work; the server ends this process by SIGKILL. If the server dies, the channel
 * closes, and the process ends itself, also by SIGKILL, because `exit` waits for a running query.
 */
export function exitWithServer(tempDirectory: string, dataSocket = path.join(tempDirectory, 'data')): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => {
    // This removes the folder of the whole pool, because the server can no longer do it. A running query may add a file meanwhile.
    for (const left of [path.dirname(tempDirectory), dataSocket]) rmSync(left, { recursive: true, force: true, maxRetries: 5 })
    process.kill(process.pid, 'SIGKILL')
  })
  // The server's event loop has priority when every processor is busy.
  os.setPriority(process.pid, 5)
}
