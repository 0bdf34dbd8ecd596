/** Clients that must release a worker, and clients that find the queue full. `fairness-rules` tests who gets a worker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { allIds, ask, context, drain, eventually, pageIds, ROWS, squares, squaresLayer, testPool } from '../../support/pool.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  engine = await testPool([file], { workers: 2, pageBytes: 1e9 }, { threads: 1 })
})
afterAll(() => engine.close())

const asker = (client: string, address: string) => ({ ...context(client), address })
/** Some seconds of engine time: a sort by text of everything, in one page. */
const LONG = () => ask(layer, { orderBy: [{ property: 'name' }], properties: ['name'] })
const SHORT = () => ask(layer, { where: { property: { name: 'id', lt: '10' } } })

describe('a greedy client', () => {
  test.each([
    ['on one connection', () => 'one'],
    ['on many connections of one address', (n: number) => `connection ${n}`],
  ])('%s, receives every requested feature once, although others come first meanwhile', async (_, client) => {
    const greedy = Array.from({ length: 6 }, (_, n) => engine.page(LONG(), ROWS, asker(client(n), 'greedy')))
    await eventually(async () => (await engine.health()).queued === 4)
    for (let n = 0; n < 5; n++) {
      const page = await engine.page(SHORT(), 100, asker(`modest ${n}`, 'modest'))
      expect(pageIds(page)).toHaveLength(10)
    }
    for (const { count, execution } of await Promise.all(greedy)) {
      expect({ count, ...execution }).toMatchObject({ count: ROWS, degraded: false, attempts: 1 })
    }
  })

  test('whose streams sort releases one before its first batch, and receives everything in the end', async () => {
    // Until nobody else has asked lately, one worker is not for him.
    await sleep(3_000)
    const streams = Array.from({ length: 2 }, () =>
      drain(engine.stream(ask(layer, { orderBy: [{ property: 'name' }] }), { batchSize: 10_000 }, asker('one', 'greedy'))),
    )
    await eventually(async () => (await engine.health()).streams.running === 2)
    expect((await engine.page(SHORT(), 100, asker('modest', 'modest'))).count).toBe(10)
    const byName = allIds().sort()
    for (const ids of await Promise.all(streams)) expect(ids.join() === byName.join()).toBe(true)
  })
})

describe('a queue that is full', () => {
  test('turns newcomers away with OVERLOADED and when to come again, and never those that have begun', async () => {
    const small = await testPool([await squares()], { workers: 1, queueLength: 5, queueSeconds: 1 }, { threads: 1 })
    try {
      const stream = small.stream(ask(layer), { batchSize: 1_000 }, context('begun'))
      const first = await stream.next()
      const outcomes = await Promise.all([
        drain(stream).then((rest) => rest.length + (first.done ? 0 : first.value.count)),
        ...Array.from({ length: 40 }, (_, n) =>
          small.page(LONG(), 1_000, context(`client ${n}`)).then(
            ({ count }) => count,
            ({ code, details }) => ({ code, ...details }),
          ),
        ),
      ])
      expect(outcomes[0]).toBe(ROWS)
      const refused = outcomes.slice(1).filter((outcome) => outcome !== 1_000)
      expect(refused.length).toBeGreaterThan(20)
      for (const outcome of refused) expect(outcome).toEqual({ code: 'OVERLOADED', retryAfter: 1 })
    } finally {
      await small.close()
    }
  })
})
