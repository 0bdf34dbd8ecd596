import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../../config/config.ts'
import type { Finding } from './finding.ts'

const REMEDIES: Readonly<Record<string, readonly [text: string, remedy: string]>> = {
  EADDRINUSE: ['is in use', 'end the program that listens there, or choose another --port (0 takes any free one)'],
  EACCES: ['may not be listened on by this user', 'choose a --port above 1023'],
  EADDRNOTAVAIL: ['is not an address of this machine', 'correct --host'],
  ENOTFOUND: ['is not a host that is known', 'correct --host'],
}

/** Listens there for a moment. */
export async function checkPort({ host, port }: Pick<Config, 'host' | 'port'>): Promise<Finding> {
  const what = 'port'
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    return { what, state: 'ok', text: port === 0 ? `any free one on ${host}` : `${port} on ${host} is free` }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const [text, remedy] = REMEDIES[code] ?? [`cannot be listened on: ${message}`, 'choose another --port or --host']
    return { what, state: 'wrong', text: `${port} on ${host} ${text}`, remedy }
  }
}
