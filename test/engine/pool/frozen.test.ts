/** A worker that is stopped (SIGSTOP) is found out and replaced: no operation ends by it, and nobody waits for it for long. */

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders } from '../../support/faults/order.ts'
import { countIn } from '../../support/filter.ts'
import { descendants } from '../../support/launched.ts'
import { ask, context, drain, eventually, isAtRest, squaresLayer, testPool } from '../../support/pool.ts'

/** Far more than it takes to find a frozen worker out, and far less than its boot is given, or a deadline. */
const SOON_MS = 20_000

const orders = new Orders()
let engine: Engine
let layer: ReturnType<typeof squaresLayer>
let number = 0

beforeAll(async () => {
  const file = await grid()
  layer = { ...squaresLayer(file, GRID_ROWS), pruning: { kind: 'NONE' } }
  engine = await testPool([file], { workers: 2, deadlineSeconds: 120, execArgv: orders.execArgv }, { memoryLimitBytes: 3e8 })
})
afterAll(async () => {
  orders.end()
  await engine.close()
})

const question = () => ask(layer, { where: { property: { name: 'id', gte: String(-1 - number++) } } })
const workers = async () => (await engine.health()).workers
const whole = () => eventually(async () => (await workers()).every(isAtRest))
const deaths = async () => (await workers()).reduce((sum, worker) => sum + worker.deaths, 0)

/** The process ids of workers in the normal lane. */
async function pidsOf(state: 'BUSY' | 'IDLE'): Promise<number[]> {
  return (await workers()).flatMap((worker) =>
    worker.lane === 'NORMAL' && worker.state === state ? [worker.diagnostics!.pid] : [],
  )
}

/** Begins what `work` asks, and stops its worker at a chunk. */
async function frozenAt<Value>(chunk: number, work: () => Promise<Value>): Promise<Value> {
  await whole()
  orders.give({ fault: 'HOLD', at: chunk })
  const outcome = work()
  await eventually(async () => orders.held().length === 1)
  const [pid] = await pidsOf('BUSY')
  process.kill(pid!, 'SIGSTOP')
  orders.end()
  return await outcome
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

describe('a worker that is stopped', () => {
  test('in the middle of a stream costs it only some seconds', async () => {
    const before = await deaths()
    const ids = await frozenAt(10, () => drain(engine.stream(question(), { batchSize: 2_048 }, context())))
    expect(ids).toHaveLength(GRID_ROWS)
    expect((await deaths()) - before).toBe(1)
  })

  test('under a page does not end it by a deadline that is shorter than finding out takes', async () => {
    const page = await frozenAt(1, () => engine.page(question(), 5_000, { ...context(), deadlineMs: 1_500 }))
    expect(page.count).toBe(5_000)
    expect(page.execution).toMatchObject({ lane: 'NORMAL', attempts: 2, reason: 'a worker process ended' })
  })

  test('while it is idle holds nobody up for long, and is replaced', async () => {
    await whole()
    const stopped = await pidsOf('IDLE')
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
    expect(await took(() => countIn(engine, question(), context()))).toBeLessThan(SOON_MS)
    await whole()
    for (const pid of await pidsOf('IDLE')) expect(stopped).not.toContain(pid)
  })

  test('while it starts is replaced long before the limit of a start', async () => {
    await whole()
    const known = descendants(process.pid)
    const [pid] = await pidsOf('IDLE')
    process.kill(pid!, 'SIGKILL')
    const starting = () => descendants(process.pid).filter((child) => !known.includes(child) && isWorker(child))
    await eventually(async () => starting().length > 0)
    for (const child of starting()) process.kill(child, 'SIGSTOP')
    expect(await took(whole)).toBeLessThan(SOON_MS)
  })
})

test('a worker whose main thread is held up is not taken for one that is stopped', async () => {
  await whole()
  const before = await deaths()
  orders.give({ fault: 'SPIN', at: 3 })
  const { count, execution } = await engine.page(question(), GRID_ROWS, context())
  expect(orders.end()).toBe(true)
  expect({ count, attempts: execution.attempts }).toEqual({ count: GRID_ROWS, attempts: 1 })
  expect(await deaths()).toBe(before)
})

test('the figures of a worker that has ended are gone with it', async () => {
  await whole()
  const [pid] = await pidsOf('IDLE')
  process.kill(pid!, 'SIGKILL')
  const seen = new Set<string>()
  await eventually(async () => {
    const all = await workers()
    for (const worker of all) if (!isAtRest(worker)) seen.add(`${worker.state} ${worker.diagnostics?.pid ?? null}`)
    return seen.size > 0 && all.every(isAtRest)
  })
  expect([...seen]).toEqual(['STARTING null'])
})

/** Tinypool starts one more process under a place that is being replaced, and ends it. */
function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('tinypool') && readdirSync(`/proc/${pid}/task`).length > 0
  } catch {
    return false
  }
}
