import { once } from 'node:events'
import { createServer } from 'node:net'

/** Returns a port below those that the system gives out, so that no other program gets it while the server restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const listener = createServer().listen(port, '127.0.0.1')
    const isFree = await once(listener, 'listening').then(
      () => true,
      () => false,
    )
    listener.close()
    if (isFree) return port
  }
}
