/** GeoParquet objects of an HTTP server as sources: the same answers as from the files, or an error, for every fault of the server. */
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ask, checked } from '../../support/graphql.ts'
import { type Fault, type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { ROWS, squares } from '../../support/pool.ts'
import { serve, type TestServer } from '../../support/server.ts'

const NAME = `squares-${ROWS}`
const BOX = 'where: { bbox: [5, 5, 9, 9] }'

let folder: string
let objects: ObjectServer
let url: string
let local: TestServer
let remote: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-remote-'))
  await copyFile(await squares(), join(folder, `${NAME}.parquet`))
  objects = await serveObjects(folder)
  url = `${objects.url}/${NAME}.parquet`
  local = await serve([join(folder, `${NAME}.parquet`)])
  remote = await serve([`${url}?signature=s3cr3t`])
  await Promise.all([checked(local), checked(remote)])
})
afterEach(() => {
  objects.fault = () => null
})
afterAll(async () => {
  await Promise.all([local?.close(), remote?.close()])
  await objects?.close()
  await rm(folder, { recursive: true })
})

const download = async (server: TestServer, query = '') => {
  const response = await fetch(`${server.url}/download/${NAME}.geojsonl${query}`)
  return await response.text()
}

it('a layer of an object is the layer of the same file, with the same fingerprint', async () => {
  const query = `{ layers { name fingerprint featureCount crs { code } geometryTypes state pruning check { invalid } }
    features(layer: "${NAME}", first: 100, ${BOX}) { totalCount features { key geometry properties } pageInfo { endCursor } } }`
  const [there, here] = [await ask(remote, query), await ask(local, query)]
  expect(there).toEqual(here)
  expect(there).toMatchObject({ data: { layers: [{ state: 'READY' }], features: { totalCount: '60' } } })
})

it('a small box reads a small part', async () => {
  objects.requests.length = 0
  objects.bytes = 0
  await ask(remote, `{ features(layer: "${NAME}", first: 10, ${BOX}) { count } }`)
  expect(objects.requests.length).toBeLessThan(20)
  // The squares are in no order that suits a box: its rows are in four of ten row groups.
  expect(objects.bytes).toBeLessThan(4e6)
})

it('with --remote-cache, the same query of another worker reads nothing again, within the limit', async () => {
  const query = `{ features(layer: "${NAME}", first: 10, ${BOX}) { features { key geometry } } }`
  const expected = await ask(local, query)
  for (const [remoteCacheBytes, isKept] of [
    [64e6, true],
    [1e6, false],
  ] as const) {
    const server = await serve([url], { remoteCacheBytes, workers: 2 })
    try {
      await checked(server)
      expect(await ask(server, query)).toEqual(expected)
      objects.requests.length = 0
      for (let n = 0; n < 6; n++) expect(await ask(server, query)).toEqual(expected)
      expect(objects.requests.filter(({ range }) => range !== 'bytes=0-3').length === 0).toBe(isKept)
    } finally {
      await server.close()
    }
  }
})

it('a page continues after a cursor of the file, on the object', async () => {
  const page = (after: string | null) =>
    `{ features(layer: "${NAME}", first: 5, after: ${JSON.stringify(after)}) { features { key } pageInfo { endCursor } } }`
  type Page = { features: { features: { key: string }[]; pageInfo: { endCursor: string } } }
  const { data } = await ask<Page>(local, page(null))
  const next = await ask<Page>(remote, page(data!.features.pageInfo.endCursor))
  expect(next.data!.features.features.map(({ key }) => key)).toEqual(['5', '6', '7', '8', '9'])
})

it('a server that fails one request of five costs no row', async () => {
  const faults: readonly Fault[] = ['DROPPED', 'CUT', 'SHORT', 'SHIFTED', 'WHOLE', 'BUSY', 'LONG']
  let n = 0
  let failed = 0
  objects.fault = () => (n++ % 5 === 4 ? faults[failed++ % faults.length]! : null)
  const expected = await download(local)
  while (failed < 2 * faults.length) expect(await download(remote)).toBe(expected)
})

it('a server whose every answer is wrong ends a query with a code', async () => {
  objects.fault = () => 'SHIFTED'
  const { errors } = await ask(remote, `{ features(layer: "${NAME}", first: 10, ${BOX}) { geojson } }`)
  expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['SOURCE_UNREADABLE'])
  expect(JSON.stringify(errors)).not.toContain('127.0.0.1')
})

it.each<Fault>(['SILENT', 'STALLED'])(
  'a server that is %s for 30 s does not hold a query beyond its deadline',
  { timeout: 60_000 },
  async (fault) => {
    objects.fault = () => fault
    const began = performance.now()
    const { errors } = await ask(remote, `{ features(layer: "${NAME}", first: 10, deadline: 2, ${BOX}) { geojson } }`)
    expect(performance.now() - began).toBeLessThan(6_000)
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['DEADLINE_EXCEEDED'])
    objects.fault = () => null
    expect(await ask(remote, `{ features(layer: "${NAME}", first: 10) { count } }`)).toEqual({
      data: { features: { count: 10 } },
    })
  },
)

it('no query string of an address is shown or logged', async () => {
  const { data } = await ask(remote, '{ layers { name longName title description } health { problems { source reason } } }')
  expect(JSON.stringify(data)).not.toContain('s3cr3t')
})

/** Reads a stream until it fails, and calls `then` after each batch. */
async function streamed(server: TestServer, layer: string, after: (rows: number) => Promise<void>) {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const query = `subscription { featureBatches(layer: "${layer}", batchSize: 1000) { features { key properties } cursor } }`
  type Data = { featureBatches: { features: { key: string; properties: { name: string } }[]; cursor: string } }
  const names: string[] = []
  let [cursor, code]: (string | null)[] = [null, null]
  try {
    for await (const { data, errors } of client.iterate<Data>({ query })) {
      code ??= (errors?.[0]?.extensions?.['code'] as string) ?? null
      if (!data) continue
      names.push(...data.featureBatches.features.map(({ properties }) => properties.name))
      cursor = data.featureBatches.cursor
      await after(names.length)
    }
  } catch (error) {
    code ??= ((error as { extensions?: { code: string } }[])[0]?.extensions?.code as string) ?? String(error)
  } finally {
    await client.dispose()
  }
  return { names, cursor, code }
}

it('an object that is replaced under a stream ends it with a code, after rows of one version only', async () => {
  await mkdir(join(folder, 'changing'))
  const file = join(folder, 'changing/changing.parquet')
  await copyFile(join(folder, `${NAME}.parquet`), file)
  const server = await serve([`${objects.url}/changing/changing.parquet`])
  try {
    await checked(server)
    const other = await squares(30_000)
    const { names, cursor, code } = await streamed(server, 'changing', async (rows) => {
      if (rows !== 5_000) return
      await copyFile(other, `${file}.new`)
      await rename(`${file}.new`, file)
    })
    expect(names.length).toBeLessThan(ROWS)
    expect(names).toEqual(names.map((_, n) => `square ${n}`))
    expect(code).toBe('CURSOR_EXPIRED')
    // The new version is served, and does not take the cursor of the old one.
    const page = `{ features(layer: "changing", first: 3, after: ${JSON.stringify(cursor)}) { count } }`
    const codes: unknown[] = []
    for (let n = 0; n < 100 && codes.at(-1) !== 'CURSOR_EXPIRED'; n++) {
      codes.push((await ask(server, page)).errors?.[0]?.extensions['code'])
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(codes.at(-1)).toBe('CURSOR_EXPIRED')
    const { data } = await ask(
      server,
      '{ layer(name: "changing") { fingerprint } features(layer: "changing", first: 1) { totalCount } }',
    )
    expect(data).toMatchObject({ features: { totalCount: '30000' } })
  } finally {
    await server.close()
  }
})

it('a server that sends another version in spite of the condition ends a stream with a code', async () => {
  const { names, code } = await streamed(remote, NAME, async (rows) => {
    if (rows === 5_000) objects.fault = () => 'OTHER_VERSION'
  })
  expect(names.length).toBeLessThan(ROWS)
  expect(names).toEqual(names.map((_, n) => `square ${n}`))
  expect(code).toBe('SOURCE_UNREADABLE')
})

it('with --watch a new version, and an object that is gone, are noticed without a query', async () => {
  await mkdir(join(folder, 'watched'))
  const file = join(folder, 'watched/watched.parquet')
  await copyFile(await squares(30_000), file)
  const server = await serve([`${objects.url}/watched/watched.parquet`, join(folder, `${NAME}.parquet`)], { watch: true })
  const until = async (holds: (text: string) => boolean) => {
    for (let n = 0; n < 300; n++) {
      const text = JSON.stringify(await ask(server, '{ layers { name featureCount } health { problems { source reason } } }'))
      if (holds(text)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('it was not noticed')
  }
  try {
    await checked(server)
    await copyFile(join(folder, `${NAME}.parquet`), `${file}.new`)
    await rename(`${file}.new`, file)
    await until((text) => text.includes(`"watched","featureCount":"${ROWS}"`))
    await rm(file)
    await until((text) => text.includes('there is no such object'))
  } finally {
    await server.close()
  }
})

it('what cannot be served is a problem that says why', async () => {
  objects.fault = () => null
  const { host } = new URL(objects.url)
  const server = await serve([
    url,
    `${objects.url}/absent.parquet?sig=s3cr3t`,
    `http://reader:s3cr3t@${host}/a.parquet`,
    `${objects.url}/part-*.parquet`,
    'http://169.254.169.254/latest.parquet',
  ])
  try {
    const { data } = await ask<{ health: { problems: { source: string; reason: string }[] } }>(
      server,
      '{ health { problems { source reason } } }',
    )
    const { problems } = data!.health
    expect(problems.map(({ source, reason }) => `${source}: ${reason.split(/[,:]/)[0]}`).toSorted()).toEqual([
      'a.parquet: its address holds a name or a password',
      'absent.parquet: there is no such object',
      'latest.parquet: its address is link-local',
      'part-*.parquet: an address of the web is no pattern',
    ])
    expect(JSON.stringify(problems)).not.toContain('s3cr3t')
  } finally {
    await server.close()
  }
})
