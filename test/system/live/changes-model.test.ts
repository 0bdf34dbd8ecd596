/**
 * Random commits, and subscribers with random filters that keep a replica: after every event it holds exactly what the model has at the version of the
 * event. Meanwhile the server, its writer and its workers are killed, connections are cut, and clients stop reading.
 *
 * A longer run compares fewer events, but always the one after a fault: `npm run soak -- --live`.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { type Answer, ask } from '../../support/graphql.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { CREATE, DELETE, point, processesOf, UPSERT, workersOf } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const COMMITS = Number(process.env['GEODUCK_COMMITS'] ?? 300)
/** Events of a replica from one comparison to the next. */
const COMPARE = Number(process.env['GEODUCK_COMPARE'] ?? 1)
/** Commits from one kill of the server to the next. */
const SERVER_KILL = Math.min(150, COMMITS)
const SUBSCRIBERS = 20
const KEYS = 150

interface Car {
  readonly n: number
  readonly x: number
  readonly y: number
}
type Cars = ReadonlyMap<string, Car>

interface Interest {
  readonly where: object | null
  matches(car: Car): boolean
}

function interestOf(random: Random): Interest {
  const [west, south] = [random.integer(280) - 180, random.integer(100) - 90]
  const [east, north] = [west + 20 + random.integer(60), south + 20 + random.integer(60)]
  const box = {
    where: { intersects: { bbox: [west, south, east, north] } },
    matches: ({ x, y }: Car) => x >= west && x <= east && y >= south && y <= north,
  }
  const least = random.integer(100)
  const large = { where: { property: { name: 'n', gte: least } }, matches: ({ n }: Car) => n >= least }
  return random.pick<Interest>([
    { where: null, matches: () => true },
    box,
    large,
    { where: { and: [box.where, large.where] }, matches: (car) => box.matches(car) && large.matches(car) },
    { where: { not: box.where }, matches: (car) => !box.matches(car) },
  ])
}

const FIELDS = 'features { key geometry properties }'
const CHANGES = `subscription ($where: FeatureFilter, $since: Cursor, $perSecond: Float) {
  changes(layer: "cars", where: $where, since: $since, maxPerSecond: $perSecond, batchSize: 20) {
    __typename
    ... on SnapshotBatch { token version count ${FIELDS} }
    ... on UpToDate { token version }
    ... on ChangeBatch { token version complete added { ${FIELDS} } updated { ${FIELDS} } changed { key geometry properties } removed }
    ... on Heartbeat { token version }
    ... on Reset { token }
  }
}`

interface Feature {
  readonly key: string
  readonly geometry: { readonly coordinates: readonly [number, number] }
  readonly properties: { readonly n: number }
}
interface Event {
  readonly __typename: string
  readonly token: string
  readonly version: string
  readonly complete?: boolean
  readonly features?: readonly Feature[]
  readonly added?: { readonly features: readonly Feature[] }
  readonly updated?: { readonly features: readonly Feature[] }
  readonly changed?: readonly { readonly key: string; readonly geometry: boolean; readonly properties: readonly string[] }[]
  readonly removed?: readonly string[]
}

const carOf = ({ geometry: { coordinates }, properties }: Feature): Car => ({
  n: properties.n,
  x: coordinates[0],
  y: coordinates[1],
})
const sorted = (cars: Iterable<readonly [string, Car]>) => [...cars].sort(([a], [b]) => (a < b ? -1 : 1))

class Replica {
  readonly cars = new Map<string, Car>()
  readonly seen = new Map<string, number>()
  /** The last events, for the message of a failure. */
  readonly #history: string[] = []
  token: string | null = null
  version = 0
  compared = 0
  /** Events since the last comparison. */
  #events = 0
  /** A snapshot of which a part is missing does not continue after a restart. */
  #isInSnapshot = false
  readonly #interest: Interest
  readonly #models: ReadonlyMap<number, Cars>

  constructor(interest: Interest, models: ReadonlyMap<number, Cars>) {
    this.#interest = interest
    this.#models = models
  }

  apply(event: Event): void {
    this.seen.set(event.__typename, (this.seen.get(event.__typename) ?? 0) + 1)
    const before = this.token
    this.token = event.token
    this.#history.push(JSON.stringify(event))
    if (this.#history.length > 4) this.#history.shift()
    if (event.__typename === 'Reset') {
      expect(before === null || this.#isInSnapshot, 'a client that is up to date keeps its place').toBe(true)
      this.cars.clear()
    }
    this.#isInSnapshot = /Reset|SnapshotBatch/.test(event.__typename)
    for (const feature of event.features ?? []) this.#add(feature)
    for (const feature of event.added?.features ?? []) this.#add(feature)
    for (const [n, feature] of (event.updated?.features ?? []).entries()) {
      const before = this.cars.get(feature.key)
      const after = carOf(feature)
      expect(before, `${feature.key} is updated`).toBeDefined()
      expect(event.changed![n]).toEqual({
        key: feature.key,
        geometry: before!.x !== after.x || before!.y !== after.y,
        properties: before!.n === after.n ? [] : ['n'],
      })
      expect(before).not.toEqual(after)
      this.cars.set(feature.key, after)
    }
    for (const key of event.removed ?? []) expect(this.cars.delete(key), `${key} is removed`).toBe(true)
    if (this.#isInSnapshot || event.complete === false) return
    this.version = Number(event.version)
    if (++this.#events >= COMPARE) this.compare()
  }

  /** Fails unless it holds what the model has at its version. */
  compare(): void {
    this.#events = 0
    this.compared++
    expect(sorted(this.cars), `${JSON.stringify(this.#interest.where)}: ${this.#history.join('\n')}`).toEqual(
      this.#expected(this.version),
    )
  }

  /** The next event is compared. */
  expectFault(): void {
    this.#events = COMPARE
  }

  #add(feature: Feature): void {
    expect(this.cars.has(feature.key), `${feature.key} is added twice`).toBe(false)
    this.cars.set(feature.key, carOf(feature))
  }

  #expected(version: number) {
    return sorted([...this.#models.get(version)!].filter(([, car]) => this.#interest.matches(car)))
  }
}

/** A client that subscribes again from its token after each end. */
class Subscriber {
  readonly replica: Replica
  readonly #url: string
  readonly #variables: object
  readonly #pauses: boolean
  #isStopped = false
  #cut = () => {}
  #socket: WebSocket | null = null
  readonly done: Promise<void>

  constructor(url: string, replica: Replica, variables: object, pauses: boolean) {
    this.#url = url
    this.replica = replica
    this.#variables = variables
    this.#pauses = pauses
    this.done = this.#run()
  }

  cut(): void {
    this.#cut()
  }

  /** Reads nothing for this time. */
  async stall(ms: number): Promise<void> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    socket.pause()
    await sleep(ms)
    socket.resume()
    this.replica.expectFault()
  }

  stop(): void {
    this.#isStopped = true
    this.#cut()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      // `ws` throws if a socket is ended before it is open.
      const connected = (socket: unknown) => {
        this.#socket = socket as WebSocket
        this.#cut = () => client.terminate()
        if (this.#isStopped) client.terminate()
      }
      const client = createClient({ url: this.#url, webSocketImpl: WebSocket, retryAttempts: 0, on: { connected } })
      const variables = { ...this.#variables, since: this.replica.token }
      try {
        for await (const { data, errors } of client.iterate<{ changes: Event }>({ query: CHANGES, variables })) {
          if (!data) throw errors
          this.replica.apply(data.changes)
        }
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error
        const [refusal] = Array.isArray(error) ? error : []
        if (refusal && !refusal.extensions?.retry) throw new Error(JSON.stringify(error))
      }
      this.#cut = () => {}
      this.replica.expectFault()
      if (!this.#isStopped) await sleep(this.#pauses ? 800 : 50)
    }
  }
}

/** A server in a separate process, on one port and with one store. */
class Server {
  readonly #folder: string
  readonly #port: number
  #process!: Launched

  constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get pid(): number {
    return this.#process.pid
  }

  async start(): Promise<void> {
    const flags = ['--live', join(this.#folder, 'live'), '--writes', '--port', String(this.#port), '--log-level', 'error']
    const program = [join(ROOT, 'src/main.ts'), ...flags, '--workers', '2', '--cursor-secret', 'a secret for tests only']
    const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, GEODUCK_CACHE_DIRECTORY: join(this.#folder, 'cache') }
    this.#process = launch(process.execPath, program, { cwd: this.#folder, environment })
    await this.#process.line(/^ready /)
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    process.kill(this.pid, signal)
    await this.#process.ended
  }
}

/** Returns false if the process has ended meanwhile. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

/** Sends a mutation until it has an answer: the server may be killed meanwhile. The key makes sure that it is written once. */
async function insist(server: Server, query: string, variables: object): Promise<Record<string, { version: string }>> {
  const key = randomUUID()
  let answer: Answer<Record<string, { version: string }>> | undefined
  for (let tries = 0; tries < 600; tries++) {
    answer = await ask<Record<string, { version: string }>>(server, query, { ...variables, key }).catch(() => undefined)
    if (answer?.data) return answer.data
    await sleep(100)
  }
  throw new Error(`a mutation has no answer: ${JSON.stringify(answer)}`)
}

test(`replicas equal the model after every event of ${COMMITS} commits, with kills, cuts and stalls`, {
  timeout: 120_000 + COMMITS * 600,
}, async () => {
  const random = new Random()
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const server = new Server(folder, await freePort())
  await server.start()
  const cars = new Map<string, Car>()
  const models = new Map<number, Cars>()
  let version = 0
  const write = async (query: string, variables: object) => {
    // A subscriber may see the version before the answer arrives.
    models.set(version + 1, new Map(cars))
    const data = await insist(server, query, { layer: 'cars', ...variables })
    version = Number(Object.values(data)[0]!.version)
  }
  const upsert = async (some: ReadonlyMap<string, Car>) => {
    for (const [key, car] of some) cars.set(key, car)
    const features = [...some].map(([key, { n, x, y }]) => ({ key, geometry: point(x, y), properties: { n } }))
    await write(UPSERT, { features })
  }
  const remove = async (keys: readonly string[]) => {
    for (const key of keys) cars.delete(key)
    await write(DELETE, { keys })
  }
  const randomCars = (count: number) =>
    new Map(
      random.list(count, () => {
        const car = { n: random.integer(100), x: random.integer(360) - 180, y: random.integer(180) - 90 }
        return [`k${random.integer(KEYS)}`, car] as const
      }),
    )
  await insist(server, CREATE, { name: 'cars', columns: [{ name: 'n', type: 'INTEGER' }] })
  version = 1
  models.set(1, new Map())
  await upsert(randomCars(100))
  const subscribers = random.list(SUBSCRIBERS, () => {
    const interest = interestOf(random)
    const variables = { where: interest.where, perSecond: random.pick([50, 10, 2]) }
    const url = `${server.url.replace('http', 'ws')}/graphql`
    return new Subscriber(url, new Replica(interest, models), variables, random.chance(0.3))
  })
  const failed = Promise.race(subscribers.map(({ done }) => done.then(() => new Promise<never>(() => {}))))
  const faults = { servers: 0, workers: 0, writers: 0, cuts: 0, stalls: 0 }
  const stalls: Promise<void>[] = []
  const commit = () =>
    random.chance(0.3)
      ? remove([...new Set(random.list(1 + random.integer(20), () => `k${random.integer(KEYS)}`))])
      : upsert(randomCars(1 + random.integer(25)))
  const compareNext = () => {
    for (const { replica } of subscribers) replica.expectFault()
  }
  const run = async () => {
    for (let n = 0; n < COMMITS; n++) {
      const written = commit()
      if (n % SERVER_KILL === SERVER_KILL >> 1) {
        // Before, in or after the commit.
        await sleep(random.integer(80))
        await server.end('SIGKILL')
        await server.start()
        faults.servers++
      }
      await written
      if (random.chance(0.2)) {
        random.pick(subscribers).cut()
        faults.cuts++
      }
      if (random.chance(0.1)) {
        stalls.push(random.pick(subscribers).stall(100 + random.integer(1_500)))
        faults.stalls++
      }
      if (random.chance(0.02)) {
        const workers = await workersOf(server)
        if (workers.length > 0 && kill(random.pick(workers))) faults.workers++
        compareNext()
      }
      if (random.chance(0.01)) {
        for (const pid of processesOf(server.pid, 'live/writer')) if (kill(pid)) faults.writers++
        compareNext()
      }
      const oldest = Math.min(...subscribers.map(({ replica }) => replica.version))
      for (const old of models.keys()) if (old < oldest) models.delete(old)
    }
    await Promise.all(stalls)
    const outdated = () => subscribers.filter(({ replica }) => replica.version < version)
    for (let tries = 0; outdated().length > 0; tries++) {
      expect(tries, 'subscribers are up to date').toBeLessThan(600)
      await sleep(50)
    }
    for (const { replica } of subscribers) replica.compare()
  }
  try {
    await Promise.race([run(), failed])
  } finally {
    for (const subscriber of subscribers) subscriber.stop()
    await Promise.allSettled(subscribers.map(({ done }) => done))
    await server.end('SIGTERM')
    await rm(folder, { recursive: true })
  }
  const total = new Map<string, number>()
  for (const { replica } of subscribers) for (const [type, count] of replica.seen) total.set(type, (total.get(type) ?? 0) + count)
  const compared = subscribers.reduce((sum, { replica }) => sum + replica.compared, 0)
  console.log(JSON.stringify({ commits: COMMITS, ...faults, compared, events: Object.fromEntries(total) }))
  expect(faults.servers).toBeGreaterThan(0)
  expect(total.get('ChangeBatch')).toBeGreaterThan(COMMITS / 5)
})
