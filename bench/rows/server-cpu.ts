import { streamArm } from '../arms/stream.ts'
import { cpuMs } from '../process-usage.ts'
import type { Arm, Row } from '../row.ts'

const ROWS = 500_000
const stream = streamArm('buildings', ROWS, 'geojson')

const server: Arm = {
  run: async (rig) => {
    const before = await cpuMs(rig.server.pid)
    await stream.run(rig)
    return { cpuMsPerThousand: (((await cpuMs(rig.server.pid)) - before) / ROWS) * 1_000 }
  },
}

export const SERVER_CPU: Row = {
  id: 'server-cpu',
  title: 'Processor time of the server process, GeoJSON over WebSocket, buildings',
  arms: { server },
  figures: [
    {
      label: 'per 1,000 features',
      key: 'cpuMsPerThousand',
      unit: 'ms',
      arm: 'server',
      better: 'lower',
      threshold: 0.6,
      goal: 0.3,
    },
  ],
}
