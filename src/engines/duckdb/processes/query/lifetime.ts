/** When a worker process ends, and what it leaves: nothing. */
import { rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/**
 * Ctrl-C on a terminal, and a service manager's SIGTERM, reach every process of the group before the server can drain: the worker leaves
 * them to the server, which ends it by SIGKILL. A server that is gone closes the channel: the worker then ends itself, by SIGKILL too,
 * since `exit` waits for a running query.
 */
export function exitWithServer(tempDirectory: string, dataSocket = path.join(tempDirectory, 'data')): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => {
    // The whole pool's folder: with the server gone, nobody else will.
    for (const left of [path.dirname(tempDirectory), dataSocket]) rmSync(left, { recursive: true, force: true })
    process.kill(process.pid, 'SIGKILL')
  })
  // The server's event loop goes first when every processor is busy.
  os.setPriority(process.pid, 5)
}
