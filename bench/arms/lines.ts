import { join } from 'node:path'
import { runForSample, type Sample } from '../child.ts'
import type { Arm } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'page.ts')

/** A download of GeoJSON, one feature in each line. */
export function linesArm(layer: string, rows: number): Arm {
  return { run: ({ server }) => runLines(`${server.url}/download/${layer}.geojsonl`, rows) }
}

export function runLines(url: string, rows: number): Promise<Sample> {
  return runForSample([CLIENT, JSON.stringify({ url, query: null, lines: true, rows })])
}
