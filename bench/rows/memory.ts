import { join } from 'node:path'
import { streamArm } from '../arms/stream.ts'
import { LARGE_LAYER } from '../data/layers.ts'
import { watchPeakRss } from '../process-usage.ts'
import type { Rig } from '../rig.ts'
import type { Arm, Figure, Row } from '../row.ts'
import { startServer } from '../server.ts'

/** On a new server, because a process never returns all of its memory. */
function arm(layer: string, rows: number, folder: (rig: Rig) => Promise<string>): Arm {
  const stream = streamArm(layer, rows, 'arrow')
  return {
    run: async (rig) => {
      const server = await startServer([join(await folder(rig), `${layer}.parquet`)])
      try {
        const watch = watchPeakRss([server.pid, ...(await server.workers()).map(({ pid }) => pid)])
        const { seconds = 0 } = await stream.run({ ...rig, server })
        return { rssMb: (await watch.stop()) / 1e6, usPerRow: (seconds * 1e6) / rows }
      } finally {
        await server.stop()
      }
    },
  }
}

const figure = (label: string, key: string, unit: string): Figure => {
  return { label, key, unit, arm: 'large', against: 'small', better: 'lower', threshold: 1.1, goal: null }
}

export const MEMORY: Row = {
  id: 'memory',
  title: '20M points against 1M points, Arrow over WebSocket',
  onlyIfNamed: true,
  arms: {
    small: arm('points', 1_000_000, (rig) => Promise.resolve(rig.data)),
    large: arm(LARGE_LAYER.name, LARGE_LAYER.rows, (rig) => rig.largeData()),
  },
  figures: [figure('peak RSS of server and workers', 'rssMb', 'MB'), figure('time per row', 'usPerRow', 'us')],
}
