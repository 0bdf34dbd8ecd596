import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { streamArm } from '../arms/stream.ts'
import { memoryOf } from '../process-usage.ts'
import type { Arm, Row } from '../row.ts'
import { startServer } from '../server.ts'

const ROWS = 50_000
const QUIET_MS = 10_000
const STREAMS = ['geojson', 'arrow'].map((selection) => streamArm('parcels', ROWS, selection))
const PAGES = ['geojson', 'arrow', 'features { id geometry }'].map(
  (selection) => `{ features(layer: "parcels", first: 10000) { ${selection} } }`,
)

const after: Arm = {
  run: async (rig) => {
    const server = await startServer([join(rig.data, 'parcels.parquet')])
    const page = async (query: string) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
      await response.arrayBuffer()
    }
    try {
      for (let round = 0; round < 2; round++)
        await Promise.all([...STREAMS.map((stream) => stream.run({ ...rig, server })), ...PAGES.map(page)])
      await sleep(QUIET_MS)
      return await memoryOf([server.pid, ...(await server.workers()).map(({ pid }) => pid)])
    } finally {
      await server.stop()
    }
  },
}

export const MEMORY_AFTER_PARCELS: Row = {
  id: 'memory-after-parcels',
  title: 'Memory of server and workers 10 s after streams and pages of 50,000 parcels at the same time',
  arms: { after },
  figures: [{ label: 'sum of RSS', key: 'rssMb', unit: 'MB', arm: 'after', better: 'lower', threshold: 900, goal: 800 }],
}
