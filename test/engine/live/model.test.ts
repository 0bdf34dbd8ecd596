/** Random writes, compactions and queries of any kept version, compared with a model in memory. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LiveLayers, type LiveOptions } from '../../../src/catalog/live/live-layers.ts'
import { baseFile } from '../../../src/engines/duckdb/host/live-files.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { LiveFeature, LiveOperation } from '../../../src/model/live.ts'
import { pointWkb } from '../../support/live.ts'
import { ask, context, drain, pageIds, testPool } from '../../support/pool.ts'
import { Random } from '../../support/random.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
let live: LiveLayers
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
  live = await LiveLayers.open(options())
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
  let compactions = 0
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
    // One more would remove the first base, and cursors with it.
    if (random.chance(0.05) && compactions++ < 7) await live.compact('cars')
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
  live = await LiveLayers.open(options({ keepMs: 0 }))
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
  live = await LiveLayers.open(options({ keepMs: 0, changesMs: 0 }))
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
  await expect(Array.fromAsync(live.changesBetween('cars', 1, 3))).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
})

test('changes come in their order, with both images', async () => {
  await create()
  await upsert(
    new Map([
      ['a', { n: 1, x: 1, y: 1 }],
      ['b', { n: 2, x: 2, y: 2 }],
    ]),
  )
  await upsert(new Map([['a', { n: 3, x: 1, y: 1 }]]))
  await write({ kind: 'delete', keys: ['b', 'c'] })
  const changes = (await Array.fromAsync(live.changesBetween('cars', 1, 4))).flat()
  expect(changes.map(({ version, key, before, after }) => [version, key, before?.values[0], after?.values[0]])).toEqual([
    [2, 'a', undefined, '1'],
    [2, 'b', undefined, '2'],
    [3, 'a', '1', '3'],
    [4, 'b', '2', undefined],
  ])
  expect((await Array.fromAsync(live.changesBetween('cars', 2, 3))).flat()).toHaveLength(1)
})
