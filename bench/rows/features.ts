import { streamArm } from '../arms/stream.ts'
import type { Row } from '../row.ts'

export const TYPED_FEATURES: Row = {
  id: 'typed-features',
  title: 'features { id geometry properties } over WebSocket, 500k buildings',
  arms: {
    features: streamArm('buildings', 500_000, 'features { id geometry properties }'),
    geojson: streamArm('buildings', 500_000, 'geojson'),
  },
  figures: [
    {
      label: 'rows/s against our own geojson',
      key: 'rowsPerSecond',
      unit: 'rows/s',
      arm: 'features',
      against: 'geojson',
      better: 'higher',
      threshold: 0.5,
      goal: 0.8,
    },
  ],
}
