import { join } from 'node:path'
import { geoduckArm } from '../arms/requests.ts'
import type { Arm, Row } from '../row.ts'
import { startServer } from '../server.ts'

/** The client asks each of them once before it measures. */
const BOXES = 10

const executed = geoduckArm('buildings', { layer: 'buildings', kind: 'box', concurrency: 1, distinct: BOXES })

/** On a server that keeps results, as by default. */
const kept: Arm = {
  run: async (rig) => {
    const server = await startServer([join(rig.data, 'buildings.parquet')], [])
    try {
      return await executed.run({ ...rig, server })
    } finally {
      await server.stop()
    }
  },
}

export const BOXES_REPEATED: Row = {
  id: 'boxes-repeated',
  title: `${BOXES} boxes of 1,000 buildings over HTTP again and again, as a map that goes back and forth`,
  arms: { kept, executed },
  figures: [
    {
      label: 'p50 of a result that is kept',
      key: 'p50Ms',
      unit: 'ms',
      arm: 'kept',
      better: 'lower',
      threshold: 5,
      goal: 1,
    },
    {
      label: 'queries/s against executions',
      key: 'perSecond',
      unit: 'queries/s',
      arm: 'kept',
      against: 'executed',
      better: 'higher',
      threshold: 5,
      goal: 10,
    },
  ],
}
