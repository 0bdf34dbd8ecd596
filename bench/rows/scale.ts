/** Servers of one proxy, each on one processor: what a server adds, and what it costs. */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { runForSample, type Sample } from '../child.ts'
import { cpuMs, memoryOf } from '../process-usage.ts'
import { startProxy } from '../proxy.ts'
import type { Arm, Figure, Row } from '../row.ts'
import { AWAKE, type RunningServer, startServer } from '../server.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'subscribe.ts')
const CLIENTS = 12
const ROWS = 100_000
const WARM_UP_ROWS = 20_000

interface Fleet {
  readonly servers: number
  readonly workers: number
}

function arm({ servers: count, workers }: Fleet): Arm {
  return {
    needs: 'caddy',
    run: async ({ data }) => {
      const flags = ['--workers', String(workers), '--cursor-secret', 'a secret of the bench', '--trust-proxy', '1', ...AWAKE]
      // A server with several workers has as many processors.
      const start = (n: number) =>
        startServer([join(data, 'buildings.parquet')], flags, workers === 1 ? n % cpus().length : undefined)
      const servers = await Promise.all(Array.from({ length: count }, (_, n) => start(n)))
      try {
        return await measure(servers)
      } finally {
        await Promise.all(servers.map((server) => server.stop()))
      }
    },
  }
}

async function measure(servers: readonly RunningServer[]): Promise<Sample> {
  const proxy = await startProxy(servers.map(({ url }) => url))
  try {
    await stream(proxy.url, WARM_UP_ROWS)
    const workers = await Promise.all(servers.map((server) => server.workers()))
    const pids = [...servers, ...workers.flat()].map(({ pid }) => pid)
    const used = async (of: readonly number[]) => (await Promise.all(of.map(cpuMs))).reduce((sum, ms) => sum + ms, 0)
    const [before, proxyBefore] = [await used(pids), await cpuMs(proxy.pid)]
    const { rows, seconds } = await stream(proxy.url, ROWS)
    const perMillion = (ms: number) => ms / 1_000 / (rows! / 1e6)
    const [serverSeconds, proxySeconds] = [(await used(pids)) - before, (await cpuMs(proxy.pid)) - proxyBefore].map(perMillion)
    const { rssMb, pssMb } = await memoryOf(pids)
    return {
      rowsPerSecond: rows! / seconds!,
      streamsPerSecond: CLIENTS / seconds!,
      serverSeconds: serverSeconds!,
      proxySeconds: proxySeconds!,
      rssMb: rssMb / servers.length,
      pssMb: pssMb / servers.length,
    }
  } finally {
    await proxy.stop()
  }
}

function stream(url: string, rows: number): Promise<Sample> {
  const query = `subscription { featureBatches(layer: "buildings", limit: ${rows}) { count geojson } }`
  return runForSample([CLIENT, JSON.stringify({ url, query, rows, clients: CLIENTS })])
}

const FLEETS = {
  '1 server': { servers: 1, workers: 1 },
  '2 servers': { servers: 2, workers: 1 },
  '3 servers': { servers: 3, workers: 1 },
  '1 server of 2 workers': { servers: 1, workers: 2 },
} as const satisfies Record<string, Fleet>

const figuresOf = (name: string): Figure[] => {
  const common = { arm: name, threshold: null, goal: null } as const
  const [first] = Object.keys(FLEETS)
  const against = name === first ? {} : { against: first! }
  return [
    { ...common, ...against, label: `${name}: rows/s in all`, key: 'rowsPerSecond', unit: 'rows/s', better: 'higher' },
    { ...common, label: `${name}: streams per second`, key: 'streamsPerSecond', unit: '/s', better: 'higher' },
    {
      ...common,
      ...against,
      label: `${name}: processor seconds of the servers per million rows`,
      key: 'serverSeconds',
      unit: 's',
      better: 'lower',
    },
    { ...common, label: `${name}: those of the proxy`, key: 'proxySeconds', unit: 's', better: 'lower' },
    { ...common, label: `${name}: RSS per server`, key: 'rssMb', unit: 'MB', better: 'lower' },
    { ...common, label: `${name}: PSS per server`, key: 'pssMb', unit: 'MB', better: 'lower' },
  ]
}

export const SCALE: Row = {
  id: 'scale',
  title: `${CLIENTS} streams of ${ROWS / 1_000}k buildings each, GeoJSON over WebSocket, by way of Caddy`,
  runs: 3,
  arms: Object.fromEntries(Object.entries(FLEETS).map(([name, fleet]) => [name, arm(fleet)])),
  figures: Object.keys(FLEETS).flatMap(figuresOf),
}
