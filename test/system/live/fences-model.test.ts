/**
 * Random walks of objects, and fences that change as well, against shapely: each subscriber receives every event exactly once, in the order of the
 * versions. Meanwhile workers and the server are killed, and connections are cut.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../../support/graphql.ts'
import type { Launched } from '../../support/launched.ts'
import { CREATE, DELETE, processesOf, UPSERT } from '../../support/live.ts'
import { launchLive } from '../../support/live-server.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'

const COMMITS = Number(process.env['GEODUCK_COMMITS'] ?? 60)
const OBJECTS = 8
const SIZE = 30
const ALL = ['ENTER', 'EXIT', 'CROSS', 'INSIDE', 'OUTSIDE']

let folder: string
let server: Launched
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await start()
})
afterAll(async () => {
  process.kill(server.pid, 'SIGTERM')
  await server.ended
  await rm(folder, { recursive: true })
})

const start = async () => {
  ;({ server, url } = await launchLive(folder))
}

/** A commit, with the places that it has written as WKT. Null: the feature is gone. */
interface Commit {
  readonly version: number
  readonly layer: 'cars' | 'zones'
  readonly features: Readonly<Record<string, string | null>>
  /** Seconds. */
  readonly at: number
}

interface Watch {
  /** WKT, or null for the layer of fences. */
  readonly geometry: string | null
  /** Metres, instead of fences. */
  readonly roam?: number
  /** Seconds by the column `at`. */
  readonly dwell?: number
  readonly detect: readonly string[]
}

/** Computes the events of each watch. The place of a line is its centroid, as in the product. */
const ORACLE = `
import json, sys
from pyproj import Geod
from shapely import wkt, LineString
earth = Geod(ellps="WGS84")
def near(a, b, metres):
    if a is None or b is None: return False
    return earth.inv(a.centroid.x, a.centroid.y, b.centroid.x, b.centroid.y)[2] <= metres
def meetings(commits, metres):
    cars, found = {}, []
    for commit in commits:
        if commit["layer"] == "zones": continue
        new = {key: wkt.loads(text) if text else None for key, text in commit["features"].items()}
        now = {key: place for key, place in {**cars, **new}.items() if place is not None}
        for key in new:
            for other in now:
                if key not in now or other == key or (other in new and other < key): continue
                if near(now[key], now[other], metres) and not near(cars.get(key), cars.get(other), metres):
                    found.append(" ".join([str(commit["version"]), key, other, "ROAM"]))
        cars = now
    return found
def events(commits, watch):
    if "roam" in watch: return meetings(commits, watch["roam"])
    cars, zones, found, stays = {}, {}, [], {}
    if watch["geometry"]: zones = {"": wkt.loads(watch["geometry"])}
    for commit in commits:
        for key, text in commit["features"].items():
            new = wkt.loads(text) if text else None
            if commit["layer"] == "zones":
                if watch["geometry"]: continue
                if new is None: zones.pop(key, None)
                else: zones[key] = new
                continue
            old = cars.get(key)
            if new is None: cars.pop(key, None)
            else: cars[key] = new
            if old is None and new is None: continue
            for name, zone in zones.items():
                before, after = old is not None and zone.intersects(old), new is not None and zone.intersects(new)
                kinds = []
                if after and not before: kinds.append("ENTER")
                elif before and not after: kinds.append("EXIT")
                elif not before and not after and old is not None and new is not None:
                    a, b = old.centroid, new.centroid
                    if not a.equals(b) and zone.intersects(LineString([a, b])): kinds.append("CROSS")
                if after: kinds.append("INSIDE")
                if after and not before: stays[key, name] = commit["at"]
                elif before and not after: stays.pop((key, name), None)
                elif before and (key, name) in stays and commit["at"] - stays[key, name] >= watch.get("dwell", 1e9):
                    kinds.append("DWELL")
                    del stays[key, name]
                if not after and new is not None: kinds.append("OUTSIDE")
                found += [" ".join([str(commit["version"]), key, name, kind]) for kind in kinds if kind in watch["detect"]]
    return found
asked = json.load(sys.stdin)
print(json.dumps([events(asked["commits"], watch) for watch in asked["watches"]]))
`

const FENCES = `subscription ($fences: FencesInput!, $detect: [FenceDetection!]!, $dwell: DwellInput, $since: Cursor) {
  fences(objects: "cars", fences: $fences, detect: $detect, dwell: $dwell, since: $since, maxPerSecond: 20) {
    __typename
    ... on FenceBatch { token events { version detect fence object { key } } }
    ... on UpToDate { token }
    ... on Heartbeat { token }
  }
}`

interface Update {
  readonly token: string
  readonly events?: readonly { version: string; detect: string; fence: string | null; object: { key: string } }[]
}

/** A client that subscribes again from its token after each end. */
class Subscriber {
  readonly watch: Watch
  readonly events: string[] = []
  readonly refused: string[] = []
  token: string | null = null
  connections = 0
  #isStopped = false
  #cut = () => {}
  readonly done: Promise<void>

  constructor(watch: Watch) {
    this.watch = watch
    this.done = this.#run()
  }

  cut(): void {
    this.#cut()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cut()
    await this.done
  }

  async #run(): Promise<void> {
    const { geometry, detect, roam, dwell: seconds } = this.watch
    const dwell = seconds === undefined ? null : { time: 'at', seconds }
    const fences = roam ? { roam } : geometry === null ? { layer: 'zones' } : { geometry: { wkt: geometry } }
    while (!this.#isStopped) {
      this.connections++
      const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 })
      this.#cut = () => client.terminate()
      try {
        for await (const { data, errors } of client.iterate<{ fences: Update }>({
          query: FENCES,
          variables: { fences, detect, dwell, since: this.token },
        })) {
          if (!data) throw errors
          this.token = data.fences.token
          for (const { version, detect, fence, object } of data.fences.events ?? [])
            this.events.push([version, object.key, fence ?? '', detect].join(' '))
        }
      } catch (error) {
        if (Array.isArray(error)) this.refused.push(JSON.stringify(error))
      }
      await client.dispose()
      await sleep(20)
    }
  }
}

const random = new Random()
const commits: Commit[] = []

let seconds = 0

async function write(layer: 'cars' | 'zones', features: Readonly<Record<string, string | null>>): Promise<void> {
  seconds += random.integer(20)
  const properties = layer === 'cars' ? { at: new Date(seconds * 1_000).toISOString().slice(0, -1) } : {}
  const written = Object.entries(features).flatMap(([key, wkt]) => (wkt === null ? [] : [{ key, geometry: { wkt }, properties }]))
  const keys = Object.keys(features).filter((key) => features[key] === null)
  const answer =
    keys.length > 0
      ? await ask<{ deleteFeatures: { version: string } }>({ url }, DELETE, { layer, keys })
      : await ask<{ upsertFeatures: { version: string } }>({ url }, UPSERT, { layer, features: written })
  expect(answer.errors).toBeUndefined()
  commits.push({ version: Number(Object.values(answer.data!)[0]!.version), layer, features, at: seconds })
}

/** Whole numbers, so that places are often on a border or a corner. */
const whole = () => random.integer(SIZE + 1)

function polygon(): string {
  const [x, y, w, h] = [random.integer(SIZE), random.integer(SIZE), 2 + random.integer(8), 2 + random.integer(8)]
  const ring = `(${x} ${y}, ${x + w} ${y}, ${x + w} ${y + h}, ${x} ${y + h}, ${x} ${y})`
  const hole = `(${x + 0.5} ${y + 0.5}, ${x + 0.5} ${y + h - 0.5}, ${x + w - 0.5} ${y + h - 0.5}, ${x + w - 0.5} ${y + 0.5}, ${x + 0.5} ${y + 0.5})`
  return random.pick([
    `POLYGON (${ring})`,
    `POLYGON (${ring}, ${hole})`,
    `POLYGON ((${x} ${y}, ${x + w} ${y}, ${x} ${y + h}, ${x} ${y}))`,
    `LINESTRING (${x} ${y}, ${x + w} ${y + h})`,
  ])
}

const places = new Map<string, readonly [number, number]>()

/** Often near the place before, so that objects stay inside. */
function place(key: string): string {
  const before = places.get(key)
  const step = () => random.integer(3) - 1
  const [x, y] = before && random.chance(0.6) ? [before[0] + step(), before[1] + step()] : [whole(), whole()]
  places.set(key, [x, y])
  return random.chance(0.8) ? `POINT (${x} ${y})` : `LINESTRING (${x} ${y}, ${whole() + 0.5} ${whole()})`
}

test('each subscriber receives every event exactly once, while workers and the server are killed', {
  timeout: 120_000 + COMMITS * 1_000,
}, async () => {
  const columns = { cars: [{ name: 'at', type: 'TIMESTAMP' }], zones: [] }
  for (const [name, list] of Object.entries(columns))
    expect((await ask({ url }, CREATE, { name, columns: list })).errors).toBeUndefined()
  await write('zones', Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`z${n}`, polygon()])))
  const [zonesOfAll, few] = [
    { geometry: null, detect: ALL },
    { geometry: null, detect: ['ENTER', 'EXIT', 'CROSS'] },
  ]
  const watches: Watch[] = [
    zonesOfAll,
    few,
    { geometry: polygon(), detect: ALL },
    { geometry: polygon(), detect: ['ENTER', 'EXIT', 'CROSS'] },
    { geometry: null, roam: 250_000, detect: ['ROAM'] },
    { geometry: null, dwell: 60, detect: ['EXIT', 'DWELL'] },
  ]
  const subscribers = watches.map((watch) => new Subscriber(watch))
  await expect.poll(() => subscribers.every(({ token }) => token !== null), { timeout: 20_000 }).toBe(true)
  for (let n = 0; n < COMMITS; n++) {
    const keys = [...new Set(random.list(1 + random.integer(3), () => `car${random.integer(OBJECTS)}`))]
    if (n % 25 === 12)
      await write('zones', random.chance(0.7) ? { [`z${random.integer(8)}`]: polygon() } : { [`z${random.integer(8)}`]: null })
    else await write('cars', Object.fromEntries(keys.map((key) => [key, n % 9 === 8 ? null : place(key)])))
    if (n % 20 === 10) subscribers[random.integer(subscribers.length)]!.cut()
    if (n % 30 === 15) for (const pid of processesOf(server.pid, 'query/worker')) process.kill(pid, 'SIGKILL')
    if (n % 100 === 35) {
      process.kill(server.pid, 'SIGKILL')
      await server.ended
      await start()
    }
  }
  // The last event of each subscriber.
  await write('zones', { z0: 'POLYGON ((100 0, 110 0, 110 10, 100 10, 100 0))' })
  for (const { geometry } of watches) await write('cars', { last: geometry === null ? 'POINT (105 5)' : geometry })
  for (let n = 0; n < 3; n++, seconds += 60) await write('cars', { last: 'POINT (105 5)', friend: 'POINT (105 5)' })
  const expected = await python<string[][]>(ORACLE, [], JSON.stringify({ commits, watches }))
  for (const [n, { events, refused }] of subscribers.entries()) {
    await expect
      .poll(() => events.length, { timeout: 60_000, message: JSON.stringify(refused) })
      .toBeGreaterThanOrEqual(expected[n]!.length)
    const versions = events.map((event) => Number(event.split(' ')[0]))
    expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    expect(events.toSorted(), JSON.stringify(watches[n])).toEqual(expected[n]!.toSorted())
    expect(refused.filter((text) => !/SHUTTING_DOWN|WORKER/.test(text))).toEqual([])
  }
  const kinds = new Set(expected.flat().map((event) => event.split(' ')[3]))
  expect([...kinds].toSorted()).toEqual([...ALL, 'DWELL', 'ROAM'].toSorted())
  expect(subscribers.every(({ connections }) => connections > 1)).toBe(true)
  for (const subscriber of subscribers) await subscriber.stop()
})
