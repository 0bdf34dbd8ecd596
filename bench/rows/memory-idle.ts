import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryOf } from '../process-usage.ts'
import type { Arm, Figure, Row } from '../row.ts'
import { startServer } from '../server.ts'

/** Until a server that has just started is quiet. */
const SETTLE_MS = 3_000

const idle: Arm = {
  run: async ({ data }) => {
    const server = await startServer([join(data, 'parcels.parquet')])
    try {
      const pids = [server.pid, ...(await server.workers()).map(({ pid }) => pid)]
      await sleep(SETTLE_MS)
      return await memoryOf(pids)
    } finally {
      await server.stop()
    }
  },
}

const figure = (label: string, key: string, threshold: number, goal: number): Figure => {
  return { label, key, unit: 'MB', arm: 'idle', better: 'lower', threshold, goal }
}

export const MEMORY_IDLE: Row = {
  id: 'memory-idle',
  title: 'Memory of server and workers after a start',
  arms: { idle },
  figures: [
    figure('sum of RSS, which counts shared code in each process', 'rssMb', 450, 400),
    figure('sum of PSS, which counts it once', 'pssMb', 280, 250),
  ],
}
