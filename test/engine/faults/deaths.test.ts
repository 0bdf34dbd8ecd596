/**
 * The death of a worker, in every way and at every time: its execution continues elsewhere or ends with an error, others do not notice, and the
 * pool is complete again. A worker that hangs is killed 2 s after its deadline.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { type Fault, Orders } from '../../support/faults/order.ts'
import { countIn } from '../../support/filter.ts'
import { ask, context, drain, eventually, isAtRest, squaresLayer, testPool } from '../../support/pool.ts'

const DEADLINE_MS = 5_000
/** A worker that ignores its interrupt for this time is killed. */
const KILL_MS = 2_000

const orders = new Orders()
let engine: Engine
let layer: ReturnType<typeof squaresLayer>
/** The time of a start on this machine with its current load. */
let boot: number
let number = 0

beforeAll(async () => {
  const file = await grid()
  layer = { ...squaresLayer(file, GRID_ROWS), pruning: { kind: 'NONE' } }
  const began = performance.now()
  engine = await testPool([file], { workers: 3, deadlineSeconds: 150, execArgv: orders.execArgv }, { memoryLimitBytes: 3e8 })
  boot = performance.now() - began
})
afterAll(() => engine.close())

/** 5 s, or on a starved machine as long as some starts. */
const soon = () => Math.max(5_000, 5 * boot)
const whole = () => eventually(async () => (await engine.health()).workers.every(isAtRest), 4 * soon())
/** Another plan each time: no other's deaths are held against it. */
const question = () => ask(layer, { where: { property: { name: 'id', gte: String(-1 - number++) } } })
/** The value by which an order identifies the execution. */
const numberOf = ({ where }: ReturnType<typeof question>) => /-\d+/.exec(JSON.stringify(where))![0]
const deaths = async () => (await engine.health()).workers.reduce((sum, worker) => sum + worker.deaths, 0)

const DEATHS: readonly Fault[] = ['EXIT', 'LATE_THROW', 'REJECTION', 'HEAP', 'SIGKILL', 'SIGSEGV', 'HANG']
const AT_WORK = DEATHS.flatMap((fault) => (['query', 'stream'] as const).map((what) => [fault, what] as const))

describe('a worker that ends', () => {
  test.each(AT_WORK)('by %s in a %s: it settles, others do not notice, the pool is whole', async (fault, what) => {
    const before = await deaths()
    const bystander = engine.stream(question(), { batchSize: 2_048 }, context('bystander'))
    const { value: first } = await bystander.next()
    const asked = question()
    orders.give({ fault, at: 10, of: String(-number) })
    const asker = fault === 'HANG' ? { ...context(), deadlineMs: DEADLINE_MS } : context()
    const began = performance.now()
    const work =
      what === 'query'
        ? engine.page(asked, GRID_ROWS, asker).then(({ count }) => count)
        : drain(engine.stream(asked, { batchSize: 2_048 }, asker)).then(({ length }) => length)
    const outcome = await work.catch((error: { code: string }) => error.code)
    const took = performance.now() - began
    expect(orders.end()).toBe(true)
    expect(outcome).toBe(fault === 'HANG' ? 'DEADLINE_EXCEEDED' : GRID_ROWS)
    if (fault === 'HANG') {
      expect(took).toBeGreaterThan(DEADLINE_MS + KILL_MS - 10)
      expect(took).toBeLessThan(DEADLINE_MS + KILL_MS + Math.max(1_000, 2 * boot))
    }
    // A heap takes its time to be exhausted; nothing has failed until then.
    else if (fault !== 'HEAP') expect(took).toBeLessThan(soon())
    expect((await drain(bystander)).length).toBe(GRID_ROWS - first.count)
    expect(await whole()).toBeLessThan(soon())
    expect((await deaths()) - before).toBe(1)
  })

  test.each(DEATHS.filter((fault) => fault !== 'HANG'))('by %s while it is idle is replaced', async (fault) => {
    const before = await deaths()
    const { workers } = await engine.health()
    const pid = workers.find(({ lane }) => lane === 'NORMAL')?.diagnostics?.pid ?? 0
    orders.give({ fault, at: 0 })
    process.kill(pid, 'SIGUSR2')
    await eventually(async () => (await deaths()) === before + 1, soon())
    expect(orders.end()).toBe(true)
    expect(await whole()).toBeLessThan(soon())
  })
})

describe('a query that ends its worker', () => {
  const outcomeOf = (query: ReturnType<typeof question>, rows = GRID_ROWS) =>
    engine.page(query, rows, context()).then(
      ({ count, execution: { lane } }) => [count, lane],
      (error: { code: string; details: object }) => [error.code, error.details],
    )
  const killing = async (query: ReturnType<typeof question>, rows = GRID_ROWS) => {
    const of = numberOf(query)
    orders.give({ fault: 'SIGSEGV', at: 2, lasting: true, of })
    const outcome = await outcomeOf(query, rows)
    orders.end()
    return outcome
  }
  const refused = ['QUARANTINED', { retryAfter: 60 }]

  test('runs alone in the serial lane, and is whole if it ends no worker there', async () => {
    const query = question()
    orders.give({ fault: 'SIGSEGV', at: 5, of: String(-number) })
    expect(await outcomeOf(query)).toEqual([GRID_ROWS, 'SERIAL'])
    expect(orders.end()).toBe(true)
    // It goes there at once from now on; others do not.
    expect(await outcomeOf(query)).toEqual([GRID_ROWS, 'SERIAL'])
    expect(await outcomeOf(question())).toEqual([GRID_ROWS, 'NORMAL'])
  })

  test('is refused for a minute if it ends the worker there too; nobody else is, and no third worker ends', async () => {
    const query = question()
    const before = await deaths()
    expect(await killing(query)).toEqual(refused)
    expect((await deaths()) - before).toBe(2)
    expect(await outcomeOf(query)).toEqual(refused)
    expect(await countIn(engine, question(), context())).toBe(BigInt(GRID_ROWS))
  })

  test('asked many times at once ends few workers, and none of the other clients', async () => {
    const query = question()
    const before = await deaths()
    const bystander = engine.stream(question(), { batchSize: 2_048 }, context('bystander'))
    const of = numberOf(query)
    orders.give({ fault: 'SIGSEGV', at: 2, lasting: true, of })
    const outcomes = await Promise.all([drain(bystander), ...Array.from({ length: 30 }, () => outcomeOf(query))])
    orders.end()
    expect(outcomes[0]).toHaveLength(GRID_ROWS)
    for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(['QUARANTINED', { retryAfter: expect.any(Number) }])
    // The workers that ran at once, and one that was alone.
    expect((await deaths()) - before).toBeLessThanOrEqual(4)
    await whole()
  })

  test('under another limit is tried alone again, and then refused under every limit', async () => {
    const query = question()
    expect(await killing(query, 50_000)).toEqual(refused)
    expect(await outcomeOf(query, 10)).toEqual([10, 'SERIAL'])
    const before = await deaths()
    expect(await killing(query, 60_000)).toEqual(refused)
    for (const rows of [10, 70_000, 80_000]) {
      expect(await killing(query, rows)).toEqual(['QUARANTINED', { retryAfter: expect.any(Number) }])
    }
    expect((await deaths()) - before).toBe(1)
    await whole()
  })
})

describe('a worker that is killed from outside', () => {
  const pidsOfBusy = async () => {
    const { workers } = await engine.health()
    return workers.flatMap(({ state, diagnostics }) => (state === 'BUSY' && diagnostics ? [diagnostics.pid] : []))
  }

  test.each(['page', 'stream'] as const)(
    'eight times one after the other, before its first batch, costs a %s nothing',
    async (what) => {
      const query = question()
      const of = String(-number)
      orders.give({ fault: 'HOLD', at: 1, lasting: true, of })
      const work =
        what === 'page'
          ? engine.page(query, GRID_ROWS, context()).then(({ count }) => count)
          : drain(engine.stream(query, { batchSize: 2_048 }, context())).then(({ length }) => length)
      for (let kill = 0; kill < 8; kill++) {
        await eventually(async () => orders.held().length === 1)
        for (const pid of await pidsOfBusy()) process.kill(pid, 'SIGKILL')
        for (const values of orders.held()) orders.release(values)
      }
      await eventually(async () => orders.held().length === 1)
      orders.end()
      expect(await work).toBe(GRID_ROWS)
      expect((await engine.page(query, 10, context())).execution.lane).toBe('NORMAL')
      await whole()
    },
  )

  test('under one and the same query again and again never has it refused', async () => {
    const query = question()
    for (let run = 0; run < 8; run++) {
      orders.give({ fault: 'SIGKILL', at: 3, of: String(-number) })
      expect((await engine.page(query, GRID_ROWS, context())).count).toBe(GRID_ROWS)
      expect(orders.end()).toBe(true)
    }
  })

  test('without an end is WORKER_LOST', async () => {
    const query = question()
    orders.give({ fault: 'SIGKILL', at: 1, lasting: true, of: String(-number) })
    await expect(countIn(engine, query, context())).rejects.toMatchObject({ code: 'WORKER_LOST' })
    orders.end()
    expect(await countIn(engine, query, context())).toBe(BigInt(GRID_ROWS))
    await whole()
  })
})
