/** The writer, and the whole server, are killed while clients write: no acknowledged write is lost, and none is written twice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Answer, ask } from '../../support/graphql.ts'
import type { Launched } from '../../support/launched.ts'
import { CREATE, point, processesOf, UPSERT } from '../../support/live.ts'
import { launchLive } from '../../support/live-server.ts'
import { Random } from '../../support/random.ts'

const CLIENTS = 8
const COLUMNS = [
  { name: 'client', type: 'INTEGER' },
  { name: 'n', type: 'INTEGER' },
]

let folder: string
let server: Launched
let url: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await start()
})
afterEach(async () => {
  process.kill(server.pid, 'SIGTERM')
  await server.ended
  await rm(folder, { recursive: true })
})

const start = async () => {
  ;({ server, url } = await launchLive(folder))
}

interface Written {
  readonly data?: { readonly upsertFeatures: { readonly version: string; readonly written: number } }
}

/** Writes features one after the other until it is stopped. A mutation without an answer is sent again with its key. */
class Writing {
  acknowledged: number[] = []
  versions: string[] = []
  resent = 0
  #isStopped = false
  readonly #done: Promise<void>

  constructor(client: number) {
    this.#done = this.#run(client)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #run(client: number): Promise<void> {
    for (let n = 0; !this.#isStopped; n++) {
      const features = [{ key: `${client} ${n}`, geometry: point(n % 180, client), properties: { client, n } }]
      const answer = await this.#send({ layer: 'cars', features, key: `client ${client} ${n}` })
      expect(answer.data?.upsertFeatures.written, JSON.stringify(answer)).toBe(1)
      this.acknowledged.push(n)
      this.versions.push(answer.data!.upsertFeatures.version)
    }
  }

  async #send(variables: object): Promise<Written> {
    for (;;) {
      const answer = await ask<Written['data']>({ url }, UPSERT, variables).catch((): Answer => ({}))
      if (answer.data) return answer as Written
      this.resent++
      await sleep(20)
    }
  }
}

async function expectAllOnce(clients: readonly Writing[]): Promise<void> {
  const expected = clients.flatMap(({ acknowledged }, client) => acknowledged.map((n) => `${client} ${n}`)).sort()
  const found: string[] = []
  for (let after: string | null = null; ; ) {
    const page: Answer<{
      features: { totalCount: string; features: { key: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }> = await ask(
      { url },
      'query ($after: Cursor) { features(layer: "cars", first: 1000, after: $after) { totalCount features { key } pageInfo { hasNextPage endCursor } } }',
      { after },
    )
    const { features, pageInfo, totalCount } = page.data!.features
    found.push(...features.map(({ key }) => key))
    if (pageInfo.hasNextPage) after = pageInfo.endCursor
    else {
      expect(Number(totalCount)).toBe(found.length)
      break
    }
  }
  expect(found.sort()).toEqual(expected)
  const versions = clients.flatMap((client) => client.versions)
  expect(new Set(versions).size).toBe(versions.length)
  const store = new DatabaseSync(join(folder, 'live/store.sqlite'), { readOnly: true })
  const twice = store.prepare('SELECT key, count(*) AS times FROM changes GROUP BY key HAVING times > 1').all()
  store.close()
  expect(twice).toEqual([])
}

test('the writer can be killed at any moment', async () => {
  const random = new Random()
  await ask({ url }, CREATE, { name: 'cars', columns: COLUMNS })
  const clients = Array.from({ length: CLIENTS }, (_, client) => new Writing(client))
  let kills = 0
  while (kills < 40) {
    await sleep(random.integer(150))
    for (const pid of processesOf(server.pid, 'live/writer')) {
      process.kill(pid, 'SIGKILL')
      kills++
    }
    const { data } = await ask<{ features: { totalCount: string } }>({ url }, '{ features(layer: "cars") { totalCount } }')
    expect(data?.features.totalCount).toMatch(/^\d+$/)
  }
  await Promise.all(clients.map((client) => client.stop()))
  expect(clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)).toBeGreaterThan(CLIENTS)
  await expectAllOnce(clients)
})

test('the server can be killed at any moment', async () => {
  const random = new Random()
  await ask({ url }, CREATE, { name: 'cars', columns: COLUMNS })
  const clients = Array.from({ length: CLIENTS }, (_, client) => new Writing(client))
  for (let kills = 0; kills < 5; kills++) {
    await sleep(300 + random.integer(700))
    process.kill(server.pid, 'SIGKILL')
    await server.ended
    await start()
  }
  await sleep(300)
  await Promise.all(clients.map((client) => client.stop()))
  expect(clients.some(({ resent }) => resent > 0)).toBe(true)
  await expectAllOnce(clients)
})
