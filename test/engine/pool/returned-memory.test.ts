/** An idle worker returns the memory of wide rows to the system. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { fixture } from '../../fixtures/index.ts'
import { ask, context, squaresLayer, testPool } from '../../support/pool.ts'
import { ALL_FIELDS } from './rows.ts'

const WIDE_ROWS = 4_096

async function workerPid(engine: Engine): Promise<number> {
  const { workers } = await engine.health()
  return workers.find(({ lane }) => lane === 'NORMAL')!.diagnostics!.pid
}

/** Resident kilobytes of a process. */
const resident = (pid: number) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])

test('an idle worker returns most of the memory that sorts of wide rows needed', async () => {
  const file = await fixture('pressure/wide.parquet')
  const layer = { ...squaresLayer(file, WIDE_ROWS), pruning: { kind: 'NONE' } as const, geometryTypes: ['Point'] as const }
  const query = ask(layer, { orderBy: [{ property: 'score' }], outputs: ALL_FIELDS, properties: null })
  const engine = await testPool([file], {}, { memoryLimitBytes: 1e9, threads: 4 })
  try {
    await engine.page({ ...query, limit: 10 }, 10, context())
    const pid = await workerPid(engine)
    const before = resident(pid)
    let peak = before
    for (let times = 0; times < 3; times++)
      for await (const _ of engine.stream(query, { batchSize: 64 }, context())) peak = Math.max(peak, resident(pid))
    await expect.poll(() => resident(pid) - before).toBeLessThan((peak - before) / 2)
  } finally {
    await engine.close()
  }
})
