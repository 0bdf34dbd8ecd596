/** The times of an upload: those of its rows, and not that of a whole request. */
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { takesLong } from '../../../src/server/broken-requests.ts'
import { httpServer, TIMES } from '../../../src/server/http.ts'
import { Chunks, type Row } from '../../../src/server/upload/rows.ts'

const ROW: Row = { bytes: 1, read: () => ({ key: 'a' }) }

test('a body without a row in time is refused, and rows before the pause are a chunk', async () => {
  async function* rows() {
    yield [ROW, ROW]
    await new Promise(() => {})
  }
  const chunks = new Chunks(rows(), 50)
  expect(await chunks.next()).toHaveLength(2)
  await expect(chunks.next()).rejects.toThrow('No whole row has arrived in 0.05 s')
})

test('a chunk ends at 2,000 rows, at a megabyte, or at a given number of rows', async () => {
  async function* rows() {
    yield Array.from({ length: 5_000 }, () => ROW)
    yield Array.from({ length: 5 }, () => ({ ...ROW, bytes: 400_000 }))
  }
  const chunks = new Chunks(rows(), 1_000)
  const sizes = [await chunks.next(), await chunks.next(7), await chunks.next(), await chunks.next()]
  expect(sizes.map(({ length }) => length)).toEqual([2_000, 7, 2_000, 996])
  expect([await chunks.next(), await chunks.next()].map(({ length }) => length)).toEqual([2, 0])
})

test('a request that may take long outlives the time of others', async () => {
  const server = httpServer(
    (req, res) => {
      const normal = req.url === '/long' ? takesLong(req.socket) : () => {}
      res.once('close', normal)
      req.on('end', () => res.end('whole')).resume()
    },
    { ...TIMES, requestTimeout: 400, headersTimeout: 400, connectionsCheckingInterval: 50 },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const send = (path: string): ClientRequest => {
    const sent = request({ port, path, method: 'PUT', headers: { connection: 'keep-alive' } })
    sent.write('some')
    return sent
  }
  const answer = async (sent: ClientRequest) => {
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode
  }
  const [long, short] = [send('/long'), send('/short')]
  const longAnswer = answer(long)
  expect(await answer(short)).toBe(408)
  // Node has looked at both at the same time.
  expect(await answer(send('/short'))).toBe(408)
  long.end()
  expect(await longAnswer).toBe(200)
  server.closeAllConnections()
  server.close()
})
