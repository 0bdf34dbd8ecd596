import { linesArm } from '../arms/lines.ts'
import { pythonStreamArm } from '../arms/python-stream.ts'
import { streamArm } from '../arms/stream.ts'
import { tableOf } from '../data/store.ts'
import { nodePostgresStreamArm } from '../postgres/arms.ts'
import type { LayerName } from '../python/environment.ts'
import type { Figure, Row } from '../row.ts'

function row(layer: LayerName, rows: number, threshold: number, goal: number): Row {
  const rate = { key: 'rowsPerSecond', unit: 'rows/s', better: 'higher' } as const
  const lines = (arm: string): Figure => {
    const label = `rows/s of ${arm} over HTTP against node-postgres with a cursor`
    return { label, ...rate, arm, against: 'nodePostgres', threshold: 1, goal: 5 }
  }
  return {
    id: `python-${layer}`,
    title: `GeoJSON of all ${layer}, beside the Python pipeline and node-postgres`,
    arms: {
      geojson: streamArm(layer, rows, 'geojson'),
      fileLines: linesArm(layer, rows),
      tableLines: linesArm(tableOf(layer), rows),
      nodePostgres: nodePostgresStreamArm(layer, rows),
      python: pythonStreamArm(layer, rows),
    },
    figures: [
      {
        label: 'rows/s over WebSocket against the Python pipeline sending GeoJSON',
        ...rate,
        arm: 'geojson',
        against: 'python',
        threshold,
        goal,
      },
      lines('fileLines'),
      lines('tableLines'),
    ],
  }
}

export const GEOJSON_PYTHON_ROWS: readonly Row[] = [
  row('buildings', 500_000, 3.5, 5),
  row('points', 1_000_000, 3.5, 5),
  row('parcels', 50_000, 5, 8),
]
