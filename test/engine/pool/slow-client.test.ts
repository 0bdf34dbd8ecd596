import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery } from '../../../src/model/query.ts'
import {
  allIds,
  ask,
  context,
  drain,
  eventually,
  idsOf,
  isAtRest,
  ROWS,
  squares,
  squaresLayer,
  testPool,
} from '../../support/pool.ts'
import { inOneOf } from '../../support/rounds.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  engine = await testPool([file])
})
afterAll(() => engine.close())

/** Processor time of the normal worker so far, in milliseconds. */
async function workerCpu(): Promise<number> {
  const { workers } = await engine.health()
  const pid = workers.find(({ lane }) => lane === 'NORMAL')?.diagnostics?.pid
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13) ?? []
  return 10 * (Number(user) + Number(system))
}

async function costOf(query: FeatureQuery, pauses: number): Promise<{ ids: string[]; cpu: number }> {
  const before = await workerCpu()
  const ids: string[] = []
  let batches = 0
  for await (const batch of engine.stream(query, { batchSize: 1_000 }, context())) {
    ids.push(...idsOf(batch.outputs))
    if (++batches <= pauses) await new Promise((resolve) => setTimeout(resolve, 1_300))
  }
  return { ids, cpu: (await workerCpu()) - before }
}

describe('a client that pauses between batches', () => {
  test.each([
    ['in natural order', []],
    ['sorted', [{ property: 'score' }]],
  ])('%s, costs at most 5 times the engine time of one that reads on, and gets the same', async (_, orderBy) => {
    const query = ask(layer, { orderBy, limit: 100_000 })
    await costOf(query, 0)
    await inOneOf(3, async () => {
      const fast = await costOf(query, 0)
      const slow = await costOf(query, 6)
      expect(slow.ids).toEqual(fast.ids)
      expect(slow.ids).toHaveLength(100_000)
      expect(slow.cpu).toBeLessThan(5 * fast.cpu)
    })
  })

  test('has its next batches on disk, and then is parked: no worker, two batches in memory', async () => {
    // Small batches: what a spool takes is bounded in time too, and a busy machine makes few large ones in it.
    const stream = engine.stream(ask(layer), { batchSize: 50 }, context())
    await stream.next()
    await eventually(async () => (await engine.health()).streams.parked === 1)
    expect((await engine.health()).workers.every(isAtRest)).toBe(true)
    const before = await workerCpu()
    // More than memory holds; how many more were put away in time, depends on the machine.
    for (let batch = 0; batch < 4; batch++) await stream.next()
    expect((await engine.health()).streams).toEqual({ running: 0, waiting: 0, parked: 1 })
    // Diagnostics cost a little.
    expect((await workerCpu()) - before).toBeLessThan(60)
    await stream.return()
  })

  test('continues from memory when the disk is full', async () => {
    const file = await squares()
    const cramped = await testPool([file], {}, { tempDirectoryBytes: 2_000 })
    try {
      const stream = cramped.stream(ask(layer), { batchSize: 1_000 }, context())
      await stream.next()
      await eventually(async () => (await cramped.health()).streams.parked === 1)
      expect(await drain(stream)).toEqual(allIds(ROWS).slice(1_000))
    } finally {
      await cramped.close()
    }
  })
})
