import { join } from 'node:path'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import { watchPeakRss } from '../process-usage.ts'
import type { Arm, Figure, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'subscribe.ts')
const CLIENTS = 64
const ROWS = 50_000
const QUERY = `subscription { featureBatches(layer: "${tableOf('buildings')}", limit: ${ROWS}) { count arrow } }`

const subscribers: Arm = {
  run: async ({ server }) => {
    const watch = watchPeakRss([server.pid, ...(await server.workers()).map(({ pid }) => pid)])
    const options = { url: server.url, query: QUERY, rows: ROWS, clients: CLIENTS }
    const sample = await runForSample([CLIENT, JSON.stringify(options)])
    return { ...sample, rssMb: (await watch.stop()) / 1e6 }
  },
}

const figure = (label: string, key: string, unit: string, better: Figure['better']): Figure => {
  return { label, key, unit, arm: 'subscribers', better, threshold: null, goal: null }
}

export const SUBSCRIBERS: Row = {
  id: 'subscribers',
  title: `${CLIENTS} subscribers of ${ROWS / 1_000}k buildings each, Arrow over WebSocket, imported table`,
  arms: { subscribers },
  figures: [
    figure('rows/s in all', 'rowsPerSecond', 'rows/s', 'higher'),
    figure('peak RSS of server and workers', 'rssMb', 'MB', 'lower'),
    { ...figure('the same, last run against first', 'rssMb', 'MB', 'lower'), growth: true, threshold: 1.15 },
  ],
}
