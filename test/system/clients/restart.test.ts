/** Subscriptions of real clients over a restart of the server. */
import { afterEach, expect, it } from 'vitest'
import { connect } from '../../../src/client/client.ts'
import { ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { alive, type Launched, launch } from '../../support/launched.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { idsOf, watch } from '../client/collect.ts'
import { openApollo } from './apollo.ts'
import type { ContractClient, OpenClient, SocketOptions } from './contract-client.ts'
import { contractClient, openGraphqlWs } from './graphql-ws.ts'
import { openUrql } from './urql.ts'

/** The options that docs/clients/graphql-ws.md recommends. */
const PATIENT: SocketOptions = { retryAttempts: Number.POSITIVE_INFINITY, shouldRetry: () => true }

const HEALTH = 'subscription { health(everyMs: 250) { ready } }'

const CLIENTS: readonly (readonly [name: string, open: OpenClient])[] = [
  ['Apollo Client', openApollo],
  ['urql', openUrql],
  ['graphql-ws', openGraphqlWs],
  ['geoduck/client', (url, options) => contractClient(connect(url, options))],
]

/** A subscription of `health`, and what its client has received. */
class Watch {
  readonly name: string
  readings = 0
  readonly ends: unknown[] = []
  readonly #client: ContractClient
  readonly #stop: () => void

  constructor([name, open]: readonly [name: string, open: OpenClient], url: string, options: SocketOptions) {
    this.name = name
    this.#client = open(url, options)
    this.#stop = this.#client.subscribe(
      HEALTH,
      {},
      {
        next: () => {
          this.readings += 1
        },
        error: (failure) => this.ends.push(failure),
        complete: () => this.ends.push('complete'),
      },
    )
  }

  /** Waits for further readings. */
  async more(): Promise<void> {
    const had = this.readings
    await expect.poll(() => this.readings > had + 1 || this.ends.length > 0, { timeout: 120_000 }).toBe(true)
  }

  async close(): Promise<void> {
    this.#stop()
    // It rejects if the client waits for its next try, because the server has stopped already.
    await this.#client.close().catch(() => {})
  }
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function watchHealth(clients: typeof CLIENTS, url: string, options: SocketOptions): Watch[] {
  const watches = clients.map((client) => new Watch(client, url, options))
  closing.push(() => Promise.all(watches.map((one) => one.close())))
  return watches
}

const more = (watches: readonly Watch[]) => Promise.all(watches.map((one) => one.more()))

async function start(port: number): Promise<Launched> {
  const args = ['src/main.ts', PLACES, '--port', String(port), '--spatial-extension', SPATIAL_EXTENSION]
  const program = launch(process.execPath, args, { cwd: ROOT })
  closing.push(() => stop(program))
  await program.line(/^ready /)
  return program
}

async function stop({ pid, ended }: Launched): Promise<void> {
  if (alive([pid]).length > 0) process.kill(pid, 'SIGTERM')
  expect(await ended).toBe(0)
}

it('health comes back by itself after a restart on the same port, and a stream resumes', { timeout: 300_000 }, async () => {
  const port = await freePort()
  const server = `http://127.0.0.1:${port}`
  const first = await start(port)
  const watches = watchHealth(CLIENTS, `${server}/graphql`, PATIENT)
  await more(watches)
  // It reads at most a few of its 735 batches ahead, so most of them are sent by the second server.
  const { ids } = watch({ url: `${server}/graphql`, layer: 'places', batchSize: 10, retry: ({ retry }) => retry })
  const got = await ids(async ({ sequence }) => {
    if (sequence !== 20) return
    await stop(first)
    await start(port)
  })
  await more(watches)
  expect(watches.map(({ name, ends }) => [name, ends])).toEqual(CLIENTS.map(([name]) => [name, []]))
  expect(got).toEqual(await idsOf({ url: server }, 'places'))
})

it('health comes back with all defaults of a client when another server takes over', { timeout: 300_000 }, async () => {
  const [first, second] = await Promise.all([serve([PLACES]), serve([PLACES])])
  const link = await Link.to(first)
  closing.push(
    () => Promise.all([first.close(), second.close()]),
    () => link.close(),
  )
  const closes: number[] = []
  const on = { closed: (event: unknown) => closes.push((event as CloseEvent).code) }
  // geoduck/client never retries by default: its streams resume.
  const watches = watchHealth(CLIENTS.slice(0, 3), link.url, { on })
  await more(watches)
  link.server = second
  await first.close()
  // The last reading of the first server may still be on its way, but not four.
  await more(watches)
  await more(watches)
  expect(watches.map(({ name, ends }) => [name, ends])).toEqual(CLIENTS.slice(0, 3).map(([name]) => [name, []]))
  expect(closes).toEqual([1001, 1001, 1001])
})
