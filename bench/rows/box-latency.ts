import { join } from 'node:path'
import { engineOptions } from '../arms/drain.ts'
import { geoduckArm } from '../arms/requests.ts'
import { runForSample } from '../child.ts'
import { plainBoxQuery } from '../engine/plain-sql.ts'
import type { Arm, Row } from '../row.ts'

const PROGRAM = join(import.meta.dirname, '..', 'engine', 'boxes.ts')

const bare: Arm = {
  run: (rig) => {
    const sql = plainBoxQuery(join(rig.data, 'buildings.parquet'))
    const boxes = join(rig.data, 'buildings.boxes.json')
    return runForSample([PROGRAM, JSON.stringify({ ...engineOptions(rig), sql, boxes })])
  },
}

export const BOX_LATENCY: Row = {
  id: 'box-latency',
  title: 'One box query of 1,000 buildings over HTTP, GeoParquet',
  arms: { http: geoduckArm('buildings', { layer: 'buildings', kind: 'box', concurrency: 1 }), bare },
  figures: [
    {
      label: 'p50 against a bare connection to JSON text',
      key: 'p50Ms',
      unit: 'ms',
      arm: 'http',
      against: 'bare',
      better: 'lower',
      threshold: 1.5,
      goal: 1.1,
    },
  ],
}
