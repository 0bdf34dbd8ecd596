import { drainArm } from '../arms/drain.ts'
import { streamArm } from '../arms/stream.ts'
import { tableOf } from '../data/store.ts'
import type { Figure, Row } from '../row.ts'

const ROWS_PER_SECOND: Omit<Figure, 'threshold' | 'goal'> = {
  label: 'rows/s against the engine draining the same statement',
  key: 'rowsPerSecond',
  unit: 'rows/s',
  arm: 'arrow',
  against: 'drain',
  better: 'higher',
}

function arrowRow(id: string, title: string, layer: string, rows: number, bar: Pick<Figure, 'threshold' | 'goal'>): Row {
  const arms = { arrow: streamArm(layer, rows, 'arrow'), drain: drainArm(layer, 'arrow') }
  return { id, title, arms, figures: [{ ...ROWS_PER_SECOND, ...bar }] }
}

export const ARROW_STREAM_ROWS: readonly Row[] = [
  arrowRow('arrow-buildings', 'Arrow over WebSocket, 500k buildings, GeoParquet', 'buildings', 500_000, {
    threshold: 0.3,
    goal: 0.45,
  }),
  arrowRow('arrow-points', 'Arrow over WebSocket, 1M points, GeoParquet', 'points', 1_000_000, { threshold: 0.3, goal: 0.45 }),
  arrowRow('arrow-table', 'Arrow over WebSocket, 500k buildings, imported table', tableOf('buildings'), 500_000, {
    threshold: null,
    goal: null,
  }),
]
