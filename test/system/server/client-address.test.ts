/** Requests as proxies pass them on, over a real socket from 127.0.0.1. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { clientAddress } from '../../../src/server/access.ts'

async function addressOf(trusted: number | readonly string[], forwarded: string | undefined): Promise<string> {
  const read = clientAddress(trusted)
  const server = createServer((req, res) => res.end(read(req)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const sent = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', headers, agent: false })
  sent.end()
  const [response] = await once(sent, 'response')
  const text = (await response.setEncoding('utf8').toArray()).join('')
  server.close()
  return text
}

it.each<[string, number | readonly string[], string | undefined, string]>([
  ['is the socket’s where no proxy is trusted', 0, '203.0.113.7', '127.0.0.1'],
  ['is the socket’s where a proxy said nothing', 1, undefined, '127.0.0.1'],
  ['is what the only proxy saw', 1, '203.0.113.7', '203.0.113.7'],
  ['is not what the client made up before it', 1, '198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['is what the first of two proxies saw', 2, '198.51.100.1, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
  ['is what the first of the known networks saw', ['loopback', '10.0.0.0/8'], '1.2.3.4, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
  ['is the socket’s where that is no known proxy', ['10.0.0.0/8'], '203.0.113.7', '127.0.0.1'],
  ['may be of IPv6', 1, '2001:db8::7', '2001:db8::7'],
  ['may have a port', 1, '203.0.113.7:4711', '203.0.113.7'],
  ['may be of IPv6 with a port', 1, '[2001:db8::7]:4711', '2001:db8::7'],
  ['may be of IPv6 in brackets', 1, '[2001:db8::7]', '2001:db8::7'],
  ['may be in quotes', 1, '"[2001:db8::7]:4711"', '2001:db8::7'],
  [
    'is what the first of the known networks saw, with ports',
    ['loopback', '10.0.0.0/8'],
    '203.0.113.7:1, 10.1.2.3:2',
    '203.0.113.7',
  ],
  ['is the socket’s where the name has a port', 1, 'maps.example:80', '127.0.0.1'],
  ['is the socket’s where the proxy named none', 1, 'unknown', '127.0.0.1'],
  ['is the socket’s where the name is a trick on the log', 1, 'x] outcome: complete [', '127.0.0.1'],
])('the client’s address %s', async (_what, trusted, forwarded, address) => {
  expect(await addressOf(trusted, forwarded)).toBe(address)
})
