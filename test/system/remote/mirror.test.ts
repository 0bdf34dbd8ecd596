/** Copies of remote objects: they are complete or not used, are the same layer, and are served while their server is away. */
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ask, checked } from '../../support/graphql.ts'
import { type Fault, type ObjectServer, serveObjects } from '../../support/object-server.ts'
import { squares } from '../../support/pool.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 100_000
const PATIENCE = { timeout: 60_000, interval: 50 }

let folder: string
let objects: ObjectServer
let bytes: number
let local: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-mirror-'))
  const file = join(folder, 'land.parquet')
  await copyFile(await squares(ROWS), file)
  bytes = (await stat(file)).size
  objects = await serveObjects(folder)
  local = await serve([file])
})
afterEach(() => {
  objects.fault = () => null
})
afterAll(async () => {
  await local?.close()
  await objects?.close()
  await rm(folder, { recursive: true })
})

const mirroring = (cache: string, name = 'land') => {
  const url = `${objects.url}/${name}.parquet`
  return serve([url], { mirrors: [url], cacheDirectory: join(folder, cache), watch: true })
}

/** Ranges of a download: they continue to the end of the object. Engines read shorter ones there. */
const ofDownload = (range: string) => {
  const [from, to] = /^bytes=(\d+)-(\d+)$/.exec(range)?.slice(1).map(Number) ?? []
  return to === bytes - 1 && from! < bytes - 200_000 ? from! : null
}
const downloads = () => objects.requests.map(({ range }) => ofDownload(range)).filter((from) => from !== null)
const inDownloads = (fault: Fault) => (range: string) => (ofDownload(range) === null ? null : fault)

interface Answer {
  readonly layers: readonly { readonly name: string; readonly fingerprint: string; readonly featureCount: string | null }[]
  readonly health: {
    readonly preparations: readonly { readonly layer: string; readonly stage: string; readonly percent: number }[]
    readonly problems: readonly { readonly source: string; readonly reason: string }[]
  }
  readonly features: {
    readonly features: readonly { readonly key: string }[]
    readonly pageInfo: { readonly endCursor: string }
    readonly execution: { readonly remoteRequests: number }
  }
}

async function look(server: TestServer, after: string | null = null, layer = 'land'): Promise<Answer> {
  const query = `{ layers { name fingerprint featureCount } health { preparations { layer stage percent } problems { source reason } }
    features(layer: "${layer}", first: 10, after: ${JSON.stringify(after)}) {
      features { key geometry } pageInfo { endCursor } execution { remoteRequests } } }`
  const { data, errors } = await ask<Answer>(server, query)
  expect(errors).toBeUndefined()
  return data!
}

/** The files in a cache directory, whole or not. */
async function copiesIn(cache: string): Promise<string[]> {
  const prepared = join(folder, cache, 'prepared')
  const names = await readdir(prepared, { recursive: true })
  return names.filter((name) => name.endsWith('.parquet')).map((name) => join(prepared, name))
}

/** Waits until the copy is served. */
async function copied(server: TestServer, layer = 'land'): Promise<Answer> {
  await expect.poll(async () => (await look(server, null, layer)).features.execution.remoteRequests, PATIENCE).toBe(0)
  return await look(server, null, layer)
}

it('is read where it is until its copy is complete, continues from the missing byte after a restart, and is then read from the disk', async () => {
  objects.requests.length = 0
  objects.fault = inDownloads('HELD')
  const first = await mirroring('cache')
  let cursor: string
  try {
    await expect
      .poll(async () => (await look(first)).health.preparations, PATIENCE)
      .toEqual([{ layer: 'land', stage: 'DOWNLOADING', percent: expect.closeTo(50, 0) }])
    const { features } = await look(first)
    expect(features.execution.remoteRequests).toBeGreaterThan(0)
    cursor = features.pageInfo.endCursor
  } finally {
    await first.close()
  }
  objects.fault = () => null
  objects.release()
  const before = downloads().length
  const [partial] = await copiesIn('cache')
  const { size } = await stat(partial!)
  expect(size).toBeGreaterThanOrEqual(Math.floor(bytes / 2))
  const second = await mirroring('cache')
  try {
    const { health, layers } = await copied(second)
    expect(health).toEqual({ preparations: [], problems: [] })
    expect(downloads().slice(before)).toEqual([size])
    const next = await look(second, cursor)
    expect(next.features.features.map(({ key }) => key)).toEqual([...Array(10).keys()].map((n) => String(n + 10)))
    expect(layers[0]!.fingerprint).toBe((await look(local)).layers[0]!.fingerprint)
  } finally {
    await second.close()
  }
  // Nothing that is unfinished is left.
  expect((await copiesIn('cache')).map((file) => basename(file))).toEqual(['features.parquet'])
})

it('a server whose every answer is wrong or cut costs no byte', async () => {
  const faults: readonly Fault[] = ['CUT', 'DROPPED', 'SHORT', 'SHIFTED', 'WHOLE', 'BUSY', 'LONG', 'CUT']
  let n = 0
  objects.fault = (range) => (ofDownload(range) === null ? null : (faults[n++] ?? null))
  const server = await mirroring('flaky')
  try {
    await copied(server)
    const read = async ({ url }: TestServer) => await (await fetch(`${url}/download/land.geojsonl`)).text()
    const [there, here] = [await read(server), await read(local)]
    expect(there === here && here.length > 1e6).toBe(true)
    expect(n).toBeGreaterThan(faults.length)
  } finally {
    await server.close()
  }
})

it('is served while its server is away, also after a restart, and another version is served when its copy is complete', async () => {
  await copyFile(await squares(30_000), join(folder, 'moving.parquet'))
  const name = 'moving'
  const first = await mirroring('moving', name)
  try {
    await copied(first, name)
  } finally {
    await first.close()
  }
  objects.requests.length = 0
  objects.fault = () => 'DROPPED'
  const server = await mirroring('moving', name)
  try {
    const away = await look(server, null, name)
    expect(away.features).toMatchObject({ features: Array(10).fill({}), execution: { remoteRequests: 0 } })
    await expect
      .poll(async () => (await look(server, null, name)).health.problems.map(({ reason }) => reason), PATIENCE)
      .toEqual([expect.stringMatching(/^its copy on this machine may be out of date: its server cannot be reached/)])
    // A start with a copy only checks whether the object has changed.
    expect(new Set(objects.requests.map(({ range }) => range))).toEqual(new Set(['bytes=0-3']))
    objects.fault = inDownloads('HELD')
    await copyFile(join(folder, 'land.parquet'), join(folder, 'new'))
    await rename(join(folder, 'new'), join(folder, `${name}.parquet`))
    await expect.poll(async () => (await look(server, null, name)).health.preparations, PATIENCE).toHaveLength(1)
    // The copy before is served meanwhile.
    await checked(server)
    expect((await look(server, null, name)).layers).toMatchObject([{ featureCount: '30000' }])
    objects.fault = () => null
    objects.release()
    await expect.poll(async () => (await look(server, null, name)).layers[0]!.featureCount, PATIENCE).toBe(String(ROWS))
    expect((await look(server, null, name)).health.problems).toEqual([])
  } finally {
    await server.close()
  }
})

it('a copy that does not fit the disk is a problem that says what is missing, and the object is read where it is', async ({
  skip,
}) => {
  const disk = join(folder, 'disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'pipe' })
  } catch {
    skip('it takes root to mount a disk')
  }
  try {
    const server = await mirroring('disk')
    try {
      const reason =
        /^it has no copy on this machine: its copy takes 0\.0 GB more, .*: make room there, or name another by --cache-directory$/
      const problems = async () => (await look(server)).health.problems
      await expect.poll(problems, PATIENCE).toEqual([{ source: 'land.parquet', reason: expect.stringMatching(reason) }])
      expect((await look(server)).features.execution.remoteRequests).toBeGreaterThan(0)
    } finally {
      await server.close()
    }
  } finally {
    execFileSync('umount', [disk])
  }
})
