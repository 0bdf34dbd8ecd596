/** Servers with a Spark whose executors are separate processes. Something ends in the middle of a gathering: the answer is whole, or a code. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdir, readdir, rm, stat, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { type Answer, ask } from '../../support/graphql.ts'
import { procFile } from '../../support/proc.ts'
import type { TestServer } from '../../support/server.ts'
import { type Spark, startSpark } from '../../support/spark.ts'
import { EventSource } from '../server/event-source.ts'
import { directServer, gatheringServer } from './gathering-server.ts'
import { gatherSlowly } from './slowly.ts'

const PATIENCE = { timeout: 60_000, interval: 50 }

let spark: Spark
let direct: TestServer
let place: { readonly address: string; readonly folder: string }
let folders = 0
const servers: TestServer[] = []
/** The address of Spark's own status. */
let status: string

beforeAll(async () => {
  const port = await freePort()
  status = `http://127.0.0.1:${port}/api/v1/applications`
  const settings = { 'spark.ui.enabled': 'true', 'spark.ui.port': String(port), 'spark.ui.showConsoleProgress': 'false' }
  ;[spark, direct] = await Promise.all([startSpark(settings, 'local-cluster[2,1,1024]'), directServer()])
})

afterAll(async () => {
  await direct?.close()
  await spark?.stop()
})

beforeEach(async () => {
  place = { address: spark.address, folder: join(spark.folder, `place-${++folders}`) }
  await mkdir(place.folder)
})

afterEach(async () => {
  gatherSlowly(0)
  for (const server of servers.splice(0)) await server.close()
})

async function open(config: Parameters<typeof gatheringServer>[1] = {}): Promise<TestServer> {
  const server = await gatheringServer(place, { names: ['words'], ...config })
  servers.push(server)
  return server
}

const PAGE = '{ features(layer: "words", first: 900, where: { property: { name: "n", gte: 3 } }) { features { id properties } } }'

const page = (server: { readonly url: string }) => ask(server, PAGE)

/** Names in the folder of the engine, except the folder of names for workers. */
async function leftIn(folder = join(place.folder, 'results')): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('geoduck-kept-'))
}

/** One result set: its manifest and its files. */
const ONE_RESULT_SET = [expect.stringMatching(/^[\da-f]{64}-[\da-f-]{36}$/), expect.stringMatching(/^[\da-f]{64}\.json$/)]

/** Active tasks of the jobs that Spark runs now. */
async function activeTasks(): Promise<readonly number[]> {
  const [{ id }] = (await (await fetch(status)).json()) as [{ id: string }]
  const jobs = (await (await fetch(`${status}/${id}/jobs?status=running`)).json()) as { numActiveTasks: number }[]
  return jobs.map(({ numActiveTasks }) => numActiveTasks)
}

/** Resolves when Spark has tasks. */
const gathering = () => expect.poll(async () => Math.max(0, ...(await activeTasks())), PATIENCE).toBeGreaterThan(0)

/** Resolves when Spark works on nothing. */
const idle = () => expect.poll(activeTasks, PATIENCE).toEqual([])

/** Processes below `pid` whose command line has the text. */
function processesOf(pid: number | 'self', text: string): number[] {
  return globSync(`/proc/${pid}/task/*/children`)
    .flatMap((file) => procFile(file).split(' ').filter(Boolean).map(Number))
    .filter((child) => procFile(`/proc/${child}/cmdline`).includes(text))
}

function unavailable({ data, errors }: Answer<unknown>): void {
  expect(data ?? null).toBeNull()
  expect(errors).toMatchObject([{ extensions: { code: 'ENGINE_UNAVAILABLE', retry: true, retryAfter: expect.any(Number) } }])
  expect(JSON.stringify(errors)).not.toMatch(/SELECT|\/tmp|part-|Exception/)
}

it('an executor: the answer is whole', async () => {
  const server = await open()
  gatherSlowly(50_000)
  const answer = page(server)
  await gathering()
  const executors = processesOf(spark.pid, 'CoarseGrainedExecutorBackend')
  expect(executors).toHaveLength(2)
  process.kill(executors[0]!, 'SIGKILL')
  expect(await answer).toEqual(await page(direct))
  expect(await leftIn()).toEqual(ONE_RESULT_SET)
})

it('the process of the connection: a code, Spark stops, and the next answer is whole', async () => {
  const server = await open()
  gatherSlowly(100_000_000)
  const answer = page(server)
  await gathering()
  const [connection] = processesOf('self', 'spark/processes/connection')
  process.kill(connection!, 'SIGKILL')
  unavailable(await answer)
  await idle()
  gatherSlowly(0)
  expect(await page(server)).toEqual(await page(direct))
})

it('a server: another one with the same folder removes what it has left, and its answer is whole', async () => {
  const killed = fork(join(import.meta.dirname, 'slow-server.ts'), [place.address, place.folder], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  try {
    const [url] = await once(killed.stdout!, 'data')
    const answer = page({ url: String(url).trim() }).catch(() => null)
    await gathering()
    killed.kill('SIGKILL')
    expect(await answer).toBeNull()
  } finally {
    killed.kill('SIGKILL')
  }
  await idle()
  const [left] = await leftIn()
  // Nobody has touched it for long.
  await utimes(join(place.folder, 'results', left!), 0, 0)
  const other = await open({ engine: { keepSeconds: 1 } })
  await expect.poll(() => leftIn(), PATIENCE).toEqual([])
  expect(await page(other)).toEqual(await page(direct))
})

it('a client that leaves: Spark stops, and nothing is left over', async () => {
  const server = await open()
  gatherSlowly(100_000_000)
  const stream = EventSource.open(server, 'subscription { featureBatches(layer: "words") { count } }')
  await gathering()
  ;(await stream).leave()
  await idle()
  await expect.poll(() => leftIn(), PATIENCE).toEqual([])
})

it('two servers that gather the same at the same time have one result set', async () => {
  const racing = [await open(), await open()]
  gatherSlowly(20_000)
  const [expected, ...answers] = await Promise.all([direct, ...racing].map(page))
  expect(answers).toEqual([expected, expected])
  expect(await leftIn()).toEqual(ONE_RESULT_SET)
})

it('a file that is cut short is gathered again', async () => {
  const [server, other] = [await open(), await open()]
  const expected = await page(direct)
  expect(await page(server)).toEqual(expected)
  for (const file of globSync(join(place.folder, 'results/*/rows/part-*.parquet')))
    await truncate(file, Math.floor((await stat(file)).size / 2))
  expect(await page(server)).toEqual(expected)
  expect(await page(other)).toEqual(expected)
  expect(await leftIn()).toHaveLength(3)
})

it('a full disk: a code, and nothing is left over', async () => {
  const disk = join(place.folder, 'results')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk], { stdio: 'pipe' })
  } catch (error) {
    console.warn(`NOT TESTED: a full disk, for none can be mounted here (it takes root): ${error}`)
    return
  }
  try {
    const server = await open({ names: ['edges', 'points'] })
    unavailable(await ask(server, '{ features(layer: "points", first: 10000) { features { id } } }'))
    await expect.poll(() => leftIn(), PATIENCE).toEqual([])
    const few = '{ features(layer: "edges", first: 5) { features { id } } }'
    // Tasks of the attempt that failed may still write for a moment.
    const expected = await ask(direct, few)
    await expect.poll(() => ask(server, few), PATIENCE).toEqual(expected)
    await expect.poll(() => leftIn(), PATIENCE).toEqual(ONE_RESULT_SET)
  } finally {
    for (const server of servers.splice(0)) await server.close()
    execFileSync('umount', ['--lazy', disk])
    await rm(disk, { recursive: true, force: true })
  }
})

it('the Connect server: a code with the cursor in a stream that has begun, and nothing is left over', async () => {
  const server = await open()
  const stream =
    'subscription ($after: Cursor) { featureBatches(layer: "words", batchSize: 100, after: $after) { cursor count } }'
  const begun = await EventSource.open(server, stream)
  const { data } = await begun.next()
  begun.leave()
  const { cursor: after } = data!.data!['featureBatches'] as { cursor: string }
  gatherSlowly(100_000_000)
  for (const name of await leftIn()) await rm(join(place.folder, 'results', name), { recursive: true })
  const [answer, resumed] = [page(server), EventSource.open(server, stream, { after })]
  await gathering()
  process.kill(spark.pid, 'SIGKILL')
  unavailable(await answer)
  const { data: end } = await (await resumed).next()
  expect(end!.errors).toMatchObject([{ extensions: { code: 'ENGINE_UNAVAILABLE', cursor: after } }])
  await expect.poll(() => leftIn(), PATIENCE).toEqual([])
})
