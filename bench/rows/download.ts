import { join } from 'node:path'
import { drainArm, plainDrainArm } from '../arms/drain.ts'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import { rssBytes } from '../process-usage.ts'
import type { Arm, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'page.ts')
/** hugr cannot be fetched from a package registry. Where it was measured, it sent Arrow at this share of the table's plain drain. */
const HUGR = 0.39
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
  arms: { download, drain: drainArm(TABLE, 'arrow'), hugr: plainDrainArm(TABLE, HUGR) },
  figures: [
    {
      label: 'rows/s against the engine draining the same statement',
      key: 'rowsPerSecond',
      unit: 'rows/s',
      arm: 'download',
      against: 'drain',
      better: 'higher',
      threshold: 0.4,
      goal: 0.8,
    },
    {
      label: 'rows/s against hugr, by its share of the plain drain of the table',
      key: 'rowsPerSecond',
      unit: 'rows/s',
      arm: 'download',
      against: 'hugr',
      better: 'higher',
      threshold: 1,
      goal: 1,
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
