import { join } from 'node:path'
import { type Asked, fairPythonArm, geoduckArm } from '../arms/requests.ts'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import { nodePostgresArm, postgraphileArm } from '../postgres/arms.ts'
import { PYTHON_NAMES } from '../python/environment.ts'
import type { Arm, Figure, Row } from '../row.ts'

const SCRIPT = join(import.meta.dirname, '..', 'python', 'boxes.py')

/** A new connection for each box, without sending anything: a service as the manuals describe it. */
function pythonArm(layer: Asked['layer'], concurrency: number): Arm {
  return {
    needs: 'python',
    run: async ({ python, seconds }) => {
      if (!python) throw new Error('the Python pipeline is not there')
      const args = [SCRIPT, python.rig, PYTHON_NAMES[layer], String(concurrency), String(seconds)]
      const { qps, p50 } = await runForSample(args, { program: 'python3', env: python.env })
      if (qps === undefined || p50 === undefined) throw new Error('the Python pipeline told no time')
      return { perSecond: qps, p50Ms: p50 }
    },
  }
}

/** These arms answer the same questions over HTTP to the same client. */
const RIVALS = ['fairPython', 'nodePostgres', 'postgraphile']

function row(layer: Asked['layer'], concurrency: number): Row {
  const asked: Asked = { layer, kind: 'box', concurrency }
  const rate = { key: 'perSecond', unit: 'requests/s', better: 'higher' } as const
  const figures = (arm: string, goal: number, pipeline: Pick<Figure, 'threshold' | 'goal'>): Figure[] => [
    { label: `requests/s from the ${arm} against the best rival`, ...rate, arm, against: RIVALS, threshold: 1, goal },
    { label: `requests/s from the ${arm} against the Python pipeline`, ...rate, arm, against: 'python', ...pipeline },
    {
      label: `p50 from the ${arm} against the best rival`,
      key: 'p50Ms',
      unit: 'ms',
      arm,
      against: RIVALS,
      better: 'lower',
      threshold: null,
      goal: null,
    },
  ]
  return {
    id: `${layer === 'buildings' ? 'boxes' : layer}-${concurrency}`,
    title: `Boxes of 1,000 ${layer} over HTTP, ${concurrency} at a time`,
    arms: {
      file: geoduckArm(layer, asked),
      table: geoduckArm(tableOf(layer), asked),
      fairPython: fairPythonArm(asked),
      nodePostgres: nodePostgresArm(asked),
      postgraphile: postgraphileArm(asked),
      python: pythonArm(layer, concurrency),
    },
    figures: [...figures('file', 1.2, { threshold: 10, goal: 20 }), ...figures('table', 2, { threshold: 20, goal: 40 })],
  }
}

export const BOX_ROWS: readonly Row[] = [row('buildings', 1), row('buildings', 8), row('points', 1), row('points', 8)]
