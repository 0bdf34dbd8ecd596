import { join } from 'node:path'
import { runForSample, type Sample } from '../child.ts'
import { type LayerName, PYTHON_NAMES } from '../python/environment.ts'
import type { Arm } from '../row.ts'

const SCRIPT = join(import.meta.dirname, '..', 'python', 'stream.py')

/** The layer's first rows by the Python pipeline: GeoJSON batches over a WebSocket. */
export function pythonStreamArm(layer: LayerName, rows: number): Arm {
  return {
    needs: 'python',
    run: async ({ python }): Promise<Sample> => {
      if (!python) throw new Error('the Python pipeline is not there')
      const args = [SCRIPT, python.rig, PYTHON_NAMES[layer], String(rows)]
      const { first_s, total_s } = await runForSample(args, { program: 'python3', env: python.env })
      if (first_s === undefined || total_s === undefined) throw new Error('the Python pipeline told no time')
      return { firstMs: first_s * 1_000, totalMs: total_s * 1_000, rowsPerSecond: rows / total_s }
    },
  }
}
