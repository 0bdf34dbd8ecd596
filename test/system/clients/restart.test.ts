/** Subscriptions of real clients over a restart of the server. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { connect } from '../../../src/client/client.ts'
import { ROOT } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { idsOf, watch } from '../client/collect.ts'
import { openApollo } from './apollo.ts'
import { type ContractClient, failureOf, type OpenClient, type SocketOptions } from './contract-client.ts'
import { openGraphqlWs } from './graphql-ws.ts'
import { openUrql } from './urql.ts'

/** The options that docs/clients/graphql-ws.md recommends. */
const PATIENT: SocketOptions = { retryAttempts: Number.POSITIVE_INFINITY, shouldRetry: () => true }

const HEALTH = 'subscription { health(everyMs: 250) { uptimeSeconds } }'

interface Health {
  readonly health: { readonly uptimeSeconds: number }
}

const CLIENTS: readonly (readonly [name: string, open: OpenClient])[] = [
  ['Apollo Client', openApollo],
  ['urql', openUrql],
  ['graphql-ws', openGraphqlWs],
  ['geoduck/client', openOwn],
]

/** The client of geoduck/client, which also streams. */
function openOwn(url: string, options?: SocketOptions): ContractClient {
  const client = connect(url, options)
  return {
    query: () => Promise.reject(new Error('It has no queries')),
    subscribe: <Data>(query: string, variables: object, sink: Parameters<ContractClient['subscribe']>[2]) =>
      client.subscribe<Data>(
        { query, variables: { ...variables } },
        {
          next: ({ data }) => sink.next(data!),
          error: (reason) => sink.error(failureOf(reason)),
          complete: () => sink.complete(),
        },
      ),
    close: async () => client.dispose(),
  }
}

/** A subscription of `health`, and everything that its client has received. */
class Watch {
  readonly name: string
  readonly readings: number[] = []
  readonly ends: unknown[] = []
  readonly #client: ContractClient
  readonly #stop: () => void

  constructor([name, open]: readonly [name: string, open: OpenClient], url: string, options: SocketOptions) {
    this.name = name
    this.#client = open(url, options)
    this.#stop = this.#client.subscribe<Health>(
      HEALTH,
      {},
      {
        next: ({ health }) => this.readings.push(health.uptimeSeconds),
        error: (failure) => this.ends.push(failure),
        complete: () => this.ends.push('complete'),
      },
    )
  }

  /** Waits for further readings. */
  async more(): Promise<void> {
    const had = this.readings.length
    await expect.poll(() => this.readings.length > had + 1 || this.ends.length > 0, { timeout: 120_000 }).toBe(true)
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#client.close()
  }
}

let watches: Watch[] = []
let programs: Launched[] = []

afterEach(async () => {
  await Promise.all(watches.map((one) => one.close()))
  for (const { pid } of programs) process.kill(pid, 'SIGTERM')
  await Promise.all(programs.map(({ ended }) => ended))
  watches = []
  programs = []
})

async function start(port: number): Promise<Launched> {
  const args = ['src/main.ts', PLACES, '--port', String(port), '--spatial-extension', SPATIAL_EXTENSION]
  const program = launch(process.execPath, args, { cwd: ROOT })
  programs.push(program)
  await program.line(/^ready /)
  return program
}

async function stop(program: Launched): Promise<void> {
  process.kill(program.pid, 'SIGTERM')
  expect(await program.ended).toBe(0)
  programs = programs.filter((one) => one !== program)
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  return port
}

it('health comes back by itself after a restart on the same port, and a stream resumes', { timeout: 300_000 }, async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/graphql`
  const first = await start(port)
  watches = CLIENTS.map((client) => new Watch(client, url, PATIENT))
  await Promise.all(watches.map((one) => one.more()))
  const { states, ids } = watch({ url, layer: 'places', batchSize: 10 })
  const got = await ids(async ({ sequence }) => {
    if (sequence !== 20) return
    await stop(first)
    await start(port)
  })
  await Promise.all(watches.map((one) => one.more()))

  // Each client has received only readings: those of the first server, then those of the second.
  expect(watches.map(({ name, ends }) => [name, ends])).toEqual(CLIENTS.map(([name]) => [name, []]))
  for (const { readings } of watches) expect(readings.some((seconds, n) => seconds < (readings[n - 1] ?? 0))).toBe(true)
  expect(got).toEqual(await idsOf({ url: url.replace('/graphql', '') } as TestServer, 'places'))
  expect(states.some((state) => state.state === 'waiting' && state.error.code === 'SHUTTING_DOWN')).toBe(true)
})

it('health comes back with all defaults of a client when another server takes over first', { timeout: 300_000 }, async () => {
  const [first, second] = await Promise.all([serve([PLACES]), serve([PLACES])])
  const link = await Link.to(first)
  const closes: number[] = []
  const on = { closed: (event: unknown) => closes.push((event as CloseEvent).code) }
  // geoduck/client never retries by default: its streams resume.
  watches = CLIENTS.slice(0, 3).map((client) => new Watch(client, link.url, { on }))
  await Promise.all(watches.map((one) => one.more()))
  link.server = second
  await first.close()
  await Promise.all(watches.map((one) => one.more()))
  await Promise.all(watches.map((one) => one.more()))
  expect(closes).toEqual([1001, 1001, 1001])
  expect(watches.map(({ ends }) => ends)).toEqual([[], [], []])
  await Promise.all(watches.map((one) => one.close()))
  watches = []
  await link.close()
  await second.close()
})
