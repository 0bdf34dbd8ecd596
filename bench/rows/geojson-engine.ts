import { drainArm } from '../arms/drain.ts'
import { streamArm } from '../arms/stream.ts'
import type { Row } from '../row.ts'

export const GEOJSON_ENGINE: Row = {
  id: 'geojson-buildings',
  title: 'GeoJSON over WebSocket, 500k buildings, GeoParquet',
  arms: { geojson: streamArm('buildings', 500_000, 'geojson'), drain: drainArm('buildings', 'geojson') },
  figures: [
    {
      label: 'rows/s against the engine draining the same statement',
      key: 'rowsPerSecond',
      unit: 'rows/s',
      arm: 'geojson',
      against: 'drain',
      better: 'higher',
      threshold: null,
      goal: null,
    },
  ],
}
