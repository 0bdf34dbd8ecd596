/**
 * The rules of who gets a worker next and who must release one, with one test per rule. Executions are held in their workers, so that the test can
 * say, and only the rules decide what becomes of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { Orders } from '../../support/faults/order.ts'
import { ask, context, eventually, isAtRest, squares, squaresLayer, testPool } from '../../support/pool.ts'

/** A client above its half releases a worker after this time, and not before. */
const EXCESS_MS = 250
const NAMES = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'b0', 'b1', 'b2', 'c0']

const orders = new Orders()
let layer: Layer
let engine: Engine
let round = 0
const left: Promise<unknown>[] = []
/** The executions that are held in this test. */
const seen = new Set<string>()
const leave = { signal: new AbortController() }

const open = async (workers: number) => {
  engine = await testPool(layer.relation.kind === 'parquet' ? layer.relation.files : [], {
    workers,
    deadlineSeconds: 120,
    queueSeconds: 120,
    execArgv: orders.execArgv,
  })
  await allIdle(60_000)
}

const allIdle = (ms: number) => eventually(async () => (await engine.health()).workers.every(isAtRest), ms)

beforeAll(async () => {
  layer = squaresLayer(await squares())
})
beforeEach(() => {
  round++
  seen.clear()
  leave.signal = new AbortController()
  orders.give({ fault: 'HOLD', at: 1, lasting: true })
})
afterEach(async () => {
  leave.signal.abort(new Error('the test is over'))
  orders.end()
  await Promise.all(left.splice(0))
  await allIdle(20_000)
})

/** A page of one row whose execution is held, with a unique number. */
function asks(name: string, client: string, address = client): Promise<unknown> {
  const query = ask(layer, { where: { property: { name: 'id', gte: String(-numberOf(name)) } } })
  const page = engine.page(query, 1, { ...context(client), address }, leave.signal.signal).catch(() => {})
  left.push(page)
  return page
}

const numberOf = (name: string) => 1_000 * round + NAMES.indexOf(name)

/** Held executions by name. */
function held(): string[] {
  const all = orders.held()
  const names = NAMES.filter((name) => all.some((values) => values.includes(`,-${numberOf(name)},`)))
  for (const name of names) seen.add(name)
  return names
}

const untilHeld = (...names: string[]) => expect.poll(held, { interval: 5 }).toEqual(names)

/** One after the other, so that each is the next in the queue. */
async function queue(...asked: [name: string, client: string, address?: string][]): Promise<void> {
  for (const [name, client, address] of asked) {
    const { queued } = await engine.health()
    void asks(name, client, address)
    await eventually(async () => (await engine.health()).queued === queued + 1)
  }
}

function done(name: string): void {
  for (const values of orders.held()) if (values.includes(`,-${numberOf(name)},`)) orders.release(values)
}

/** Long enough that a client above its half was asked twice. */
async function settled(): Promise<void> {
  const until = performance.now() + 3 * EXCESS_MS
  while (performance.now() < until) {
    held()
    await sleep(20)
  }
}

describe('of four workers', () => {
  beforeAll(() => open(4))
  afterAll(() => engine.close())

  test('one who has them all keeps half, the ones he had first, when others wait', async () => {
    for (const name of ['a0', 'a1', 'a2', 'a3']) {
      void asks(name, 'a')
      await expect.poll(held, { interval: 5 }).toContain(name)
    }
    void asks('b0', 'b')
    await untilHeld('a0', 'a1', 'a2', 'b0')
    void asks('b1', 'b')
    await untilHeld('a0', 'a1', 'b0', 'b1')
    await queue(['a4', 'a'], ['b2', 'b'])
    await settled()
    expect(held()).toEqual(['a0', 'a1', 'b0', 'b1'])
    // Half is free for either. A client's own waiting operations do not count as others.
    done('b0')
    await untilHeld('a0', 'a1', 'b1', 'b2')
    done('b1')
    // No other client waits: the operation without worker time is first, although others asked before.
    await untilHeld('a0', 'a1', 'a4', 'b2')
  })

  test('connections of one address have half between them', async () => {
    for (const name of ['a0', 'a1', 'a2', 'a3']) {
      void asks(name, `connection ${name}`, 'a')
      await expect.poll(held, { interval: 5 }).toContain(name)
    }
    // They have had as little as anybody, and asked before.
    await queue(['a4', 'connection a4', 'a'], ['a5', 'connection a5', 'a'])
    void asks('b0', 'b')
    void asks('b1', 'b')
    await untilHeld('a0', 'a1', 'b0', 'b1')
    await settled()
    expect(held()).toEqual(['a0', 'a1', 'b0', 'b1'])
    expect(seen).toEqual(new Set(['a0', 'a1', 'a2', 'a3', 'b0', 'b1']))
  })

  test('a connection has half of them also when all others have the same address', async () => {
    for (const name of ['a0', 'a1', 'a2', 'a3']) {
      void asks(name, 'a', 'proxy')
      await expect.poll(held, { interval: 5 }).toContain(name)
    }
    void asks('b0', 'b', 'proxy')
    void asks('c0', 'c', 'proxy')
    await untilHeld('a0', 'a1', 'b0', 'c0')
  })

  test('those that one has beyond his half are his while nobody else waits', async () => {
    for (const name of ['a0', 'a1', 'a2', 'a3']) {
      void asks(name, 'a')
      await expect.poll(held, { interval: 5 }).toContain(name)
    }
    await queue(['a4', 'a'])
    await settled()
    expect(held()).toEqual(['a0', 'a1', 'a2', 'a3'])
    expect(seen).not.toContain('a4')
  })

  test('one is released when another has waited for 250 ms, and not before', async () => {
    for (const name of ['a0', 'a1', 'a2', 'a3']) {
      void asks(name, 'a')
      await expect.poll(held, { interval: 5 }).toContain(name)
    }
    await queue(['a4', 'a'])
    for (const name of ['b0', 'c0']) {
      const began = performance.now()
      void asks(name, name)
      await expect.poll(held, { interval: 5 }).toContain(name)
      expect(performance.now() - began).toBeGreaterThan(EXCESS_MS - 5)
      // The next one comes in the middle of somebody else's time.
      await sleep(EXCESS_MS / 3)
    }
  })
})

describe('the one worker', () => {
  beforeAll(() => open(1))
  afterAll(() => engine.close())

  test('is for the client that has used the least time, in any order of requests', async () => {
    void asks('a0', 'a')
    await untilHeld('a0')
    await queue(['a1', 'a'], ['a2', 'a'], ['b0', 'b'], ['c0', 'c'])
    done('a0')
    await untilHeld('b0')
    done('b0')
    await untilHeld('c0')
    done('c0')
    await untilHeld('a1')
  })

  test('is for a newcomer as for one who has had the least so far, not as for one who has a credit from the past', async () => {
    void asks('a0', 'a')
    await untilHeld('a0')
    await queue(['a1', 'a'], ['a2', 'a'])
    await sleep(1_000)
    const began = performance.now()
    done('a0')
    await untilHeld('a1')
    await queue(['b0', 'b'], ['b1', 'b'])
    done('a1')
    await untilHeld('b0')
    // Longer than `a` has had since.
    await sleep(performance.now() - began)
    done('b0')
    await untilHeld('a2')
  })
})
