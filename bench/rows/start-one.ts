import { join } from 'node:path'
import type { Arm, Row } from '../row.ts'
import { startServer } from '../server.ts'

const start: Arm = {
  run: async ({ data }) => {
    const server = await startServer([join(data, 'points.parquet')])
    await server.stop()
    return { ms: server.readyMs }
  },
}

export const START_ONE: Row = {
  id: 'start-one',
  title: 'Start of a server with one layer that it has served before',
  arms: { start },
  runs: 10,
  figures: [{ label: 'until it is ready', key: 'ms', unit: 'ms', arm: 'start', better: 'lower', threshold: 2_000, goal: 1_000 }],
}
