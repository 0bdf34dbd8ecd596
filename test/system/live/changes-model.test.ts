/**
 * Random commits, and subscribers with random filters that keep a replica: after every event it holds exactly what the model has at the version of the
 * event. Meanwhile the writer and workers are killed, and connections are cut.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../../support/graphql.ts'
import { CREATE, DELETE, point, processesOf, UPSERT, workersOf } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { serve } from '../../support/server.ts'

const COMMITS = Number(process.env['GEODUCK_COMMITS'] ?? 300)
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
  readonly #interest: Interest
  readonly #models: ReadonlyMap<number, Cars>

  constructor(interest: Interest, models: ReadonlyMap<number, Cars>) {
    this.#interest = interest
    this.#models = models
  }

  apply(event: Event): void {
    this.seen.set(event.__typename, (this.seen.get(event.__typename) ?? 0) + 1)
    this.token = event.token
    this.#history.push(JSON.stringify(event))
    if (this.#history.length > 4) this.#history.shift()
    if (event.__typename === 'Reset') this.cars.clear()
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
    if (/Reset|SnapshotBatch/.test(event.__typename) || event.complete === false) return
    this.version = Number(event.version)
    expect(sorted(this.cars), `${JSON.stringify(this.#interest.where)}: ${this.#history.join('\n')}`).toEqual(
      this.#expected(this.version),
    )
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

  stop(): void {
    this.#isStopped = true
    this.#cut()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      // `ws` throws if a socket is ended before it is open.
      const connected = () => {
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
      if (!this.#isStopped) await sleep(this.#pauses ? 800 : 50)
    }
  }
}

test(`replicas equal the model after every event of ${COMMITS} commits, with kills and cuts`, {
  timeout: 60_000 + COMMITS * 600,
}, async () => {
  const random = new Random()
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const server = await serve([], { live: join(folder, 'live'), writes: true })
  const cars = new Map<string, Car>()
  const models = new Map<number, Cars>()
  let version = 0
  const write = async (query: string, variables: object) => {
    // A subscriber may see the version before the answer arrives.
    models.set(version + 1, new Map(cars))
    const { data } = await ask<Record<string, { version: string }>>(server, query, { layer: 'cars', ...variables })
    version = Number(Object.values(data!)[0]!.version)
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
  await ask(server, CREATE, { name: 'cars', columns: [{ name: 'n', type: 'INTEGER' }] })
  version = 1
  models.set(1, new Map())
  await upsert(randomCars(100))
  const subscribers = random.list(SUBSCRIBERS, () => {
    const interest = interestOf(random)
    const variables = { where: interest.where, perSecond: random.pick([50, 10, 2]) }
    return new Subscriber(server.socketUrl, new Replica(interest, models), variables, random.chance(0.3))
  })
  const failed = Promise.race(subscribers.map(({ done }) => done.then(() => new Promise<never>(() => {}))))
  const faults = { workers: 0, writers: 0, cuts: 0 }
  const run = async () => {
    for (let n = 0; n < COMMITS; n++) {
      if (random.chance(0.3)) await remove([...new Set(random.list(1 + random.integer(20), () => `k${random.integer(KEYS)}`))])
      else await upsert(randomCars(1 + random.integer(25)))
      if (random.chance(0.2)) {
        random.pick(subscribers).cut()
        faults.cuts++
      }
      if (random.chance(0.02)) {
        const workers = await workersOf(server)
        if (workers.length > 0) process.kill(random.pick(workers), 'SIGKILL')
        faults.workers += Math.min(1, workers.length)
      }
      if (random.chance(0.01)) {
        for (const pid of processesOf(process.pid, 'live/writer')) process.kill(pid, 'SIGKILL')
        faults.writers++
      }
    }
    const outdated = () => subscribers.filter(({ replica }) => replica.version < version)
    for (let tries = 0; outdated().length > 0; tries++) {
      expect(tries, 'subscribers are up to date').toBeLessThan(400)
      await sleep(50)
    }
  }
  try {
    await Promise.race([run(), failed])
  } finally {
    for (const subscriber of subscribers) subscriber.stop()
    await Promise.allSettled(subscribers.map(({ done }) => done))
    await server.close()
    await rm(folder, { recursive: true })
  }
  const total = new Map<string, number>()
  for (const { replica } of subscribers) for (const [type, count] of replica.seen) total.set(type, (total.get(type) ?? 0) + count)
  console.log(JSON.stringify({ commits: COMMITS, ...faults, events: Object.fromEntries(total) }))
  expect(total.get('ChangeBatch')).toBeGreaterThan(COMMITS / 5)
  // No client lost its place.
  expect(total.get('Reset')).toBe(SUBSCRIBERS)
})
