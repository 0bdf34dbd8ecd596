/** Bodies of requests: what is in them, how they are written, and what a client learns of one that is too large. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

const JSON_TYPE = 'application/json'
/** A name with letters that each charset writes in another way. */
const NAME = 'Zürich'
const QUERY = `query Named($name: JSON) { features(layer: "places", where: { property: { name: "name", eq: $name } }) { features { properties(only: ["name"]) } } }`
const BODY = { query: QUERY, variables: { name: NAME } }
const FOUND = { data: { features: { features: [{ properties: { name: NAME } }] } } }

async function send(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = '/graphql') {
  const response = await fetch(server.url + path, { method: 'POST', headers: { 'content-type': JSON_TYPE, ...headers }, body })
  return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) as unknown }
}

const bytes = (text: string, charset = 'utf-8') => new Uint8Array(iconv.encode(text, charset))

describe('the members of a request', () => {
  it.each([
    ['an unknown member', { id: 'a1', documentId: null, extra: { deep: [1] } }],
    ['an empty name of the operation', { operationName: '' }],
    ['null for each of the others', { operationName: null, extensions: null }],
  ])('may be %s', async (_, more) => {
    const { status, json } = await send(JSON.stringify({ ...BODY, ...more }))
    expect([status, json]).toEqual([200, FOUND])
    const socket = await RawSocket.open(server.socketUrl)
    socket.send({ id: '1', type: 'subscribe', payload: { ...BODY, ...more } })
    await socket.until(({ type }) => type === 'complete')
    expect(socket.of('1')[0]).toMatchObject({ type: 'next', payload: FOUND })
    socket.close()
  })

  it('may be null for variables that have none', async () => {
    const { json } = await send('{"query":"{__typename}","variables":null}')
    expect(json).toEqual({ data: { __typename: 'Query' } })
  })

  it('name the operation of several', async () => {
    const query = 'query A { __typename } query B { health { version } }'
    expect(await ask(server, query, {}, 'A')).toEqual({ data: { __typename: 'Query' } })
    expect(await ask(server, query, {}, '')).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] })
  })

  it('may follow a byte order mark in a message of a WebSocket', async () => {
    const socket = await RawSocket.open(server.socketUrl)
    socket.ws.send(`\uFEFF${JSON.stringify({ id: '1', type: 'subscribe', payload: BODY })}`)
    await socket.until(({ type }) => type === 'complete')
    expect(socket.of('1')[0]).toMatchObject({ payload: FOUND })
    socket.close()
  })
})

const COMPRESS = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  identity: (text: string) => bytes(text),
}

describe.each([
  ['a GraphQL request', '/graphql', BODY],
  ['a download', '/download/places.geojsonl', { where: { property: { name: 'name', eq: NAME } }, only: ['name'] }],
])('the body of %s', (_, path, given) => {
  const text = JSON.stringify(given)
  const read = async (body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const { status, json } = await send(body, headers, path)
    expect([status, JSON.stringify(json)]).toEqual([200, expect.stringContaining(`"properties":{"name":"${NAME}"}`)])
  }
  const refused = async (body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) => {
    const { status, json, headers: answered } = await send(body, headers, path)
    const { errors } = json as { errors: [{ message: string; extensions: { code: string } }] }
    return { status, code: errors[0].extensions.code, message: errors[0].message, headers: answered }
  }

  it.each([
    'utf-8',
    'UTF8',
    '"utf-8"',
    'utf-16',
    'utf-16le',
    'UTF-16BE',
    'utf-32',
    'latin1',
    'iso-8859-1',
    'windows-1252',
    'gb18030',
  ])('is read in the charset %s that its type names', (charset) =>
    read(bytes(text, charset.replaceAll('"', '')), { 'content-type': `${JSON_TYPE} ; charset=${charset}` }),
  )

  it.each(['utf-8', 'utf-16le', 'utf-16be'])('may begin with the byte order mark of %s', (charset) =>
    read(bytes(`\uFEFF${text}`, charset), { 'content-type': `${JSON_TYPE}; charset=${charset.slice(0, 6)}` }),
  )

  it.each(['klingon', 'base64', 'hex:1999', 'c-e-s-u-8', 'constructor', '__proto__', ''])(
    'in the charset "%s" is 415, which says what is accepted',
    async (charset) => {
      const { status, code, message } = await refused(bytes(text), { 'content-type': `${JSON_TYPE}; charset="${charset}"` })
      expect([status, code, message]).toEqual([415, 'BAD_INPUT', expect.stringContaining('UTF-8')])
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'json', ''])(
    'of the type "%s" is 415, which says what is accepted',
    async (type) => {
      const { status, headers } = await refused(bytes(text), { 'content-type': type })
      expect([status, headers.get('accept-post')]).toEqual([415, JSON_TYPE])
    },
  )

  it('that is not UTF-8 and names no charset is refused', async () => {
    const { status, message } = await refused(bytes(text, 'latin1'), {})
    expect([status, message]).toEqual([400, expect.stringContaining('charset=')])
  })

  it.each(Object.entries(COMPRESS))('is decompressed: %s', (encoding, compress) =>
    read(new Uint8Array(compress(text)), { 'content-encoding': encoding }),
  )

  it('is decompressed also if deflate has no header, and before its charset is read', async () => {
    await read(new Uint8Array(deflateRawSync(text)), { 'content-encoding': 'Deflate' })
    const headers = { 'content-encoding': 'identity, gzip', 'content-type': `${JSON_TYPE};charset=utf-16` }
    await read(new Uint8Array(gzipSync(iconv.encode(text, 'utf-16'))), headers)
  })

  it.each(['zstd', 'compress', 'gzip, gzip', 'constructor'])(
    'with the content encoding %s is 415, which says what is accepted',
    async (encoding) => {
      const { status, code, headers } = await refused(new Uint8Array(zstdCompressSync(text)), { 'content-encoding': encoding })
      expect([status, code, headers.get('accept-encoding')]).toEqual([415, 'BAD_INPUT', 'gzip, deflate, br'])
    },
  )

  it.each(['gzip', 'deflate', 'br'])('that is not %s, or only a part of it, is refused', async (encoding) => {
    const whole = COMPRESS[encoding as 'gzip'](text)
    for (const body of [bytes(text), new Uint8Array(whole.subarray(0, whole.length - 9))]) {
      const { status, code, message } = await refused(body, { 'content-encoding': encoding })
      expect([status, code, message]).toEqual([400, 'BAD_INPUT', expect.stringContaining(encoding)])
    }
  })

  it.each(['gzip', 'deflate', 'br'])('that is larger than 1 MB when it is decompressed is 413: %s', async (encoding) => {
    const body = new Uint8Array(COMPRESS[encoding as 'gzip'](`${text}${' '.repeat(5e6)}`))
    expect(body.length).toBeLessThan(1e6)
    expect(await refused(body, { 'content-encoding': encoding })).toMatchObject({ status: 413, code: 'LIMIT_EXCEEDED' })
  })
})

/** Clients that send a whole body before they read the response. Each prints the status per attempt. */
const BY_PYTHON = `
import json, sys, urllib.request, urllib.error, httpx
url, size = sys.argv[1], int(sys.argv[2])
headers = {'content-type': 'application/json'}
body = b'{"query": "' + b'x' * size + b'"}'
def by_urllib():
    try:
        return urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers)).status
    except urllib.error.HTTPError as error:
        return [error.code, json.loads(error.read())['errors'][0]['extensions']['code']]
def by_httpx(content):
    response = httpx.post(url, content=content, headers=headers, timeout=60)
    return [response.status_code, response.json()['errors'][0]['extensions']['code']]
pieces = lambda: (body[at:at + 65536] for at in range(0, len(body), 65536))
print(json.dumps([result for _ in range(5) for result in (by_urllib(), by_httpx(body), by_httpx(pieces()))]))
`

describe('a body that is too large', () => {
  const TOO_LARGE = [413, 'LIMIT_EXCEEDED']

  describe.each(['/graphql', '/download/places.arrows'])('for %s', (path) => {
    it.each([1_000_001, 30_000_000])('reaches urllib and httpx as 413: %d bytes', async (size) => {
      const results = await python<unknown[]>(BY_PYTHON, [server.url + path, String(size)])
      expect(results).toEqual(results.map(() => TOO_LARGE))
    })

    it.each([1_000_001, 30_000_000])('reaches fetch as 413: %d bytes', async (size) => {
      const body = JSON.stringify({ query: 'x'.repeat(size) })
      for (let n = 0; n < 5; n++) {
        const { status, json } = await send(body, {}, path)
        expect([status, (json as { errors: [{ extensions: { code: string } }] }).errors[0].extensions.code]).toEqual(TOO_LARGE)
      }
    })
  })

  it('leaves its connection to the next request', async () => {
    const program = `
import json, sys, httpx
with httpx.Client(base_url=sys.argv[1], timeout=60) as client:
    large = client.post('/graphql', content=b'x' * 5_000_000, headers={'content-type': 'application/json'})
    ports = [large.extensions['network_stream'].get_extra_info('client_addr')]
    small = client.post('/graphql', json={'query': '{ __typename }'})
    ports.append(small.extensions['network_stream'].get_extra_info('client_addr'))
print(json.dumps([large.status_code, small.status_code, ports[0] == ports[1]]))
`
    expect(await python(program, [server.url])).toEqual([413, 200, true])
  })

  it('of a client that leaves ends with it', async () => {
    for (const connection of ['close', 'keep-alive']) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
      const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: ${connection}\r\ncontent-type: ${JSON_TYPE}\r\n`
      socket.write(`${head}content-length: 5000000\r\n\r\n${'x'.repeat(1_000_000)}`)
      await new Promise<void>((resolve) => socket.end(resolve))
      socket.destroy()
    }
    expect(await ask(server, '{ __typename }')).toEqual({ data: { __typename: 'Query' } })
  })

  it('without an end is cut off', async () => {
    const sent = request(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': JSON_TYPE } })
    const cut = new Promise<void>((resolve) => sent.once('close', resolve))
    const piece = Buffer.alloc(2 ** 20, 'x')
    let open = true
    sent.on('error', () => {}).once('close', () => (open = false))
    const more = () => {
      if (open) sent.write(piece, more)
    }
    more()
    await cut
  })

  it.each([
    ['of a wrong type', { 'content-type': 'text/plain' }, 415],
    ['of a page that another name leads to', { host: 'rebound.example' }, 421],
  ])('%s gets its own status', async (_, headers, status) => {
    const program = `
import json, sys, httpx
response = httpx.post(sys.argv[1], content=b'x' * 20_000_000, headers=json.loads(sys.argv[2]), timeout=60)
print(response.status_code)
`
    expect(await python(program, [`${server.url}/graphql`, JSON.stringify(headers)])).toBe(status)
  })
})
