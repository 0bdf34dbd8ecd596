/** Three servers and Caddy, as docs/scale.md configures them: they serve one stream in turn. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { blocksOf } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { type Answer, ask } from '../../support/graphql.ts'
import { alive, type Launched, launch } from '../../support/launched.ts'
import { type RunningProxy, runProxy } from '../../support/proxies.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { idsOf } from '../client/collect.ts'

const OBSERVATIONS = join(ROOT, '.geoduck/demo/observations.parquet')
const FLAGS = '--cursor-secret a-secret-for-tests-only --trust-proxy 1 --drain 0.5 --workers 1'.split(' ')
const NAMES = ['geoduck-1', 'geoduck-2', 'geoduck-3']

const ports = new Map<string, number>()
const servers = new Map<string, Launched>()
const urlOf = (name: string) => `http://127.0.0.1:${ports.get(name)}`
let proxy: RunningProxy | undefined

async function start(name: string): Promise<void> {
  const own = ['--port', String(ports.get(name)), '--server-name', name, '--spatial-extension', SPATIAL_EXTENSION]
  const server = launch(process.execPath, ['src/main.ts', OBSERVATIONS, ...own, ...FLAGS], { cwd: ROOT })
  servers.set(name, server)
  await server.line(/^ready /)
}

const hasCaddy = existsSync('/usr/bin/caddy')

beforeAll(async () => {
  if (!hasCaddy) return
  for (const name of NAMES) ports.set(name, await freePort())
  await Promise.all(NAMES.map(start))
  const { text } = blocksOf('docs/scale.md').find(({ language }) => language === 'caddy')!
  const local = text.replaceAll(/\S+(?=:4000)/g, '127.0.0.1').replaceAll(/:4000/g, () => `:${[...ports.values()][next++]}`)
  proxy = await runProxy('caddy', local)
})
let next = 0

afterAll(async () => {
  await proxy?.close()
  for (const { pid } of servers.values()) if (alive([pid]).length > 0) process.kill(pid, 'SIGKILL')
})

interface Turn {
  /** Counts the responses that the stream took. */
  readonly response: number
  readonly server: string | null
  readonly ids: readonly string[]
}

/** 500 MB: sockets and the proxy hold tens of megabytes of it, which still arrive after the end of a server. */
const WIDE = Array.from({ length: 7 }, (_, n) => `p${n}: properties g${n}: geometry`).join(' ')
const QUERY = `subscription ($after: Cursor) {
  featureBatches(layer: "observations", batchSize: 250, after: $after) { cursor features { id ${WIDE} } }
}`

/** Reads the stream over Server-Sent Events, where a slow reader makes the server wait, and continues after the last cursor until it is complete. */
async function* stream(ends: string[]): AsyncGenerator<Turn> {
  let after: string | null = null
  for (let count = 1; ends.at(-1) !== 'complete'; count++) {
    try {
      const response: Response = await fetch(`${proxy!.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: QUERY, variables: { after } }),
      })
      const server = response.headers.get('x-geoduck-server')
      if (!response.ok) throw new Error(`status ${response.status}`)
      let rest = ''
      let [failure, isEnded]: [string | null, boolean] = [null, false]
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
        const events = (rest + text).split('\n\n')
        rest = events.pop()!
        for (const event of events) {
          if (event.startsWith('event: complete')) {
            isEnded = true
            ends.push(failure ?? 'complete')
          }
          const data = /^data: (\{.*)$/m.exec(event)?.[1]
          if (data === undefined) continue
          const { data: result, errors } = JSON.parse(data)
          if (errors) failure = errors[0].extensions.code
          else {
            after = result.featureBatches.cursor
            yield { response: count, server, ids: result.featureBatches.features.map(({ id }: { id: string }) => id) }
          }
        }
      }
      // Caddy ends the body in order when its server is killed. The event is the only proof.
      if (!isEnded) ends.push('cut')
    } catch (error) {
      ends.push(String(error))
      await delay(50)
    }
  }
}

it.runIf(hasCaddy)('each response names its server, also by the proxy', async () => {
  for (const name of NAMES) {
    const response = await fetch(`${urlOf(name)}/health`)
    expect(response.headers.get('x-geoduck-server')).toBe(name)
    expect(await response.json()).toMatchObject({ server: name })
    expect((await ask({ url: urlOf(name) }, '{ health { server } }')).data).toEqual({ health: { server: name } })
  }
  expect(NAMES).toContain((await fetch(`${proxy!.url}/ready`)).headers.get('x-geoduck-server'))
})

it.runIf(hasCaddy)(
  'three servers serve one stream in turn while each is stopped or killed, and each feature arrives once',
  {
    timeout: 300_000,
  },
  async () => {
    const [stopped, ends, got]: string[][] = [[], [], []]
    let restart = Promise.resolve()
    let [since, last, isStopping] = [0, 0, false]
    for await (const { response, server, ids } of stream(ends!)) {
      got!.push(...ids)
      since += 1
      // A fast machine could otherwise read the rest of the stream while its server drains.
      if (isStopping) await delay(10)
      if (since < 10 || response === last || stopped!.length === 4) continue
      await restart
      since = 0
      last = response
      const signal = stopped!.length % 2 === 0 ? 'SIGTERM' : 'SIGKILL'
      const { pid, ended } = servers.get(server!)!
      isStopping = true
      process.kill(pid, signal)
      stopped!.push(server!)
      restart = ended.then((end) => {
        isStopping = false
        expect(end).toBe(signal === 'SIGTERM' ? 0 : 'SIGKILL')
        return start(server!)
      })
    }
    await restart
    expect(stopped).toHaveLength(4)
    expect(new Set(stopped).size).toBeGreaterThan(1)
    expect(ends).toContain('SHUTTING_DOWN')
    // One end per server that was stopped, and the last.
    expect(ends!.length).toBeGreaterThan(4)
    expect(got).toHaveLength(200_000)
    expect(got).toEqual(await idsOf({ url: urlOf(NAMES[0]!) }, 'observations'))
  },
)

const SOME_ROWS = 100_000

/** Writes a layer of which every feature has the number of its edition. */
async function writeEdition(n: number, file: string): Promise<void> {
  const database = await DuckDBInstance.create()
  const connection = await database.connect()
  await connection.run(`COPY (SELECT i AS id, ${n} AS edition FROM range(${SOME_ROWS}) r(i)) TO '${file}'`)
  connection.closeSync()
  database.closeSync()
}

interface Editions {
  readonly featureBatches: { readonly cursor: string; readonly features: readonly { id: string; edition: { edition: number } }[] }
}

/** One subscription to a server: the features that arrive, and its end. */
class Reading {
  readonly ids: string[] = []
  readonly editions = new Set<number>()
  cursor: string | null
  code: unknown = null

  constructor(cursor: string | null = null) {
    this.cursor = cursor
  }

  /** Reads until the end of the stream, or of this many batches. */
  async read(url: string, batches = Number.POSITIVE_INFINITY): Promise<this> {
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 })
    const query = `subscription ($after: Cursor) {
      featureBatches(layer: "editions", batchSize: 1000, after: $after) { cursor features { id edition: properties } }
    }`
    let count = 0
    try {
      for await (const { data } of client.iterate<Editions>({ query, variables: { after: this.cursor } })) {
        const { cursor, features } = data!.featureBatches
        this.cursor = cursor
        for (const { id, edition } of features) {
          this.ids.push(id)
          this.editions.add(edition.edition)
        }
        if (++count === batches) break
      }
    } catch (errors) {
      this.code = (errors as Answer['errors'])?.[0]?.extensions['code'] ?? errors
    }
    await client.dispose()
    return this
  }
}

it('servers that receive new data one after the other never mix it with the old in one stream', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const edition = (n: number) => join(folder, `${n}.parquet`)
  await writeEdition(1, edition(1))
  await writeEdition(2, edition(2))
  const replicas = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const file = join(folder, name, 'editions.parquet')
      await mkdir(join(folder, name))
      await copyFile(edition(1), file)
      const port = await freePort()
      const args = ['src/main.ts', file, '--port', String(port), '--spatial-extension', SPATIAL_EXTENSION, ...FLAGS]
      const server = launch(process.execPath, args, { cwd: ROOT })
      servers.set(name, server)
      await server.line(/^ready /)
      return { file, pid: server.pid, url: `http://127.0.0.1:${port}` }
    }),
  )
  const publish = async ({ file }: { file: string }) => {
    await copyFile(edition(2), `${file}.new`)
    await rename(`${file}.new`, file)
  }
  const [a, b, c] = replicas as [(typeof replicas)[0], (typeof replicas)[0], (typeof replicas)[0]]

  const old = await new Reading().read(a.url, 20)
  await publish(b)
  process.kill(a.pid, 'SIGKILL')
  expect((await new Reading(old.cursor).read(b.url)).code).toBe('CURSOR_EXPIRED')
  await old.read(c.url, 20)
  expect([old.code, old.ids.length, ...old.editions]).toEqual([null, 40_000, 1])
  await publish(c)
  expect([(await old.read(c.url)).code, old.ids.length, ...old.editions]).toEqual(['CURSOR_EXPIRED', 40_000, 1])

  const renewed = await new Reading().read(b.url, 20)
  process.kill(b.pid, 'SIGTERM')
  await renewed.read(c.url)
  expect([renewed.code, ...renewed.editions]).toEqual([null, 2])
  expect(renewed.ids).toEqual(await idsOf({ url: c.url }, 'editions'))
  expect(renewed.ids).toHaveLength(SOME_ROWS)
  await rm(folder, { recursive: true })
})
