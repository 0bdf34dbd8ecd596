/** An engine whose source is on another machine reaches the versions that the gateway gives, and nothing else. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RemoteObjects } from '../../../src/catalog/remote/remote-objects.ts'
import { Stores } from '../../../src/catalog/stores/stores.ts'
import { findHttpfsExtension } from '../../../src/config/extension.ts'
import { ROOT } from '../../support/environment.ts'
import { type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { squares } from '../../support/pool.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
let objects: ObjectServer
let remote: RemoteObjects
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-gateway-'))
  const file = await squares(30_000)
  objects = await serveObjects(dirname(file))
  const extension = await findHttpfsExtension(SPATIAL_EXTENSION, () => {})
  remote = await RemoteObjects.open(new Stores(), extension, 0, new Map(), { info() {}, warn() {} })
  const url = `${objects.url}/squares-30000.parquet`
  await remote.stampOf(url)
  path = remote.pathOf(url)
}, 300_000)
afterAll(async () => {
  await remote?.close()
  await objects?.close()
  await rm(folder, { recursive: true })
})

async function run(program: string, input: unknown): Promise<unknown> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(input))
  return JSON.parse(await text(child.stdout))
}

it('reads the version that is served, and no other address', async () => {
  const options = {
    spatialExtension: SPATIAL_EXTENSION,
    memoryLimitBytes: 256e6,
    threads: 1,
    tempDirectory: join(folder, 'temp'),
    tempDirectoryBytes: 1e7,
    streamingBufferBytes: 65_536,
    allowedPaths: [path],
    databases: [],
    gateway: remote.access,
  }
  const other = [
    `${objects.url}/squares-30000.parquet`,
    'http://objects.invalid/other/squares-30000.parquet',
    path.replace(/(?<=invalid\/)\w+/, '0'.repeat(32)),
    `${path}/../other.parquet`,
    's3://bucket/a.parquet',
  ]
  const statements = [
    `SELECT count(*) FROM read_parquet('${path}')`,
    ...other.map((address) => `SELECT count(*) FROM read_parquet('${address}')`),
    `COPY (SELECT 1) TO '${path}'`,
    `COPY (SELECT 1) TO '${objects.url}/written.parquet'`,
    "SET GLOBAL http_proxy = ''",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
  ]
  objects.requests.length = 0
  const program = join(import.meta.dirname, 'worker/try-statements.ts')
  const [read, ...rest] = (await run(program, { options, statements, asQueries: false })) as { refused: string; row: string }[]
  expect(read).toMatchObject({ refused: null, row: '["30000"]' })
  expect(statements.slice(1).filter((_, n) => rest[n]!.refused === null)).toEqual([
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
  ])
  // All that has left the gateway are ranges of the object.
  expect(objects.requests.filter(({ headers }) => headers['if-match'] === undefined)).toEqual([])
})

it('the gateway gives nothing without its password, and only versions that are served', async () => {
  const { proxy, user, password } = remote.access
  const [host, port] = proxy.split(':')
  const status = (address: string, secret: string, method = 'HEAD', headers = {}) =>
    new Promise((resolve, reject) => {
      const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
      const asked = { host, port, path: address, method, headers: { 'proxy-authorization': authorization, ...headers } }
      request(asked, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
  expect(await status(path, password)).toBe(200)
  expect(await status(path, 'wrong')).toBe(407)
  expect(await status(`${objects.url}/squares-30000.parquet`, password)).toBe(404)
  expect(await status(path.replace(/(?<=invalid\/)\w+/, '0'.repeat(32)), password)).toBe(404)
  expect(await status(path, password, 'GET')).toBe(416)
  expect(await status(path, password, 'GET', { range: 'bytes=0-99999999999' })).toBe(416)
  expect(await status(path, password, 'PUT')).toBe(416)
})

it.runIf(process.platform === 'linux')('the kernel refuses it every socket except TCP over IPv4', async () => {
  const program = join(folder, 'sockets.mjs')
  await writeFile(
    program,
    `import dgram from 'node:dgram'; import net from 'node:net'; import { once } from 'node:events'
    const { refuseSockets } = await import(${JSON.stringify(join(ROOT, 'src/engines/duckdb/processes/query/no-network.ts'))})
    const tcp = (options) => new Promise((done) => { const s = net.connect(options, () => { s.destroy(); done('open') }); s.on('error', ({ code }) => done(code)) })
    const udp = (type) => new Promise((done) => { const s = dgram.createSocket(type).bind(0, () => { s.close(); done('open') }); s.on('error', ({ code }) => done(code)) })
    const all = async () => [await tcp({ port: ${new URL(objects.url).port}, host: '127.0.0.1' }), await tcp({ port: 1, host: '::1' }), await tcp({ path: '/nowhere' }), await udp('udp4')]
    const before = await all(); const can = refuseSockets(true); const after = await all(); refuseSockets(); const closed = await all()
    console.log(JSON.stringify({ can, before, after, closed }))`,
  )
  const { can, before, after, closed } = (await run(program, null)) as Record<string, unknown>
  expect(can).toBe(true)
  expect(before).toEqual(['open', expect.not.stringMatching(/^EACCES$/), 'ENOENT', 'open'])
  expect(after).toEqual(['open', 'EACCES', 'EACCES', 'EACCES'])
  expect(closed).toEqual(['EACCES', 'EACCES', 'EACCES', 'EACCES'])
})
