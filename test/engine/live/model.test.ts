/** Random writes, compactions and queries of any kept version, compared with a model in memory. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LiveOptions } from '../../../src/catalog/live/live-layers.ts'
import { WrittenLayers } from '../../../src/catalog/live/written-layers.ts'
import { baseFile } from '../../../src/engines/duckdb/host/live-files.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { LiveFeature, LiveOperation } from '../../../src/model/live.ts'
import { pointWkb } from '../../support/live.ts'
import { ask, context, drain, pageIds, testPool } from '../../support/pool.ts'
import { Random } from '../../support/random.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
let live: WrittenLayers
let engine: Engine

const options = (more: Partial<LiveOptions> = {}): LiveOptions => ({
  directory: join(folder, 'store'),
  tempDirectory: folder,
  spatialExtension: SPATIAL_EXTENSION,
  memoryLimitBytes: 2 ** 29,
  log: { info: () => {}, warn: (fields, message) => console.warn(message, fields) },
  ...more,
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  live = await WrittenLayers.open(options())
  engine = await testPool([], {}, { live: live.directory })
})
afterEach(async () => {
  await engine.close()
  await live.close()
  await rm(folder, { recursive: true })
})

let mutations = 0
async function write(operation: LiveOperation, layer = 'cars') {
  const answer = await live.write({ layer, operation, idempotencyKey: `test ${mutations++}` })
  if ('refused' in answer) throw new Error(answer.refused)
  return answer
}

const COLUMNS = [
  { name: 'n', native: 'BIGINT' },
  { name: 'text', native: 'VARCHAR' },
]

const create = () => write({ kind: 'create', columns: COLUMNS, crs: 'OGC:CRS84' })

interface Car {
  readonly n: number
  readonly x: number
  readonly y: number
}

function featureOf(key: string, { n, x, y }: Car): LiveFeature {
  return { key, values: [String(n), `car ${key}`], geometry: pointWkb(x, y) }
}

const upsert = (cars: ReadonlyMap<string, Car>) =>
  write({
    kind: 'upsert',
    features: [...cars].map(([key, car]) => featureOf(key, car)),
    extent: [-180, -90, 180, 90],
    types: ['Point'],
  })

const outputs = [
  {
    kind: 'features',
    fields: [
      { key: 'id', field: 'key' },
      { key: 'p', field: 'properties', only: ['n'] },
    ],
  },
] as never

async function rowsOf(layer: Layer, batchSize: number): Promise<ReadonlyMap<string, number>> {
  const rows = new Map<string, number>()
  const stream = engine.stream(ask(layer, { outputs, properties: ['n'] }), { batchSize }, context())
  for await (const batch of stream) {
    for (const { id, p } of JSON.parse(Buffer.from(batch.outputs[0]!).toString()) as { id: string; p: { n: string } }[]) {
      expect(rows.has(id), `${id} comes twice`).toBe(false)
      rows.set(id, Number(p.n))
    }
    batch.release()
  }
  return rows
}

const numbers = (cars: ReadonlyMap<string, Car>) => new Map([...cars].map(([key, { n }]) => [key, n]))
const sorted = (rows: ReadonlyMap<string, number>) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

test('every kept version holds exactly what was written up to it, with compactions in between', {
  timeout: 300_000,
}, async () => {
  const random = new Random()
  await create()
  const cars = new Map<string, Car>()
  const versions: { layer: Layer; cars: ReadonlyMap<string, Car> }[] = []
  for (let step = 0; step < 120; step++) {
    if (random.chance(0.25)) {
      const keys = random.list(random.integer(30), () => `k${random.integer(400)}`)
      await write({ kind: 'delete', keys: [...new Set(keys)] })
      for (const key of keys) cars.delete(key)
    } else {
      const some = new Map(
        random.list(1 + random.integer(40), () => {
          const car = { n: random.integer(1e6), x: random.integer(360) - 180, y: random.integer(180) - 90 }
          return [`k${random.integer(400)}`, car] as const
        }),
      )
      await upsert(some)
      for (const [key, car] of some) cars.set(key, car)
    }
    versions.push({ layer: live.layer('cars')!, cars: new Map(cars) })
    // With more than 7 compactions, the first base may be gone.
    if (step % 20 === 10) await live.compact('cars')
    const { layer, cars: expected } = random.chance(0.5) ? versions.at(-1)! : random.pick(versions)
    expect(live.holds(layer)).toBe(true)
    expect(sorted(await rowsOf(layer, 1 + random.integer(200)))).toEqual(sorted(numbers(expected)))
    expect(live.layer('cars')!.featureCount).toBe(cars.size)
    const [west, south] = [random.integer(180) - 180, random.integer(90) - 90]
    const box = { bbox: [west, south, west + 100, south + 60] }
    const found = await engine.page(ask(layer, { where: { intersects: box } }), 1_000, context())
    const within = [...expected].filter(([, { x, y }]) => x >= west && x <= west + 100 && y >= south && y <= south + 60)
    expect(pageIds(found).sort()).toEqual(within.map(([key]) => key).sort())
    found.release()
  }
})

test('a worker reads a base whose file had the base of another layer before', async () => {
  await engine.close()
  await live.close()
  // An earlier base is removed at once.
  live = await WrittenLayers.open(options({ keepMs: 0 }))
  engine = await testPool([], { workers: 1 }, { live: live.directory })
  const read = async (name: string) => [...(await rowsOf(live.layer(name)!, 10)).values()]
  for (const [n, name] of ['cars', 'boats'].entries()) {
    await write({ kind: 'create', columns: COLUMNS, crs: 'OGC:CRS84' }, name)
    await write({ kind: 'upsert', features: [featureOf('k', { n, x: 1, y: 1 })], extent: [1, 1, 1, 1], types: ['Point'] }, name)
  }
  await live.compact('cars')
  expect(await read('cars')).toEqual([0])
  await live.compact('cars')
  const first = baseFile(live.directory, 0)
  await expect.poll(() => existsSync(first)).toBe(false)
  await live.compact('boats')
  expect(existsSync(first)).toBe(true)
  expect(await read('boats')).toEqual([1])
  expect(await read('cars')).toEqual([0])
})

test('a page continues at its own version after writes and two compactions', async () => {
  await create()
  const cars = new Map(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, { n, x: (n * 7) % 180, y: (n * 13) % 90 }]))
  await upsert(cars)
  await live.compact('cars')
  await upsert(new Map([...cars].slice(0, 500).map(([key, car]) => [key, { ...car, x: -car.x }])))
  const layer = live.layer('cars')!
  const release = live.use(layer)
  const first = await engine.page(ask(layer), 1_000, context())
  await upsert(new Map([...cars].slice(100, 900)))
  await live.compact('cars')
  await write({ kind: 'delete', keys: [...cars.keys()].slice(1_000, 2_000) })
  await live.compact('cars')
  const rest = await drain(engine.stream(ask(layer, { after: first.position }), { batchSize: 100 }, context()))
  const keys = [...pageIds(first), ...rest]
  expect(keys.sort()).toEqual([...cars.keys()].sort())
  expect(live.layer('cars')!.featureCount).toBe(2_000)
  release()
})

test('a base that nobody uses is removed, and its versions cannot be queried any more', async () => {
  await live.close()
  live = await WrittenLayers.open(options({ keepMs: 0, changesMs: 0 }))
  await create()
  await upsert(new Map([['a', { n: 1, x: 1, y: 1 }]]))
  const [unused, used] = [live.layer('cars')!, live.layer('cars')!]
  await live.compact('cars')
  const second = live.layer('cars')!
  const release = live.use(second)
  await upsert(new Map([['b', { n: 2, x: 1, y: 1 }]]))
  await live.compact('cars')
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect([live.holds(unused), live.holds(used), live.holds(second)]).toEqual([false, false, true])
  expect([...(await rowsOf(second, 10)).keys()]).toEqual(['a'])
  release()
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(live.holds(second)).toBe(false)
  expect([...(await rowsOf(live.layer('cars')!, 10)).keys()].sort()).toEqual(['a', 'b'])
  expect([live.keepsChangesSince('cars', 1), live.asOf('cars', 1)]).toEqual([false, undefined])
})

test('pages of changes end at a version, and a layer can be read as it was at any version that its bases keep', async () => {
  await create()
  const cars = (...keys: readonly string[]) => upsert(new Map(keys.map((key, n) => [key, { n, x: n, y: n }])))
  const [created, three, one, two] = [1, 2, 3, 4]
  await cars('a', 'b', 'c')
  await cars('a')
  await cars('b', 'd')
  const ends = (from: number) => [1, 3, 4, 5, 6, 100].map((most) => live.lastWithin('cars', from, most))
  expect(ends(created)).toEqual([three, three, one, one, two, two])
  expect(ends(three)).toEqual([one, two, two, two, two, two])
  await write({ kind: 'create', columns: COLUMNS, crs: 'OGC:CRS84' }, 'others')
  const place = new Map([['z', { n: 1, x: 1, y: 1 }]])
  await write(
    { kind: 'upsert', features: [...place].map(([key, car]) => featureOf(key, car)), extent: null, types: [] },
    'others',
  )
  await write({ kind: 'delete', keys: ['b'] })
  expect([created, three, one, two, 5, 6, 7].map((version) => live.nextChange('cars', version))).toEqual([
    2,
    3,
    4,
    7,
    7,
    7,
    Infinity,
  ])
  expect(live.asOf('others', two)).toBe(null)
  const keysAt = async (version: number) => [...(await rowsOf(live.asOf('cars', version)!, 10)).keys()].sort().join('')
  const all = async (versions: readonly number[]) => Promise.all(versions.map(keysAt))
  expect(await all([created, three, one, two, 5, 6, 7])).toEqual(['', 'abc', 'abc', 'abcd', 'abcd', 'abcd', 'acd'])
  await live.compact('cars')
  expect(await all([two, 7])).toEqual(['abcd', 'acd'])
})
