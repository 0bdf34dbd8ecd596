import { join } from 'node:path'
import { pythonStreamArm } from '../arms/python-stream.ts'
import { runForSample } from '../child.ts'
import type { Arm, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'page.ts')
const ROWS = 100_000

const page: Arm = {
  run: ({ server }) => {
    const query = `{ features(layer: "buildings", first: ${ROWS}) { count geojson } }`
    return runForSample([CLIENT, JSON.stringify({ url: server.url, query, rows: ROWS })])
  },
}

export const PAGE: Row = {
  id: 'page',
  title: 'A page of 100,000 buildings as GeoJSON over HTTP',
  arms: { page, python: pythonStreamArm('buildings', ROWS) },
  figures: [
    { label: 'first byte', key: 'firstMs', unit: 'ms', arm: 'page', better: 'lower', threshold: 150, goal: 50 },
    {
      label: "total against the Python pipeline's WebSocket",
      key: 'totalMs',
      unit: 'ms',
      arm: 'page',
      against: 'python',
      better: 'lower',
      threshold: 0.35,
      goal: 0.2,
    },
  ],
}
