import { join } from 'node:path'
import { firstChunkArm } from '../arms/drain.ts'
import { runForSample } from '../child.ts'
import type { Arm, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'first-batch.ts')
const RUNS = 10

const batch: Arm = {
  run: ({ server }) => {
    const query = 'subscription { featureBatches(layer: "buildings") { count geojson } }'
    return runForSample([CLIENT, JSON.stringify({ url: server.url, query, runs: RUNS })])
  },
}

export const FIRST_BATCH: Row = {
  id: 'first-batch',
  title: 'First GeoJSON batch of all 500k buildings, GeoParquet',
  arms: { batch, chunk: firstChunkArm('buildings', 'geojson', RUNS) },
  figures: [
    {
      label: "against the engine's own first chunk",
      key: 'firstMs',
      unit: 'ms',
      arm: 'batch',
      against: 'chunk',
      better: 'lower',
      threshold: 2.5,
      goal: 1.5,
    },
    { label: 'on a warm server', key: 'firstMs', unit: 'ms', arm: 'batch', better: 'lower', threshold: 150, goal: 40 },
  ],
}
