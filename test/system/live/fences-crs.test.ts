/** Fences and objects in several coordinate systems, against pyproj and shapely. */
import { afterAll, expect, test } from 'vitest'
import { connect, watchFences } from '../../../src/client/client.ts'
import type { FencesInput } from '../../../src/client/inputs.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE, UPSERT } from '../../support/live.ts'
import { serveLive } from '../../support/live-server.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'

const { server } = await serveLive()
const client = connect(`${server.url}/graphql`)
afterAll(() => client.dispose())

/** Objects that move at random, in their CRS, and their fences. */
interface Case {
  readonly layer: string
  readonly crs: string
  readonly fences: FencesInput
  /** West, south, width and height of the places. */
  readonly within: readonly [number, number, number, number]
}

interface Expected {
  /** `version key EVENT`, for ROAM with the other key and the distance. */
  readonly events: readonly string[]
  /** The least distance of a place or a segment from being another event, in units of the CRS. */
  readonly margin: number
}

/** Computes the events of commits. A fence is made dense in its own CRS, because its edges are straight there. */
const ORACLE = `
import json, sys
import shapely
from pyproj import Transformer
def expected(crs, commits, geometry=None, roam=None):
    margins, events, objects = [], [], {}
    if geometry:
        fence = shapely.from_wkt(geometry["wkt"])
        to = Transformer.from_crs(geometry.get("crs", crs), crs, always_xy=True)
        fence = shapely.transform(shapely.segmentize(fence, fence.length / 20_000), to.transform, interleaved=False)
        shapely.prepare(fence)
    def of_fence(key, old, new):
        margins.append(shapely.distance(fence.boundary, new))
        before, after = old is not None and fence.intersects(old), fence.intersects(new)
        if before != after: return f"{key} {'ENTER' if after else 'EXIT'}"
        if before or old is None: return None
        way = shapely.LineString([old, new])
        crosses = fence.intersects(way)
        # How far the segment is from only touching the fence, and from missing it.
        margins.append(fence.intersection(way).length if crosses else fence.distance(way))
        return f"{key} CROSS" if crosses else None
    def is_near(places, key, other):
        if key not in places or other not in places: return False
        distance = places[key].distance(places[other])
        margins.append(abs(distance - roam))
        return distance <= roam
    for version, places in commits:
        moved = {key: shapely.Point(place) for key, place in places.items()}
        now = {**objects, **moved}
        if geometry: found = [of_fence(key, objects.get(key), place) for key, place in moved.items()]
        else: found = [f"{key} ROAM {other} {now[key].distance(now[other]):.3f}" for key in moved for other in now
            if other != key and not (other in moved and other < key) and is_near(now, key, other) and not is_near(objects, key, other)]
        events += [f"{version} {event}" for event in found if event]
        objects = now
    return {"events": events, "margin": float(min(margins))}
print(json.dumps([expected(**one) for one in json.load(sys.stdin)]))
`

/** In Switzerland, in metres of EPSG:2056, and about the same place in degrees. */
const SWISS =
  'POLYGON ((2600000 1150000, 2700000 1180000, 2650000 1250000, 2600000 1150000), (2640000 1180000, 2660000 1190000, 2650000 1200000, 2640000 1180000))'
const DEGREES = 'POLYGON ((7.5 46.5, 8.8 46.8, 8.1 47.4, 7.5 46.5))'
const MERCATOR = 'POLYGON ((834000 5860000, 980000 5900000, 900000 6010000, 834000 5860000))'
const AROUND_METRES = [2_570_000, 1_120_000, 160_000, 160_000] as const
const AROUND_DEGREES = [7, 46.2, 2.2, 1.5] as const

const CASES: readonly Case[] = [
  {
    layer: 'degrees_in_metres',
    crs: 'OGC:CRS84',
    fences: { geometry: { wkt: SWISS, crs: 'EPSG:2056' } },
    within: AROUND_DEGREES,
  },
  {
    layer: 'metres_in_degrees',
    crs: 'EPSG:2056',
    fences: { geometry: { wkt: DEGREES, crs: 'OGC:CRS84' } },
    within: AROUND_METRES,
  },
  {
    layer: 'utm_in_mercator',
    crs: 'EPSG:32632',
    fences: { geometry: { wkt: MERCATOR, crs: 'EPSG:3857' } },
    within: [370_000, 5_110_000, 170_000, 150_000],
  },
  { layer: 'metres_in_metres', crs: 'EPSG:2056', fences: { geometry: { wkt: SWISS } }, within: AROUND_METRES },
  { layer: 'roam_in_metres', crs: 'EPSG:2056', fences: { roam: 40_000 }, within: AROUND_METRES },
  { layer: 'roam_in_feet', crs: 'EPSG:2263', fences: { roam: 5_000 }, within: [980_000, 190_000, 20_000, 20_000] },
  { layer: 'roam_in_degrees_of_etrs89', crs: 'EPSG:4258', fences: { roam: 0.5 }, within: AROUND_DEGREES },
]

const random = new Random()

/** Moves the objects, and returns what is sent and what the oracle is asked. */
async function followed({ layer, crs, fences, within: [west, south, width, height] }: Case, random: Random) {
  expect((await ask(server, CREATE, { name: layer, columns: [], crs })).errors).toBeUndefined()
  const watch = watchFences({ client, objects: layer, fences, maxPerSecond: 50 })
  await watch.next()
  const place = () => [west + random.next() * width, south + random.next() * height] as const
  const commits: (readonly [version: string, places: object])[] = []
  for (let n = 0; n < 15; n++) {
    const places = new Map(random.list(1 + random.integer(4), () => [`k${random.integer(6)}`, place()]))
    const features = [...places].map(([key, at]) => ({ key, geometry: { wkt: `POINT (${at.join(' ')})` } }))
    const { data } = await ask<{ upsertFeatures: { version: string } }>(server, UPSERT, { layer, features })
    commits.push([data!.upsertFeatures.version, Object.fromEntries(places)])
  }
  const receive = async (count: number) => {
    const events: string[] = []
    while (events.length < count) {
      for (const { version, object, detect, fence, distance } of (await watch.next()).value.events)
        events.push([version, object.key, detect, ...(detect === 'ROAM' ? [fence, distance.toFixed(3)] : [])].join(' '))
    }
    watch.close()
    return events
  }
  return { receive, question: { crs, commits, ...fences } }
}

test('events of fences and objects in degrees, metres and feet are those of pyproj and shapely', async () => {
  // Each case has random numbers by itself: the cases run side by side, so with shared ones a seed would not repeat a run.
  const all = await Promise.all(CASES.map((one) => followed(one, new Random(random.integer(2 ** 32)))))
  const answers = await python<Expected[]>(ORACLE, [], JSON.stringify(all.map(({ question }) => question)))
  const kinds = new Set<string | undefined>()
  for (const [n, { layer, fences, within }] of CASES.entries()) {
    const { events, margin } = answers[n]!
    // Otherwise the last digit decides.
    expect(margin, layer).toBeGreaterThan(within[2] * 1e-9)
    expect((await all[n]!.receive(events.length)).toSorted(), layer).toEqual(events.toSorted())
    const found = new Set(events.map((event) => event.split(' ')[2]))
    expect(found.size, layer).toBeGreaterThan(0)
    // A walk may end before its last kind of event, so only all of them together have each kind.
    for (const kind of found) expect(fences.geometry ? ['ENTER', 'EXIT', 'CROSS'] : ['ROAM'], layer).toContain(kind)
    for (const kind of found) kinds.add(kind)
  }
  expect(kinds).toEqual(new Set(['ENTER', 'EXIT', 'CROSS', 'ROAM']))
})

test('a fence that has no place in the CRS of the objects is refused with its first change', async () => {
  await ask(server, CREATE, { name: 'far', columns: [], crs: 'EPSG:2056' })
  const geometry = { wkt: 'POINT (1e30 1e30)', crs: 'EPSG:3035' }
  const watch = watchFences({ client, objects: 'far', fences: { geometry } })
  await watch.next()
  const features = [{ key: 'a', geometry: { wkt: 'POINT (2600000 1200000)' } }]
  await ask(server, UPSERT, { layer: 'far', features })
  const read = async () => {
    for await (const { events } of watch) expect(events).toEqual([])
  }
  await expect(read()).rejects.toMatchObject({ code: 'BAD_INPUT' })
})
