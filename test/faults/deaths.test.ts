/**
 * The death of a worker, in every way and at every time: what ran in it goes on elsewhere or is told, others do not notice, and the pool is
 * whole again. What is hung is killed 2 s behind its deadline.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../src/pool/engine.ts'
import { ask, context, drain, eventually, squaresLayer, testPool } from '../pool/support.ts'
import { GRID_ROWS, grid } from './grid.ts'
import { type Fault, Orders } from './order.ts'

const DEADLINE_MS = 5_000
/** What does not hear its interrupt by then is killed. */
const KILL_MS = 2_000

const orders = new Orders()
let engine: Engine
let layer: ReturnType<typeof squaresLayer>
/** What a start takes on this machine as busy as it is. */
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
const whole = () => eventually(async () => (await engine.health()).workers.every(({ state }) => state === 'IDLE'), 4 * soon())
/** Another plan each time: no other's deaths are held against it. */
const question = () => ask(layer, { where: { property: { name: 'id', gte: String(-1 - number++) } } })
const deaths = async () => (await engine.health()).workers.reduce((sum, worker) => sum + worker.deaths, 0)

const DEATHS: readonly Fault[] = ['EXIT', 'LATE_THROW', 'REJECTION', 'HEAP', 'SIGKILL', 'SIGSEGV', 'HANG']
const AT_WORK = DEATHS.flatMap((fault) => (['query', 'stream'] as const).map((what) => [fault, what] as const))

describe('a worker that ends', { timeout: 180_000 }, () => {
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

describe('a plan that has ended two workers', () => {
  test('is refused for ten minutes, and others are not', async () => {
    const killer = question()
    const codes: unknown[] = []
    for (let run = 0; run < 3; run++) {
      orders.give({ fault: 'SIGSEGV', at: 5 })
      const outcome = await engine.page(killer, GRID_ROWS, context()).then(
        ({ count }) => count,
        (error: { code: string; details: object }) => [error.code, error.details],
      )
      codes.push(outcome)
      orders.end()
    }
    expect(codes[0]).toBe(GRID_ROWS)
    expect(codes.slice(1)).toEqual([
      ['QUARANTINED', { retryAfter: 600 }],
      ['QUARANTINED', { retryAfter: 600 }],
    ])
    expect(await engine.count(question(), context())).toBe(BigInt(GRID_ROWS))
    await whole()
  })
})
