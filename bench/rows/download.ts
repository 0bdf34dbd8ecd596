import { join } from 'node:path'
import { drainArm } from '../arms/drain.ts'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import { rssBytes } from '../process-usage.ts'
import type { Arm, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'page.ts')
const TABLE = tableOf('buildings')

const download: Arm = {
  run: async ({ server }) => {
    const url = `${server.url}/download/${TABLE}.arrows`
    const sample = await runForSample([CLIENT, JSON.stringify({ url, query: null, rows: 500_000 })])
    const pids = [server.pid, ...(await server.workers()).map(({ pid }) => pid)]
    const sizes = await Promise.all(pids.map(rssBytes))
    return { ...sample, rssMb: sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6 }
  },
}

export const ARROW_DOWNLOAD: Row = {
  id: 'arrow-download',
  title: 'Arrow as a streamed HTTP download, 500k buildings, imported table',
  arms: { download, drain: drainArm(TABLE, 'arrow') },
  figures: [
    {
      label: 'rows/s against the engine draining the same statement',
      key: 'rowsPerSecond',
      unit: 'rows/s',
      arm: 'download',
      against: 'drain',
      better: 'higher',
      threshold: 0.5,
      goal: 0.8,
    },
    {
      label: 'RSS of server and workers, last run against first',
      key: 'rssMb',
      unit: 'MB',
      arm: 'download',
      growth: true,
      better: 'lower',
      threshold: 1.15,
      goal: null,
    },
  ],
}
