/** Workers that die at the same time: an execution moves to another worker that is dead too, but not known to be. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { allIds, ask, context, eventually, idsOf, squares, squaresLayer, testPool } from '../../support/pool.ts'

let engine: Engine
let file: string
beforeAll(async () => {
  file = await squares()
  engine = await testPool([file], { workers: 2 })
})
afterAll(() => engine.close())

/** Workers of the normal lane in that state. */
async function pidsOf(state: 'BUSY' | 'IDLE'): Promise<number[]> {
  const { workers } = await engine.health()
  return workers.flatMap((worker) => (worker.lane === 'NORMAL' && worker.state === state ? [worker.diagnostics!.pid] : []))
}

test('a plan is not suspected when its worker was dead before it started', async () => {
  await eventually(async () => (await pidsOf('IDLE')).length === 2)
  const stream = engine.stream(ask(squaresLayer(file)), { batchSize: 1_000 }, context())
  const ids: string[] = []
  const first = await stream.next()
  if (!first.done) ids.push(...idsOf(first.value.outputs))
  const [[busy], [other]] = [await pidsOf('BUSY'), await pidsOf('IDLE')]
  // It receives messages, but does not answer.
  process.kill(other!, 'SIGSTOP')
  process.kill(busy!, 'SIGKILL')
  const reading = (async () => {
    for await (const { outputs } of stream) ids.push(...idsOf(outputs))
  })()
  await eventually(async () => (await pidsOf('BUSY')).includes(other!))
  process.kill(other!, 'SIGKILL')
  await reading
  expect(ids).toEqual(allIds())
})
