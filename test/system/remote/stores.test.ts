/** Stores with their own credentials, over TLS: two implementations of S3, and a web server that requires a token. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { S3Store } from '../../../src/catalog/stores/s3-store.ts'
import { type Authority, authority } from '../../support/certificates.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { descendants, type Launched, launch } from '../../support/launched.ts'
import { type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { runProgram } from '../../support/program.ts'
import { type S3Store as Moto, openFolderStore, openS3Store } from '../../support/s3-store.ts'
import { PLACES } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const REGION = 'eu-north-1'
const SECRETS = {
  OTHER_ID: 'an-other-id-0000',
  OTHER_SECRET: 'an-other-secret-1111',
  OTHER_SESSION: 'an-other-session-2222',
  WEB_TOKEN: 'a-web-token-3333',
  WEB_KEY: 'a-web-key-4444',
}

let folder: string
let ca: Authority
let moto: Moto
let depot: Awaited<ReturnType<typeof openFolderStore>>
let web: ObjectServer
let fronts: { readonly moto: Front; readonly depot: Front }
let environment: Record<string, string>
let server: Launched
let url: string

/** Ends TLS before a store, and keeps what it receives. */
interface Front {
  readonly url: string
  readonly received: () => string
  readonly server: Server
}

async function front(of: string, names: string): Promise<Front> {
  let received = ''
  const { hostname, port } = new URL(of)
  const listener = createServer(ca.certify(names), (socket) => {
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1')
    })
    const store = connect(Number(port), hostname)
    pipeline(socket, store, socket, () => {})
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return { url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`, received: () => received, server: listener }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-stores-'))
  ca = authority(folder)
  await mkdir(join(folder, 'buckets/depot/theme=a'), { recursive: true })
  await copyFile(PLACES, join(folder, 'buckets/depot/theme=a/part 1.parquet'))
  await copyFile(PLACES, join(folder, 'web.parquet'))
  ;[moto, depot, web] = await Promise.all([
    openS3Store(),
    openFolderStore(join(folder, 'buckets')),
    serveObjects(folder, ca.certify('IP:127.0.0.1')),
  ])
  await moto.put('land/land.parquet', PLACES)
  fronts = { moto: await front(moto.url, 'IP:127.0.0.1'), depot: await front(depot.url, 'IP:127.0.0.1') }
  web.required = { authorization: `Bearer ${SECRETS.WEB_TOKEN}`, 'x-api-key': SECRETS.WEB_KEY }
  environment = {
    ...SECRETS,
    LAND_ID: moto.id,
    LAND_SECRET: moto.secret,
    // Nobody has these. The configuration counts.
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'nothing',
    NODE_EXTRA_CA_CERTS: ca.file,
  }
  const stores = [
    {
      url: 's3://data/land',
      endpoint: fronts.moto.url,
      region: REGION,
      accessKeyId: '$LAND_ID',
      secretAccessKey: '$LAND_SECRET',
    },
    {
      url: 's3://depot',
      endpoint: fronts.depot.url,
      accessKeyId: '$OTHER_ID',
      secretAccessKey: '$OTHER_SECRET',
      sessionToken: '$OTHER_SESSION',
    },
    { url: web.url, token: '$WEB_TOKEN', headers: { 'X-Api-Key': '$WEB_KEY' } },
  ]
  const sources = ['s3://data/land/land.parquet', 's3://depot/*/*.parquet', `${web.url}/web.parquet`, `${web.url}/absent.parquet`]
  const config = { sources, stores, logLevel: 'trace', spatialExtension: SPATIAL_EXTENSION, cacheDirectory: 'cache', workers: 1 }
  await writeFile(join(folder, 'geoduck.json'), JSON.stringify(config))
  server = launch(process.execPath, [join(ROOT, 'src/main.ts'), '--port', '0'], { cwd: folder, environment })
  const [, address] = await server.line(/^ready (.*)/)
  url = address!
}, 120_000)
afterAll(async () => {
  if (server) process.kill(-server.pid, 'SIGKILL')
  await server?.ended
  moto?.close()
  depot?.close()
  for (const { server: listener } of Object.values(fronts ?? {})) listener.close()
  await web?.close()
  await rm(folder, { recursive: true })
})

const geoduck = (args: readonly string[], changes: Record<string, string> = {}) =>
  runProgram(process.execPath, [join(ROOT, 'src/main.ts'), ...args], { cwd: folder, environment: { ...environment, ...changes } })

it('each address is read with the credentials of its store', async () => {
  const { data } = await ask<Record<string, { totalCount: string }>>(
    { url },
    '{ land: features(layer: "land") { totalCount } depot: features(layer: "depot") { totalCount } web: features(layer: "web") { totalCount } }',
  )
  expect(Object.values(data!).map(({ totalCount }) => totalCount)).toEqual(['7343', '7343', '7343'])
  expect(fronts.moto.received()).toContain(`Credential=${moto.id}/`)
  expect(fronts.moto.received()).not.toContain('nobody')
  expect(fronts.depot.received()).toContain(`Credential=${SECRETS.OTHER_ID}/`)
  expect(fronts.depot.received()).toContain(SECRETS.OTHER_SESSION)
  // A token is sent to its own server only.
  const elsewhere = `${fronts.moto.received()}${fronts.depot.received()}`
  for (const secret of [SECRETS.WEB_TOKEN, SECRETS.WEB_KEY, SECRETS.OTHER_SECRET, moto.secret])
    expect(elsewhere).not.toContain(secret)
})

it('no secret is in what is printed, served or logged', async () => {
  const all = [
    await ask({ url }, '{ layers { name longName title description } health { problems { source reason } } }'),
    await ask({ url }, '{ features(layer: "web", first: 1) { geojson explain { sql } } }'),
    await ask({ url }, '{ features(layer: "web", first: 1, after: "x") { count } }'),
    ...(await Promise.all(['/health', '/metrics', '/ready'].map(async (path) => await (await fetch(`${url}${path}`)).text()))),
    await geoduck(['--print-config']),
    await geoduck(['config-schema']),
    await geoduck(['doctor', '--port', '0']),
    await geoduck(['explain', 'land', '--first', '3']),
    // The server of both has other credentials.
    await geoduck(['prepare'], { LAND_SECRET: SECRETS.OTHER_SECRET, WEB_TOKEN: 'a-wrong-token-5555' }),
    ...descendants(server.pid).map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1')),
    server.lines,
    server.stderr(),
  ].map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  const secrets = [...Object.values(SECRETS), moto.id, moto.secret, 'a-wrong-token-5555']
  expect(secrets.filter((secret) => all.some((text) => text.includes(secret)))).toEqual([])
  // All of them had something to say.
  expect(all[0]).toContain('absent.parquet')
  expect(all[6]).toContain('$LAND_SECRET')
  expect(all[8]).toContain('s3://data/land')
  expect(all[9]).toContain('land')
  expect(all[10]).toContain('status 401')
  expect(all[11]).toContain('UV_THREADPOOL_SIZE')
})

it('a redirect is refused, and the token stays where it was', async () => {
  const other = await serveObjects(folder)
  try {
    web.fault = () => 'REDIRECTED'
    web.elsewhere = other.url
    const { stdout } = await geoduck(['prepare', `${web.url}/web.parquet`])
    expect(stdout).toContain('its server redirects (status 302), which is not followed')
    expect(other.requests).toEqual([])
  } finally {
    web.fault = () => null
    await other.close()
  }
})

it('a certificate that is not accepted is a problem that says what to do, at once', async () => {
  const named = await serveObjects(folder, ca.certify('DNS:other.example.org'))
  try {
    const [unknown, other] = await Promise.all([
      geoduck(['prepare', `${web.url}/web.parquet`], { NODE_EXTRA_CA_CERTS: '' }),
      geoduck(['prepare', `${named.url}/web.parquet`]),
    ])
    expect(unknown.stdout).toContain(
      'web.parquet: the authority of its certificate is not known: name the file of its certificate in NODE_EXTRA_CA_CERTS',
    )
    expect(other.stdout).toContain('web.parquet: the certificate of its server is for another name')
    const list = await geoduck(['prepare', 's3://depot/*/*.parquet'], { NODE_EXTRA_CA_CERTS: '' })
    expect(list.stdout).toContain('the authority of its certificate is not known')
    expect(named.requests).toEqual([])
  } finally {
    await named.close()
  }
})

it('a slow network gives the same rows, and does not hold a query beyond its deadline', async () => {
  const query = (deadline: number) =>
    `{ features(layer: "web", first: 3, deadline: ${deadline}, where: { bbox: [5, 5, 9, 9] }) { geojson } }`
  const expected = await ask({ url }, query(20).replace('"web"', '"land"'))
  web.pace = { latencyMs: 200, bytesPerSecond: 20_000 }
  const fresh = launch(
    process.execPath,
    [join(ROOT, 'src/main.ts'), `${web.url}/web.parquet`, '--port', '0', '--remote-cache', '0B'],
    {
      cwd: folder,
      environment,
    },
  )
  try {
    const [, address] = await fresh.line(/^ready (.*)/)
    const late = await ask({ url: address! }, query(0.3))
    expect(late.errors?.map(({ extensions }) => extensions['code'])).toEqual(['DEADLINE_EXCEEDED'])
    web.pace = { latencyMs: 200, bytesPerSecond: 1e6 }
    expect(await ask({ url: address! }, query(30))).toEqual(expected)
  } finally {
    web.pace = null
    process.kill(-fresh.pid, 'SIGKILL')
    await fresh.ended
  }
})

describe.each(['moto', 'LocalBucket'])('the store %s', (name) => {
  let store: S3Store
  let bucket: string
  beforeAll(() => {
    Object.assign(process.env, { TEST_ID: moto.id, TEST_SECRET: moto.secret })
    bucket = name === 'moto' ? 's3://data' : 's3://depot'
    const endpoint = name === 'moto' ? moto.url : depot.url
    store = new S3Store({ url: bucket, endpoint, region: REGION, accessKeyId: '$TEST_ID', secretAccessKey: '$TEST_SECRET' })
  })

  it('takes one of many objects that are put at one place at once, and lists and gives it', async () => {
    const address = `${bucket}/made/key=a b/part (1)+2.parquet`.replaceAll(' ', '%20')
    const content = await readFile(PLACES)
    const files = Array.from({ length: 5 }, (_, n) => join(folder, `made-${n}`))
    // The same size, and another byte in the middle.
    await Promise.all(files.map((file, n) => writeFile(file, content.with(1_000, n))))
    const put = await Promise.all(files.map((file) => store.putIfAbsent(file, address)))
    expect(put.filter(Boolean)).toEqual([true])
    expect(await store.putIfAbsent(files[0]!, address)).toBe(false)
    const [listed, ...more] = await store.list(`${bucket}/made/`)
    expect(more).toEqual([])
    const version = await store.look(listed!)
    expect(version).toMatchObject({ bytes: content.length, etag: expect.stringMatching(/^".+"$/) })
    const pieces: Buffer[] = []
    for await (const piece of store.read(version, 0, content.length - 1)) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(content.with(1_000, put.indexOf(true)))).toBe(true)
  })

  it('says why it does not take an object', async () => {
    await expect(store.putIfAbsent(PLACES, 's3://absent/a.parquet')).rejects.toMatchObject({
      why: 'REFUSED',
      message: expect.stringMatching(/^its store does not take it \(NoSuchBucket\)/),
    })
  })
})

it('a store that ends the connection of those who come second is asked whether there is an object now', async () => {
  const asked: string[] = []
  const store = createHttpServer((req, res) => {
    asked.push(req.method!)
    if (req.method === 'PUT') return void res.destroy()
    res.writeHead(asked.includes('PUT') ? 200 : 404).end()
  })
  store.listen(0, '127.0.0.1')
  await once(store, 'listening')
  try {
    const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    expect(await new S3Store({ endpoint }).putIfAbsent(PLACES, 's3://data/a.parquet')).toBe(false)
    expect(asked).toEqual(['HEAD', 'PUT', 'HEAD'])
  } finally {
    store.closeAllConnections()
    store.close()
  }
})
