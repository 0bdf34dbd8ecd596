/**
 * The cost of a resume in the worker's process: bytes that it read and processor time, which a busy machine does not
 * changes much. A clock would.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery, RowPosition } from '../../../src/model/query.ts'
import { ask, context, idsOf, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { procFile } from '../../support/proc.ts'
import { inOneOf } from '../../support/rounds.ts'

const ROWS = 1_000_000
const REST = ROWS / 10

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares(ROWS)
  layer = squaresLayer(file, ROWS)
  engine = await testPool([file], { deadlineSeconds: 120 })
})
afterAll(() => engine.close())

interface Cost {
  readonly cpuMs: number
  readonly bytes: number
}

/** The cost of the normal worker so far. */
async function spent(): Promise<Cost> {
  const { workers } = await engine.health()
  const pid = workers.find(({ lane }) => lane === 'NORMAL')?.diagnostics?.pid
  // Nanoseconds of each thread; the process itself counts in ticks of ten milliseconds.
  const threads = readdirSync(`/proc/${pid}/task`).map((id) => procFile(`/proc/${pid}/task/${id}/schedstat`))
  const cpuMs = threads.reduce((sum, times) => sum + Number(times.split(' ')[0]) / 1e6, 0)
  const [, read] = /^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))!
  return { cpuMs, bytes: Number(read) }
}

interface Run extends Cost {
  readonly ids: readonly string[]
  /** The position after the first nine tenths. */
  readonly position: RowPosition | null
}

/** The cheapest of three. */
async function run(query: FeatureQuery): Promise<Run> {
  const runs: Run[] = []
  for (let n = 0; n < 3; n++) {
    const before = await spent()
    const ids: string[] = []
    let position: RowPosition | null = null
    for await (const batch of engine.stream(query, { batchSize: 10_000 }, context())) {
      ids.push(...idsOf(batch.outputs))
      if (ids.length <= ROWS - REST) position = batch.position
      batch.release()
    }
    const after = await spent()
    runs.push({ ids, position, cpuMs: after.cpuMs - before.cpuMs, bytes: after.bytes - before.bytes })
  }
  return runs.toSorted((a, b) => a.cpuMs - b.cpuMs)[0]!
}

async function measure(orderBy: readonly FeatureOrder[]): Promise<{ cpu: number; bytes: number }> {
  const query = ask(layer, { orderBy, properties: ['name', 'score'] })
  const whole = await run(query)
  const rest = await run({ ...query, after: whole.position })
  expect(whole.ids).toHaveLength(ROWS)
  expect(rest.ids.length).toBeGreaterThanOrEqual(REST)
  expect(rest.ids.join() === whole.ids.slice(-rest.ids.length).join()).toBe(true)
  const ratio = { cpu: rest.cpuMs / whole.cpuMs, bytes: rest.bytes / whole.bytes }
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  console.log(
    `last ${rest.ids.length} of ${ROWS}: ${rest.cpuMs.toFixed(0)} of ${whole.cpuMs.toFixed(0)} ms of a processor (${percent(ratio.cpu)}), ` +
      `${rest.bytes} of ${whole.bytes} bytes read (${percent(ratio.bytes)})`,
  )
  return ratio
}

describe('a resume from the last tenth of a million features', { timeout: 240_000 }, () => {
  test('in natural order costs at most a fifth of a full scan', async () => {
    await inOneOf(3, async () => {
      const { cpu, bytes } = await measure([])
      expect(cpu).toBeLessThan(0.2)
      expect(bytes).toBeLessThan(0.2)
    })
  })

  test('sorted costs no more than the whole', async () => {
    await inOneOf(3, async () => {
      const { cpu } = await measure([{ property: 'score' }])
      expect(cpu).toBeLessThan(1)
    })
  })
})
