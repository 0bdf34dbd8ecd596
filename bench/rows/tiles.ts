/** Vector tiles around places with many features, each of them once, one at a time. */
import { readFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import type { QueryBox } from '../data/boxes.ts'
import { tableOf } from '../data/store.ts'
import { quantile } from '../median.ts'
import { TABLE_OF } from '../postgres/schema.ts'
import type { Rig } from '../rig.ts'
import type { Arm, Figure, Row } from '../row.ts'
import { type RunningServer, startServer } from '../server.ts'
import { usage } from './typed-page.ts'

type LayerName = 'points' | 'buildings'

/** Tiles of a run. There are as many low ones as the places have. */
const TILES = 250
const STREAMS = 4
const ZOOMS = { high: [8, 16], low: [0, 7] } as const
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

type Zooms = keyof typeof ZOOMS

/** The paths of tiles, in an order that has all zooms everywhere. */
async function tilesOf(folder: string, layer: LayerName, zooms: Zooms): Promise<string[]> {
  const boxes: QueryBox[] = JSON.parse(await readFile(join(folder, `${layer}.boxes.json`), 'utf8'))
  const [least, most] = ZOOMS[zooms]
  const paths = new Set<string>()
  for (let n = 0; paths.size < TILES && n < boxes.length; n++) {
    const [west, south, east, north] = boxes[n]!.bbox
    const zoom = least + (n % (most - least + 1))
    const sine = Math.sin((((south + north) / 2) * Math.PI) / 180)
    const [x, y] = [(west + east) / 720 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)]
    paths.add([zoom, Math.floor(x * 2 ** zoom), Math.floor(y * 2 ** zoom)].join('/'))
  }
  return [...paths]
}

/** Returns the milliseconds until the last byte, and the bytes. */
function fetchTile(url: string, headers: Readonly<Record<string, string>>): Promise<readonly [ms: number, bytes: number]> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.once('error', reject)
      response.once('end', () => {
        if (response.statusCode === 200) resolve([performance.now() - start, bytes])
        else reject(new Error(`${url}: HTTP ${response.statusCode}`))
      })
    }).once('error', reject)
  })
}

async function measure(paths: readonly string[], urlOf: (path: string) => string, headers = {}) {
  const times: number[] = []
  let bytes = 0
  for (const path of paths) {
    const [ms, size] = await fetchTile(urlOf(path), headers)
    times.push(ms)
    bytes += size
  }
  return { p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), tileKb: bytes / paths.length / 1_000 }
}

const NOT_KEPT = { 'cache-control': 'no-store' }

/** `served`: the name of the layer, of a file or of a table. */
function tiles(layer: LayerName, zooms: Zooms, served: string, streams = 0): Arm {
  return {
    run: async ({ data, server }) => {
      const paths = await tilesOf(data, layer, zooms)
      const pids = (await server.workers()).map(({ pid }) => pid)
      const stop = keepStreaming(server, streams)
      try {
        const before = await usage(server, pids)
        const sample = await measure(paths, (path) => `${server.url}/tiles/${served}/${path}.mvt`, NOT_KEPT)
        const after = await usage(server, pids)
        return { ...sample, cpuMs: after.reduce((sum, ms, n) => sum + ms - before[n]!, 0) / paths.length }
      } finally {
        await stop()
      }
    },
  }
}

/** Downloads all buildings again and again, until the result is called. */
function keepStreaming({ url }: RunningServer, streams: number): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const loops = Array.from({ length: streams }, async () => {
    while (!signal.aborted) {
      const { body } = await fetch(`${url}/download/buildings.geojsonl`, { signal })
      for await (const _ of body!);
    }
  })
  return async () => {
    stopping.abort()
    await Promise.allSettled(loops)
  }
}

/** Tiles that a server has made already. */
function kept(layer: LayerName, zooms: Zooms): Arm {
  return {
    run: async ({ data }: Rig) => {
      const server = await startServer([join(data, `${layer}.parquet`)], [])
      try {
        const paths = await tilesOf(data, layer, zooms)
        const urlOf = (path: string) => `${server.url}/tiles/${layer}/${path}.mvt`
        await measure(paths, urlOf)
        return await measure(paths, urlOf)
      } finally {
        await server.stop()
      }
    },
  }
}

/** Tiles that PostGIS makes by ST_AsMVT, without a limit of features. */
function postgis(layer: LayerName, zooms: Zooms): Arm {
  return {
    needs: 'postgres',
    run: async ({ data, postgres }) =>
      measure(await tilesOf(data, layer, zooms), (path) => `${postgres!.nodePostgres}/${TABLE_OF[layer]}/tile/${path}`),
  }
}

function row(layer: LayerName, zooms: Zooms, p95: number): Row {
  const reported = { better: 'lower', threshold: null, goal: null } as const
  const ms = { unit: 'ms', better: 'lower' } as const
  const against = (key: string): Figure => ({
    label: `${key === 'p50Ms' ? 'p50' : 'p95'} from the file against ST_AsMVT of PostGIS`,
    ...reported,
    key,
    unit: 'ms',
    arm: 'file',
    against: 'postgis',
  })
  const [least, most] = ZOOMS[zooms]
  return {
    id: `tiles-${layer}-${zooms}`,
    title: `Tiles of ${layer === 'points' ? '1M points' : '500,000 buildings'} over HTTP, zoom ${least} to ${most}`,
    arms: {
      file: tiles(layer, zooms, layer),
      table: tiles(layer, zooms, tableOf(layer)),
      postgis: postgis(layer, zooms),
      streams: tiles(layer, zooms, layer, STREAMS),
      kept: kept(layer, zooms),
    },
    figures: [
      { label: 'p95 from the file', key: 'p95Ms', ...ms, arm: 'file', threshold: p95, goal: p95 / 2 },
      { label: 'p95 from the table', key: 'p95Ms', ...ms, arm: 'table', threshold: p95, goal: p95 / 2 },
      { label: 'p50 from the table', key: 'p50Ms', unit: 'ms', arm: 'table', ...reported },
      against('p50Ms'),
      against('p95Ms'),
      { label: 'processor time per tile', key: 'cpuMs', unit: 'ms', arm: 'file', ...reported },
      { label: 'processor time per tile from the table', key: 'cpuMs', unit: 'ms', arm: 'table', ...reported },
      { label: 'size against PostGIS', key: 'tileKb', unit: 'KB', arm: 'file', against: 'postgis', ...reported },
      {
        label: `p50 beside ${STREAMS} streams, against without`,
        key: 'p50Ms',
        unit: 'ms',
        arm: 'streams',
        against: 'file',
        ...reported,
      },
      { label: 'p95 of tiles that are kept', key: 'p95Ms', ...ms, arm: 'kept', threshold: 10, goal: 3 },
    ],
  }
}

export const TILE_ROWS: readonly Row[] = [
  row('points', 'high', 100),
  row('points', 'low', 300),
  row('buildings', 'high', 100),
  row('buildings', 'low', 300),
]
