/**
 * Random commits and random moves: viewports whose clients keep a replica. Whenever a client has reached a box, it holds exactly what the model has there
 * at that version. Meanwhile workers and the writer are killed, and connections are cut.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { CREATE, DELETE, processesOf, UPSERT, workersOf } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { serve } from '../../support/server.ts'
import {
  type Box,
  featureOf,
  intersects,
  Replica,
  randomBox,
  type Shape,
  Viewport,
  type ViewportEvent,
} from '../../support/viewport.ts'

const COMMITS = Number(process.env['GEODUCK_COMMITS'] ?? 50)
const CLIENTS = 6
const KEYS = 150
/** Few, so that some boxes have cells. */
const MAX_FEATURES = 25

type Shapes = ReadonlyMap<string, Shape>

/** A client that moves its box, and subscribes again from its token after each end. */
class Mover {
  readonly replica = new Replica()
  readonly #url: string
  readonly #models: ReadonlyMap<number, Shapes>
  readonly #random: Random
  readonly #variables
  readonly done: Promise<void>
  target: Box
  checks = 0
  #viewport: Viewport | null = null
  #isStopped = false

  constructor(url: string, models: ReadonlyMap<number, Shapes>, random: Random) {
    this.#url = url
    this.#models = models
    this.#random = random
    this.target = randomBox(random, 60)
    this.#variables = { maxPerSecond: random.pick([50, 10, 3]), batchSize: random.pick([7, 1_024]) }
    this.done = this.#run()
  }

  get isReached(): boolean {
    return this.replica.box?.join() === this.target.join()
  }

  async move(): Promise<void> {
    const [west, south, east, north] = this.target
    const within = (from: number, least: number, most: number) =>
      Math.max(least, Math.min(most, from + this.#random.integer(9) - 4))
    const [x, y] = [within(west, -150, 60), within(south, -80, 20)]
    this.target = this.#random.chance(0.7)
      ? [x, y, Math.min(180, x + east - west), Math.min(90, y + north - south)]
      : randomBox(this.#random, 90)
    // A subscription that has ended gets the box when it begins again.
    if (this.#viewport?.id) await this.#viewport.move(this.target).catch(() => {})
  }

  cut(): void {
    this.#viewport?.client.terminate()
  }

  stop(): void {
    this.#isStopped = true
    this.cut()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const bbox = this.target
      const viewport = new Viewport(this.#url, {
        layer: 'shapes',
        bbox,
        since: this.replica.token,
        maxFeatures: MAX_FEATURES,
        ...this.#variables,
      })
      try {
        for (;;) {
          const event = await viewport.next()
          this.#receive(event)
          if (event.__typename !== 'ViewportOpened') continue
          this.#viewport = viewport
          if (this.target !== bbox) await viewport.move(this.target)
        }
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error
        const [refusal] = Array.isArray(error) ? error : []
        if (refusal && !refusal.extensions?.retry) throw new Error(JSON.stringify(error))
      }
      this.#viewport = null
      await viewport.close()
      // The connection may have been cut in a move.
      this.replica.isLenient = true
      await sleep(20)
    }
  }

  #receive(event: ViewportEvent): void {
    this.replica.apply(event)
    const { box, version, shapes } = this.replica
    const matching = [...(this.#models.get(version) ?? [])].filter(([, shape]) => box !== null && intersects(shape.box, box))
    if (event.coarse) {
      expect(Number(event.totalCount)).toBe(matching.length)
      expect(matching.length).toBeGreaterThan(MAX_FEATURES)
    } else if (event.__typename === 'ViewportReached') {
      expect(sorted(shapes)).toEqual(sorted(matching))
    } else return
    this.checks++
  }
}

const sorted = (shapes: Iterable<readonly [string, Shape]>) => [...shapes].sort(([a], [b]) => (a < b ? -1 : 1))

test(`replicas equal the model in every box that they reach, in ${COMMITS} commits, with kills and cuts`, {
  timeout: 240_000 + COMMITS * 1_000,
}, async () => {
  const random = new Random()
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const server = await serve([], { live: join(folder, 'live'), writes: true })
  const shapes = new Map<string, Shape>()
  const models = new Map<number, Shapes>([[1, new Map()]])
  let version = 1
  const write = async (query: string, variables: object) => {
    // A client may see the version before the answer arrives.
    models.set(version + 1, new Map(shapes))
    const { data } = await ask<Record<string, { version: string }>>(server, query, { layer: 'shapes', ...variables })
    version = Number(Object.values(data!)[0]!.version)
  }
  const upsert = async (count: number) => {
    const some = new Map(random.list(count, () => [`k${random.integer(KEYS)}`, shapeOf(random)] as const))
    for (const [key, shape] of some) shapes.set(key, shape)
    await write(UPSERT, { features: [...some].map(([key, shape]) => featureOf(key, shape)) })
  }
  const remove = async (keys: readonly string[]) => {
    for (const key of keys) shapes.delete(key)
    await write(DELETE, { keys })
  }
  await ask(server, CREATE, { name: 'shapes', columns: [{ name: 'n', type: 'INTEGER' }] })
  await upsert(100)
  const movers = random.list(CLIENTS, () => new Mover(server.socketUrl, models, random))
  const failed = Promise.race(movers.map(({ done }) => done.then(() => new Promise<never>(() => {}))))
  const faults = { workers: 0, writers: 0, cuts: 0 }
  const run = async () => {
    for (let n = 0; n < COMMITS; n++) {
      const moves = movers.filter(() => random.chance(0.4)).map((mover) => mover.move())
      if (random.chance(0.3)) await remove([...new Set(random.list(1 + random.integer(20), () => `k${random.integer(KEYS)}`))])
      else await upsert(1 + random.integer(25))
      await Promise.all(moves)
      if (random.chance(0.2)) {
        random.pick(movers).cut()
        faults.cuts++
      }
      if (random.chance(0.03)) {
        const workers = await workersOf(server)
        if (workers.length > 0) process.kill(random.pick(workers), 'SIGKILL')
        faults.workers += Math.min(1, workers.length)
      }
      if (random.chance(0.02)) {
        for (const pid of processesOf(process.pid, 'live/writer')) process.kill(pid, 'SIGKILL')
        faults.writers++
      }
    }
    const outdated = () => movers.filter((mover) => !mover.isReached || mover.replica.version < version)
    await expect.poll(() => outdated().length, { timeout: 120_000 }).toBe(0)
  }
  try {
    await Promise.race([run(), failed])
  } finally {
    for (const mover of movers) mover.stop()
    await Promise.allSettled(movers.map(({ done }) => done))
    await server.close()
    await rm(folder, { recursive: true })
  }
  const seen = movers.flatMap(({ replica }) => replica.seen)
  const checks = movers.reduce((sum, mover) => sum + mover.checks, 0)
  const total = Object.fromEntries([...new Set(seen)].map((type) => [type, seen.filter((one) => one === type).length]))
  console.log(JSON.stringify({ commits: COMMITS, ...faults, checks, events: total }))
  // Each client was compared at least in its last box.
  expect(checks).toBeGreaterThanOrEqual(CLIENTS)
})

function shapeOf(random: Random): Shape {
  const size = random.pick([1, 1, 2, 40])
  const [west, south] = [random.integer(150) - 100, random.integer(90) - 60]
  return { box: [west, south, west + random.integer(size), south + random.integer(size)], n: random.integer(100) }
}
