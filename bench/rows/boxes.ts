import { join } from 'node:path'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import { PYTHON_NAMES } from '../python/environment.ts'
import type { Arm, Figure, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'boxes.ts')
const SCRIPT = join(import.meta.dirname, '..', 'python', 'boxes.py')

/** Box queries of about 1,000 buildings each. */
export function boxesArm(layer: string, concurrency: number, distinct?: number): Arm {
  return {
    run: ({ server, data, seconds }) => {
      const boxes = join(data, 'buildings.boxes.json')
      return runForSample([CLIENT, JSON.stringify({ url: server.url, layer, boxes, distinct, concurrency, seconds })])
    },
  }
}

/** The same, each on a new connection, without sending anything: a service as the manuals describe it. */
function pythonArm(concurrency: number): Arm {
  return {
    needs: 'python',
    run: async ({ python, seconds }) => {
      if (!python) throw new Error('the Python pipeline is not there')
      const args = [SCRIPT, python.rig, PYTHON_NAMES.buildings, String(concurrency), String(seconds)]
      const { qps, p50 } = await runForSample(args, { program: 'python3', env: python.env })
      if (qps === undefined || p50 === undefined) throw new Error('the Python pipeline told no time')
      return { perSecond: qps, p50Ms: p50 }
    },
  }
}

function row(concurrency: number): Row {
  const figure = (arm: string, threshold: number, goal: number): Figure => ({
    label: `queries/s from the ${arm} against the Python pipeline`,
    key: 'perSecond',
    unit: 'queries/s',
    arm,
    against: 'python',
    better: 'higher',
    threshold,
    goal,
  })
  return {
    id: `boxes-${concurrency}`,
    title: `Box queries of 1,000 buildings over HTTP, ${concurrency} at a time`,
    arms: {
      file: boxesArm('buildings', concurrency),
      table: boxesArm(tableOf('buildings'), concurrency),
      python: pythonArm(concurrency),
    },
    figures: [figure('file', 10, 20), figure('table', 20, 40)],
  }
}

export const BOX_ROWS: readonly Row[] = [1, 4, 16].map(row)
