/** Several processes on one store: one server writes, others and the commands read. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksOf } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { DELETE, processesOf, UPSERT } from '../../support/live.ts'
import { runProgram } from '../../support/program.ts'
import { runProxy } from '../../support/proxies.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { createLayer, lines, put } from '../../support/upload.ts'

interface Running {
  readonly process: Launched
  readonly url: string
}

let folder: string
let environment: Readonly<Record<string, string>>
let writer: Running
let follower: Running
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, GEODUCK_CACHE_DIRECTORY: join(folder, 'cache') }
  writer = await start('--writes')
  await createLayer(writer, 'cars', { n: 'INTEGER' })
  follower = await start()
}, 60_000)
afterAll(async () => {
  for (const { process: launched } of [writer, follower]) {
    process.kill(launched.pid, 'SIGTERM')
    await launched.ended
  }
  await rm(folder, { recursive: true })
})

const MAIN = join(ROOT, 'src/main.ts')

async function start(...flags: readonly string[]): Promise<Running> {
  const args = [
    MAIN,
    '--live',
    join(folder, 'live'),
    '--port',
    '0',
    '--log-level',
    'error',
    '--cursor-secret',
    'a secret for tests',
    ...flags,
  ]
  const launched = launch(process.execPath, args, { cwd: folder, environment })
  return { process: launched, url: (await launched.line(/^ready (\S+)$/))[1]! }
}

async function command(...args: readonly string[]) {
  const { code, stdout, stderr } = await runProgram(process.execPath, [MAIN, ...args, '--live', join(folder, 'live')], {
    environment,
    cwd: folder,
  })
  return { code, output: stdout + stderr }
}

const upsert = (key: string, n: number) => ask(writer, UPSERT, { layer: 'cars', features: [{ key, properties: { n } }] })

async function rows(of: Running): Promise<unknown> {
  const query = '{ features(layer: "cars", orderBy: [{ property: "n" }]) { totalCount features { key properties } } }'
  const { data, errors } = await ask<{ features: unknown }>(of, query)
  return data?.features ?? errors
}

const ofCars = (...keys: readonly (readonly [key: string, n: number])[]) => ({
  totalCount: String(keys.length),
  features: keys.map(([key, n]) => ({ key, properties: { n } })),
})

test('a server without --writes has no writer, follows each commit, and refuses mutations', { timeout: 60_000 }, async () => {
  expect(processesOf(follower.process.pid, 'live/writer')).toEqual([])
  const client = createClient({ url: `${follower.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  const events: unknown[] = []
  const query = 'subscription { changes(layer: "cars") { __typename ... on ChangeBatch { added { features { key } } removed } } }'
  const reading = (async () => {
    for await (const { data } of client.iterate<{ changes: { __typename: string } }>({ query })) {
      if (data!.changes.__typename !== 'Heartbeat') events.push(data!.changes)
    }
  })()
  await expect.poll(() => events.at(-1), { timeout: 20_000 }).toEqual({ __typename: 'UpToDate' })
  await upsert('a', 1)
  await expect.poll(() => rows(follower), { timeout: 20_000 }).toEqual(ofCars(['a', 1]))
  await upsert('b', 2)
  await expect.poll(() => rows(follower), { timeout: 20_000 }).toEqual(ofCars(['a', 1], ['b', 2]))
  await ask(writer, DELETE, { layer: 'cars', keys: ['a'] })
  await expect.poll(() => rows(follower), { timeout: 20_000 }).toEqual(ofCars(['b', 2]))
  const changes = () => events.flatMap((event) => (event as { added?: { features: object[] }; removed?: string[] }).removed ?? [])
  await expect.poll(changes, { timeout: 20_000 }).toEqual(['a'])
  await client.dispose()
  await reading

  const refused = await ask(follower, UPSERT, { layer: 'cars', features: [{ key: 'c' }] })
  expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' }, message: expect.stringContaining('--writes') }])
  expect((await put(follower, 'cars', lines(0, 1))).status).toBe(403)
  expect(await rows(writer)).toEqual(ofCars(['b', 2]))
})

test('a new layer appears at a follower with its typed fields', { timeout: 60_000 }, async () => {
  await createLayer(writer, 'buses', { line: 'VARCHAR' })
  await ask(writer, UPSERT, { layer: 'buses', features: [{ key: 'x', properties: { line: '7' } }] })
  const read = async () => (await ask(follower, '{ buses { features { key line } } }')).data
  await expect.poll(read, { timeout: 20_000 }).toEqual({ buses: { features: [{ key: 'x', line: '7' }] } })
})

test('a second server with --writes ends, and so does one without where no store is', { timeout: 60_000 }, async () => {
  const args = [MAIN, '--live', join(folder, 'nothing'), '--port', '0']
  const [second, lost] = await Promise.all([
    command('--writes', '--port', '0'),
    runProgram(process.execPath, args, { environment, cwd: folder }),
  ])
  const message = `process ${writer.process.pid} writes to it; stop that first, or start a server without --writes, which reads it`
  expect(second).toEqual({ code: 1, output: expect.stringContaining(message) })
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('has no live layers yet: start a server with --writes')])
})

test('export, explain and schema read live layers while a server writes', { timeout: 60_000 }, async () => {
  const where = '{"property": {"name": "line", "eq": "7"}}'
  const [exported, explained, printed] = await Promise.all([
    command('export', '--layer', 'buses', '--out', 'buses.geojson'),
    command('explain', 'buses', '--analyze', '--where', where),
    command('schema', '--writes'),
  ])
  expect(exported).toEqual({ code: 0, output: expect.stringContaining('exported 1 features of buses') })
  const { features } = JSON.parse(await readFile(join(folder, 'buses.geojson'), 'utf8'))
  expect(features).toEqual([{ type: 'Feature', id: 'x', geometry: null, properties: { line: '7' } }])
  expect(explained.code).toBe(0)
  expect(explained.output).toMatch(/^layer +buses, 1 features, READY$/m)
  expect(explained.output).toContain('The engine has run it')
  expect(printed.output).toMatch(/^ {2}buses\($/m)
  expect(printed.output).toContain('upsertBuses')
})

interface Change {
  readonly __typename: string
  readonly token: string
  readonly added?: { readonly features: readonly { readonly key: string }[] }
}

/** The events after `since`, up to the first `UpToDate`. */
async function changesOf({ url }: { url: string }, since: string | null): Promise<readonly Change[]> {
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  const query = `subscription ($since: Cursor) { changes(layer: "cars", since: $since) { __typename
    ... on Reset { token } ... on SnapshotBatch { token } ... on UpToDate { token } ... on Heartbeat { token }
    ... on ChangeBatch { token added { features { key } } } } }`
  const events: Change[] = []
  for await (const { data } of client.iterate<{ changes: Change }>({ query, variables: { since } })) {
    events.push(data!.changes)
    if (data!.changes.__typename === 'UpToDate') break
  }
  await client.dispose()
  return events
}

test('a token of one server continues on the other, which may not have seen its version yet', { timeout: 60_000 }, async () => {
  let { token } = (await changesOf(writer, null)).at(-1)!
  for (const [n, server] of [follower, writer, follower, writer, follower].entries()) {
    await upsert(`token ${n}`, 100 + n)
    const events = await changesOf(writer, token)
    expect(events.map(({ __typename }) => __typename)).toEqual(['ChangeBatch', 'UpToDate'])
    expect(events[0]!.added!.features).toEqual([{ key: `token ${n}` }])
    token = events.at(-1)!.token
    expect((await changesOf(server, token)).map(({ __typename }) => __typename)).toEqual(['UpToDate'])
  }
  await ask(writer, DELETE, { layer: 'cars', keys: [0, 1, 2, 3, 4].map((n) => `token ${n}`) })
})

test.runIf(existsSync('/usr/bin/caddy'))(
  'the proxy of docs/scale.md sends writes to the server that takes them',
  { timeout: 60_000 },
  async () => {
    const { text } = blocksOf('docs/scale.md').findLast(({ language }) => language === 'caddy')!
    const address = ({ url }: Running) => new URL(url).host
    const proxy = await runProxy(
      'caddy',
      text.replaceAll('writer:4000', address(writer)).replaceAll('follower:4000', address(follower)),
    )
    try {
      // Each read may be answered by either of them.
      for (let n = 0; n < 6; n++) {
        const written = await ask({ url: `${proxy.url}/write` }, UPSERT, { layer: 'cars', features: [{ key: `proxy ${n}` }] })
        expect(written.data).toMatchObject({ upsertFeatures: { written: 1 } })
        const read = async () => (await ask(proxy, `{ feature(layer: "cars", id: "proxy ${n}") { key } }`)).data
        await expect.poll(read, { timeout: 20_000 }).toEqual({ feature: { key: `proxy ${n}` } })
      }
      expect((await put({ url: proxy.url }, 'cars', lines(1, 3))).status).toBe(200)
    } finally {
      await proxy.close()
      await ask(writer, DELETE, { layer: 'cars', keys: ['k1', 'k2', ...[0, 1, 2, 3, 4, 5].map((n) => `proxy ${n}`)] })
    }
  },
)

test('a follower reads on over a compaction and over the end of the writing server', { timeout: 120_000 }, async () => {
  const page = async (after: string | null) => {
    const query = `query ($after: Cursor) { features(layer: "cars", first: 5000, after: $after, orderBy: [{ property: "n" }]) { features { key } pageInfo { hasNextPage endCursor } } }`
    const { data } = await ask<{
      features: { features: { key: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }>(follower, query, { after })
    return data!.features
  }
  const count = async () =>
    (await ask<{ layer: { featureCount: string } }>(follower, '{ layer(name: "cars") { featureCount } }')).data!.layer
      .featureCount
  await put(writer, 'cars', lines(10, 10_010), { upload: 'a' })
  await expect.poll(count, { timeout: 20_000 }).toBe('10001')
  const first = await page(null)
  // 20,000 changes make a base.
  await put(writer, 'cars', lines(10_010, 20_110), { upload: 'b' })
  const bases = async () => (await readdir(join(folder, 'live'))).filter((name) => name.endsWith('.duckdb')).length
  await expect.poll(bases, { timeout: 60_000 }).toBe(1)
  await expect.poll(count, { timeout: 20_000 }).toBe('20101')
  // The second page is of the version of the first.
  const second = await page(first.pageInfo.endCursor)
  const keys = [...first.features, ...second.features].map(({ key }) => key)
  expect([keys.length, new Set(keys).size]).toEqual([10_000, 10_000])
  expect([(await page(second.pageInfo.endCursor)).features.length]).toEqual([1])

  process.kill(writer.process.pid, 'SIGKILL')
  await writer.process.ended
  expect((await page(null)).features).toHaveLength(5_000)
  writer = await start('--writes')
  await upsert('after', -1)
  await expect.poll(async () => (await page(null)).features[0], { timeout: 20_000 }).toEqual({ key: 'after' })
})
