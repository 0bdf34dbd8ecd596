/** Workers without work: which have a process, and when it starts and ends. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine, WorkerHealth } from '../../../src/engines/engine.ts'
import { ask, context, drain, eventually, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { ALL_FIELDS } from './rows.ts'

let [file, other]: string[] = []
beforeEach(async () => {
  ;[file, other] = [await squares(), await squares(1_000)]
})

let engine: Engine
afterEach(() => engine.close())

const workersOf = async (lane: WorkerHealth['lane']) => (await engine.health()).workers.filter((worker) => worker.lane === lane)
const statesOf = async (lane: WorkerHealth['lane']) => (await workersOf(lane)).map(({ state }) => state)
const all = () => engine.stream(ask(squaresLayer(file!)), { batchSize: 1_024 }, context())

test('the worker of the serial lane starts when work needs it, reads what was allowed meanwhile, and ends when it is idle', async () => {
  engine = await testPool([other!], { memoryShare: 0, workerIdleSeconds: 0.3 })
  expect(await workersOf('SERIAL')).toMatchObject([{ state: 'ASLEEP', deaths: 0, diagnostics: null }])
  await engine.renew({ allowedPaths: [file!], databases: [] })
  for (let times = 0; times < 2; times++) {
    const { count, execution } = await engine.page(ask(squaresLayer(file!)), 10, context())
    expect({ count, lane: execution.lane }).toEqual({ count: 10, lane: 'SERIAL' })
    await eventually(async () => (await statesOf('SERIAL'))[0] === 'ASLEEP')
  }
  expect(await workersOf('SERIAL')).toMatchObject([{ deaths: 0, diagnostics: null }])
})

test('one worker of the normal lane has a process at the start, others start when operations wait, and end when they are idle', async () => {
  engine = await testPool([file!], { workers: 3, workerIdleSeconds: 0.5 })
  expect(await statesOf('NORMAL')).toEqual(['IDLE', 'ASLEEP', 'ASLEEP'])
  for (let times = 0; times < 2; times++) {
    // Two at a time, until they have a worker each.
    let areDone = false
    const reading = [0, 1].map(async () => {
      while (!areDone) expect(await drain(all())).toHaveLength(200_000)
    })
    await eventually(async () => (await statesOf('NORMAL')).join() === 'BUSY,BUSY,ASLEEP')
    areDone = true
    await Promise.all(reading)
    await eventually(async () => (await statesOf('NORMAL')).join() === 'IDLE,ASLEEP,ASLEEP')
  }
  expect((await workersOf('NORMAL')).map(({ deaths }) => deaths)).toEqual([0, 0, 0])
})

test('while the only worker with a process is replaced, another one answers', async () => {
  engine = await testPool([file!], { workers: 2, workerIdleSeconds: 60 })
  let isRenewed = false
  const renewed = engine.renew({ allowedPaths: [file!, other!], databases: [] }).then(() => {
    isRenewed = true
  })
  let answers = 0
  while (!isRenewed) {
    await engine.page(ask(squaresLayer(file!)), 10, context())
    if ((await statesOf('NORMAL'))[0] === 'STARTING') answers++
  }
  await renewed
  // It starts for half a second.
  expect(answers).toBeGreaterThan(10)
})

test('an idle worker with much memory ends after seconds, except the first', async () => {
  const rows = 1_000_000
  const big = await squares(rows)
  engine = await testPool([big], { workers: 2, workerIdleSeconds: 60, pageBytes: 500e6 })
  const query = ask(squaresLayer(big, rows), { outputs: ALL_FIELDS, properties: null })
  for (let times = 0; times < 2; times++) {
    const pages = [0, 1].map(() => engine.page(query, 900_000, context()))
    for (const { release } of await Promise.all(pages)) release()
  }
  expect(await statesOf('NORMAL')).toEqual(['IDLE', 'IDLE'])
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  const [first, second] = await workersOf('NORMAL')
  expect(first?.state).toBe('IDLE')
  // The engine may have returned the memory by itself.
  expect(second?.diagnostics?.rssBytes ?? 0).toBeLessThan(200e6)
})
