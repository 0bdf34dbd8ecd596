import { join } from 'node:path'
import { runForSample } from '../child.ts'
import type { Arm } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'subscribe.ts')

/** A whole layer over a WebSocket. `selection`: besides `count`. */
export function streamArm(layer: string, rows: number, selection: string): Arm {
  const query = `subscription { featureBatches(layer: "${layer}") { count ${selection} } }`
  return { run: ({ server }) => runForSample([CLIENT, JSON.stringify({ url: server.url, query, rows })]) }
}
