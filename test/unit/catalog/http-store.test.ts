/** Ranges of objects, read from a server that misbehaves: the right bytes, or an error, and never a hang. */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HttpStore } from '../../../src/catalog/stores/http-store.ts'
import { type Fault, type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { PLACES } from '../../support/server.ts'

const store = new HttpStore()
let objects: ObjectServer
let url: string
let content: Buffer

beforeAll(async () => {
  objects = await serveObjects(dirname(PLACES))
  url = `${objects.url}/places.parquet`
  content = await readFile(PLACES)
})
afterEach(() => {
  objects.fault = () => null
})
afterAll(() => objects.close())

async function read(from: number, to: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of store.read(await store.look(url), from, to)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Only requests that are no first look. */
function failing(fault: Fault, times = Number.POSITIVE_INFINITY): void {
  let left = times
  objects.fault = (range) => (range !== 'bytes=0-3' && left-- > 0 ? fault : null)
}

it('a first look asks for four bytes, and returns size and version', async () => {
  objects.requests.length = 0
  expect(await store.look(url)).toEqual({ url, bytes: content.length, etag: expect.stringMatching(/^".+"$/), modified: null })
  expect(objects.requests.map(({ range }) => range)).toEqual(['bytes=0-3'])
})

it('every read is bound to the version by its condition', async () => {
  const { etag } = await store.look(url)
  objects.requests.length = 0
  await read(100, 999)
  expect(objects.requests.at(-1)).toMatchObject({ range: 'bytes=100-999', headers: { 'if-match': etag } })
})

const ACCIDENTS: readonly Fault[] = ['DROPPED', 'CUT', 'SHORT', 'LONG', 'SHIFTED', 'WHOLE', 'BUSY']

it.each(ACCIDENTS)('%s once gives the right bytes', async (fault) => {
  failing(fault, 1)
  expect((await read(10, 50_009)).equals(content.subarray(10, 50_010))).toBe(true)
})

it.each<Fault>(['SHORT', 'SHIFTED', 'BUSY'])(
  '%s always is an error, and no byte is passed on',
  { timeout: 20_000 },
  async (fault) => {
    failing(fault)
    const pieces: Buffer[] = []
    const reading = async () => {
      for await (const piece of store.read(await store.look(url), 10, 1_009)) pieces.push(piece)
    }
    await expect(reading()).rejects.toMatchObject({ why: 'UNREACHABLE' })
    expect(pieces).toEqual([])
  },
)

it('a read continues from the missing byte', async () => {
  failing('CUT', 1)
  objects.requests.length = 0
  await read(0, 99_999)
  expect(objects.requests.map(({ range }) => range)).toEqual(['bytes=0-3', 'bytes=0-99999', 'bytes=50000-99999'])
})

it.each<Fault>(['SILENT', 'STALLED'])(
  'a server that is %s once for 30 s is asked again after 5 s',
  { timeout: 20_000 },
  async (fault) => {
    failing(fault, 1)
    const began = performance.now()
    expect((await read(10, 50_009)).equals(content.subarray(10, 50_010))).toBe(true)
    expect(performance.now() - began).toBeLessThan(9_000)
  },
)

it('a server that is always silent fails the read before the default deadline', async () => {
  failing('SILENT')
  const began = performance.now()
  await expect(read(10, 50_009)).rejects.toMatchObject({ why: 'UNREACHABLE' })
  expect(performance.now() - began).toBeLessThan(25_000)
})

it('another version is an error at once, also if the server ignores the condition', async () => {
  failing('OTHER_VERSION')
  objects.requests.length = 0
  await expect(read(10, 50_009)).rejects.toMatchObject({ why: 'CHANGED' })
  expect(objects.requests).toHaveLength(2)
})

it('a redirect is not followed', async () => {
  objects.fault = () => 'REDIRECTED'
  objects.requests.length = 0
  await expect(store.look(url)).rejects.toMatchObject({
    why: 'REFUSED',
    message: expect.stringContaining('redirects (status 302)'),
  })
  expect(objects.requests).toHaveLength(1)
})

it.each([
  'http://169.254.169.254/latest/meta-data',
  'http://2852039166/latest/meta-data',
  'http://[fe80::1]/a.parquet',
  'http://[::ffff:169.254.169.254]/a.parquet',
  'http://[fd00:ec2::254]/a.parquet',
])('%s is refused without a request', async (address) => {
  await expect(store.look(address)).rejects.toMatchObject({ why: 'REFUSED', message: expect.stringContaining('link-local') })
})

it('an object that is gone, and one that is no Parquet, are named as such', async () => {
  await expect(store.look(`${objects.url}/absent.parquet`)).rejects.toMatchObject({ why: 'GONE' })
  await expect(store.look(`${objects.url}/lakes.gpkg`)).rejects.toMatchObject({
    why: 'REFUSED',
    message: expect.stringContaining('it is no Parquet'),
  })
})

describe('a server with other identifiers', () => {
  let headers: Record<string, string>
  let asked: IncomingHttpHeaders
  const server = createServer((req, res) => {
    asked = req.headers
    const [, from, to] = /(\d+)-(\d+)/.exec(req.headers.range!)!.map(Number)
    res.writeHead(206, {
      'content-length': to! - from! + 1,
      ...headers,
      'content-range': `bytes ${from}-${to}/${content.length}`,
    })
    res.end(content.subarray(from!, to! + 1))
  })
  let address: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.parquet`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  async function readOther(): Promise<void> {
    for await (const _ of store.read(await store.look(address), 4, 9));
  }

  it('a weak entity tag is compared, but not sent', async () => {
    headers = { etag: 'W/"1"', 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' }
    await readOther()
    expect(asked).toMatchObject({ 'if-unmodified-since': headers['last-modified'] })
    expect(asked['if-match']).toBeUndefined()
    const version = await store.look(address)
    headers = { etag: 'W/"2"' }
    await expect(store.read(version, 4, 9).next()).rejects.toMatchObject({ why: 'CHANGED' })
  })

  it.each([
    ['without', {}],
    ['with an empty', { etag: '""' }],
  ])('%s entity tag, the time of the last change is the version', async (_, tag) => {
    headers = { ...tag, 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' }
    const version = await store.look(address)
    await readOther()
    expect(asked).toMatchObject({ 'if-unmodified-since': headers['last-modified'] })
    expect(asked['if-match']).toBeUndefined()
    headers = { ...tag, 'last-modified': 'Sat, 28 Nov 2026 10:00:01 GMT' }
    await expect(store.read(version, 4, 9).next()).rejects.toMatchObject({ why: 'CHANGED' })
  })

  it('with neither, it is refused', async () => {
    headers = {}
    await expect(store.look(address)).rejects.toMatchObject({
      why: 'REFUSED',
      message: expect.stringContaining('neither ETag nor'),
    })
  })

  it('a compressed body is not taken', async () => {
    headers = { etag: '"1"', 'content-encoding': 'gzip' }
    await expect(store.look(address)).rejects.toMatchObject({ why: 'UNREACHABLE' })
  })
})
