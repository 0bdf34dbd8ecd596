import { pythonStreamArm } from '../arms/python-stream.ts'
import { streamArm } from '../arms/stream.ts'
import type { LayerName } from '../python/environment.ts'
import type { Row } from '../row.ts'

function row(layer: LayerName, rows: number, threshold: number, goal: number): Row {
  return {
    id: `python-${layer}`,
    title: `GeoJSON over WebSocket, ${layer}, beside the Python pipeline`,
    arms: { geojson: streamArm(layer, rows, 'geojson'), python: pythonStreamArm(layer, rows) },
    figures: [
      {
        label: 'rows/s against the Python pipeline sending GeoJSON',
        key: 'rowsPerSecond',
        unit: 'rows/s',
        arm: 'geojson',
        against: 'python',
        better: 'higher',
        threshold,
        goal,
      },
    ],
  }
}

export const GEOJSON_PYTHON_ROWS: readonly Row[] = [
  row('buildings', 500_000, 3.5, 5),
  row('points', 1_000_000, 3.5, 5),
  row('parcels', 50_000, 5, 10),
]
