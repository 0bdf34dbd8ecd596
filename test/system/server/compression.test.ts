/** Bodies that a client takes compressed are the same bodies, whole and broken. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quiet } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 100_000
const DECOMPRESS = { zstd: zstdDecompressSync, br: brotliDecompressSync, gzip: gunzipSync }
const PAGE = JSON.stringify({ query: '{ features(layer: "squares-100000", first: 5000) { count geojson } }' })

let server: TestServer
beforeAll(async () => {
  server = await serve([await squares(ROWS)], { compression: 'always' })
})
afterAll(() => server.close())

/** `fetch` decompresses by itself. */
async function open(path: string, encodings: string, body: string | null = null, at = server): Promise<IncomingMessage> {
  const headers = { 'accept-encoding': encodings, ...(body && { 'content-type': 'application/json' }) }
  const sent = request(`${at.url}${path}`, { agent: false, method: body ? 'POST' : 'GET', headers })
  sent.end(body ?? undefined)
  return (await once(sent, 'response'))[0]
}

const read = async (response: IncomingMessage): Promise<Buffer> => Buffer.concat(await response.toArray())
const ask = (encodings: string) => open('/graphql', encodings, PAGE)
const LINES = '/download/squares-100000.geojsonl'

describe.each(['zstd', 'br', 'gzip'] as const)('%s', (encoding) => {
  it('of a page is the page', async () => {
    const [plain, compressed] = [await ask('identity'), await ask(`${encoding}, deflate`)]
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(compressed.headers['content-encoding']).toBe(encoding)
    expect(compressed.headers.vary).toMatch(/accept-encoding/)
    const [expected, bytes] = [await read(plain), await read(compressed)]
    expect(bytes.length).toBeLessThan(expected.length / 2)
    expect(DECOMPRESS[encoding](bytes).equals(expected)).toBe(true)
  })

  it('of a download is the download, its trailer with it', async () => {
    const [plain, compressed] = [await open(LINES, ''), await open(LINES, encoding)]
    const [expected, bytes] = await Promise.all([read(plain), read(compressed)])
    expect(compressed.headers['content-encoding']).toBe(encoding)
    expect(DECOMPRESS[encoding](bytes).equals(expected)).toBe(true)
    expect(compressed.trailers['geoduck-cursor']).toBe(plain.trailers['geoduck-cursor'])
  })
})

describe('compression', () => {
  it('is the cheapest that the client takes, and none that it refuses', async () => {
    const chosen = async (encodings: string) => {
      const response = await ask(encodings)
      response.resume()
      return response.headers['content-encoding']
    }
    expect(await chosen('gzip, br, zstd')).toBe('zstd')
    expect(await chosen('GZIP;q=0.1, br;q=1.0')).toBe('br')
    expect(await chosen('zstd;q=0, gzip')).toBe('gzip')
    expect(await chosen('gzip;q=0.000, compress')).toBeUndefined()
  })

  it('spares small answers', async () => {
    const response = await open('/graphql', 'gzip', JSON.stringify({ query: '{ __typename }' }))
    expect(response.headers['content-encoding']).toBeUndefined()
    expect(await read(response)).toHaveLength(Number(response.headers['content-length']))
  })

  it('lets a client that leaves end its download', async () => {
    const response = await open(LINES, 'gzip')
    await once(response, 'data')
    response.destroy()
    await quiet(server)
  })

  it('is not for clients on this machine, unless the configuration says so; what fails says so in it too', async () => {
    const remote = await serve([await squares(ROWS)], { compression: 'remote' })
    const plain = await open(LINES, 'gzip', null, remote)
    plain.destroy()
    expect(plain.headers['content-encoding']).toBeUndefined()
    await remote.close()

    const stopping = await serve([await squares(ROWS)], { compression: 'always' })
    const cut = await open(LINES, 'gzip', null, stopping)
    const pieces: Buffer[] = []
    cut.on('data', (piece: Buffer) => pieces.push(piece))
    const aborted = expect(once(cut, 'end')).rejects.toThrow('aborted')
    await once(cut, 'data')
    await stopping.close()
    await aborted
    const text = gunzipSync(Buffer.concat(pieces)).toString()
    expect(JSON.parse(`${text.split('\n').at(-1)}}`)).toMatchObject({ errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] })
  })
})
