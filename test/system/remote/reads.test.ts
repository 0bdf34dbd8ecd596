/** `execution` says what it has read from other machines. Compared with what the server of the objects has sent. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { ROWS, squares } from '../../support/pool.ts'
import { runProgram } from '../../support/program.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const FIELDS = 'execution { remoteRequests remoteBytes remoteCacheHits }'
const NOTHING = { remoteRequests: 0, remoteBytes: '0', remoteCacheHits: 0 }

interface Reads {
  readonly remoteRequests: number
  readonly remoteBytes: string
  readonly remoteCacheHits: number
}

let folder: string
let objects: ObjectServer
let server: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-reads-'))
  const file = join(folder, 'north.parquet')
  const flags = ['--layer', `squares-${ROWS}`, '--out', file, '--spatial-extension', SPATIAL_EXTENSION]
  const { code, stderr } = await runProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'export', await squares(), ...flags])
  expect(code, stderr).toBe(0)
  for (const name of ['south', 'here']) await copyFile(file, join(folder, `${name}.parquet`))
  objects = await serveObjects(folder)
  server = await serve([...['north', 'south'].map((name) => `${objects.url}/${name}.parquet`), join(folder, 'here.parquet')])
  await checked(server)
})
beforeEach(() => {
  objects.requests.length = 0
})
afterEach(() => {
  objects.fault = () => null
})
afterAll(async () => {
  await server?.close()
  await objects?.close()
  await rm(folder, { recursive: true })
})

/** Returns what the server of the objects has sent of this one. The checks whether it has changed do not count. */
function sent(name: string): Pick<Reads, 'remoteRequests' | 'remoteBytes'> {
  const reads = objects.requests.filter(({ path, range }) => path === `/${name}.parquet` && range !== 'bytes=0-3')
  return { remoteRequests: reads.length, remoteBytes: String(reads.reduce((sum, { bytes }) => sum + bytes, 0)) }
}

const total = (reads: readonly Reads[]) => ({
  remoteRequests: reads.reduce((sum, { remoteRequests }) => sum + remoteRequests, 0),
  remoteBytes: String(reads.reduce((sum, { remoteBytes }) => sum + Number(remoteBytes), 0)),
})

/** A page of the squares in 4 by 4 degrees. */
async function box(at: TestServer, layer: string, [x, y]: readonly number[] = [5, 5]): Promise<Reads> {
  const query = `{ features(layer: "${layer}", first: 100, where: { bbox: [${x}, ${y}, ${x! + 4}, ${y! + 4}] }) { features { key geometry } ${FIELDS} } }`
  const { data, errors } = await ask<{ features: { features: unknown[]; execution: Reads } }>(at, query)
  expect(errors).toBeUndefined()
  expect(data!.features.features.length).toBeGreaterThan(40)
  return data!.features.execution
}

it('a small box of a sorted object with 25 row groups costs few requests and bytes, and nothing when asked again', async () => {
  const kept = await serve([`${objects.url}/north.parquet`], { remoteCacheBytes: 64e6 })
  try {
    await checked(kept)
    objects.requests.length = 0
    const reads = await box(kept, 'north')
    expect(reads).toMatchObject(sent('north'))
    expect(reads.remoteRequests).toBeLessThanOrEqual(12)
    expect(Number(reads.remoteBytes)).toBeLessThan(400_000)
    const { remoteCacheHits, ...again } = await box(kept, 'north')
    expect(again).toEqual({ remoteRequests: 0, remoteBytes: '0' })
    expect(remoteCacheHits).toBeGreaterThan(0)
  } finally {
    await kept.close()
  }
})

it('a layer of this machine reads nothing from others', async () => {
  expect(await box(server, 'here')).toEqual(NOTHING)
  const counted = await ask(server, `{ features(layer: "north") { totalCount ${FIELDS} } }`)
  expect(counted).toMatchObject({ data: { features: { execution: { remoteCacheHits: 0 } } } })
})

it('executions that run at the same time count only their own reads', async () => {
  const places = [...Array(12).keys()].map((n) => [10 * n - 60, 5 * n - 40])
  const [north, south] = await Promise.all(
    ['north', 'south'].map((layer, n) => Promise.all(places.slice(3 * n).map((place) => box(server, layer, place)))),
  )
  expect(total(north!)).toEqual(sent('north'))
  expect(total(south!)).toEqual(sent('south'))
  expect(north!.every(({ remoteRequests }) => remoteRequests > 0)).toBe(true)
})

it('requests that are repeated count', async () => {
  let n = 0
  objects.fault = () => (n++ % 3 === 1 ? 'DROPPED' : null)
  const reads = await box(server, 'north', [100, 40])
  expect(reads).toMatchObject(sent('north'))
  expect(objects.requests.some(({ bytes }) => bytes === 0)).toBe(true)
})

it('a stream reports its reads so far with each batch, also by a typed field', async () => {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const reads: Reads[] = []
  const query = `subscription { south(batchSize: 5000) { features { key } ${FIELDS} } }`
  try {
    for await (const { data, errors } of client.iterate<{ south: { execution: Reads } }>({ query })) {
      expect(errors).toBeUndefined()
      reads.push(data!.south.execution)
    }
  } finally {
    await client.dispose()
  }
  const bytes = reads.map(({ remoteBytes }) => Number(remoteBytes))
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
  expect(bytes[0]).toBeLessThan(bytes.at(-1)!)
  expect(reads.at(-1)).toMatchObject(sent('south'))
})

it('a download reports its reads in its trailer', async () => {
  const { request } = await import('node:http')
  const trailers = await new Promise<NodeJS.Dict<string>>((resolve, reject) => {
    request(`${server.url}/download/north.geojsonl?bbox=5,5,30,30`, (response) => {
      response.resume().on('end', () => resolve(response.trailers))
    })
      .on('error', reject)
      .end()
  })
  const { remoteRequests, remoteBytes } = JSON.parse(trailers['geoduck-execution']!)
  expect({ remoteRequests, remoteBytes: String(remoteBytes) }).toEqual(sent('north'))
})
