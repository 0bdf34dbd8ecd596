/** A real pool over a real file: 200,000 small squares in a grid, with an id, a name and a number. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { WorkerOptions } from '../../src/engines/duckdb/messages.ts'
import { openPool, type PoolOptions } from '../../src/engines/duckdb/pool/pool.ts'
import type { BatchStream, Engine, Page, WorkerHealth } from '../../src/engines/engine.ts'
import type { Field, Layer } from '../../src/model/layer.ts'
import type { FeatureQuery } from '../../src/model/query.ts'
import { type Asked, queryOf } from './filter.ts'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

export const ROWS = 200_000
const FOLDER = path.resolve('.geoduck/test')

/** Made once: the same rows each time. */
export async function squares(rows = ROWS): Promise<string> {
  const file = path.join(FOLDER, `squares-${rows}.parquet`)
  if (existsSync(file)) return file
  await mkdir(FOLDER, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  const unfinished = `${file}.${process.pid}`
  await connection.run(`COPY (
    SELECT i AS id, 'square ' || i AS name, (i * 7919) % 1000 AS score,
      {'xmin': x, 'ymin': y, 'xmax': x + 0.1, 'ymax': y + 0.1} AS bbox, ST_MakeEnvelope(x, y, x + 0.1, y + 0.1) AS geometry
    FROM (SELECT i, (i % 1000) * 0.36 - 180 AS x, (i // 1000) * 0.8 - 80 AS y FROM range(${rows}) r(i))
  ) TO '${unfinished}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`)
  connection.closeSync()
  duckdb.closeSync()
  await rename(unfinished, file)
  return file
}

const integer = (name: string): Field => ({
  name,
  type: { kind: 'int', bits: 64, signed: true },
  native: 'BIGINT',
  jsonType: 'STRING',
  nullable: true,
})

export function squaresLayer(file: string, rows = ROWS): Layer {
  const text: Field = { name: 'name', type: { kind: 'utf8' }, native: 'VARCHAR', jsonType: 'STRING', nullable: true }
  return {
    name: 'squares',
    state: 'READY',
    relation: { kind: 'parquet', files: [file], fileRows: [rows] },
    columns: [integer('id'), text, integer('score')],
    geometryColumn: 'geometry',
    geometryEncoding: 'GEOMETRY',
    geometryTypes: ['Polygon'],
    hasZ: false,
    crs: { code: 'OGC:CRS84', name: 'WGS 84', isLonLat: true },
    extent: [-180, -80, 179.74, 79.3],
    featureCount: rows,
    key: { kind: 'COLUMN', column: 'id' },
    pruning: {
      kind: 'COVERING_COLUMN',
      column: 'bbox',
      members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
      float32: false,
    },
    fingerprint: '0'.repeat(32),
  }
}

export function ask(layer: Layer, asked: Asked = {}): FeatureQuery {
  const outputs = [{ kind: 'features', fields: [{ key: 'id', field: 'key' }] }] as const
  return queryOf(layer, { outputs, ...asked })
}

/** True if nothing runs in the worker and nothing starts there. The worker of the serial lane has no process until it is needed. */
export const isAtRest = ({ state }: WorkerHealth): boolean => state === 'IDLE' || state === 'ASLEEP'

export async function testPool(
  files: readonly string[],
  more: Partial<PoolOptions> = {},
  worker: Partial<WorkerOptions> = {},
): Promise<Engine> {
  return await openPool({
    workers: 1,
    // All workers run from the start.
    workerIdleSeconds: 0,
    worker: {
      spatialExtension: SPATIAL_EXTENSION,
      memoryLimitBytes: 1e9,
      threads: 2,
      tempDirectory: os.tmpdir(),
      tempDirectoryBytes: 1e9,
      streamingBufferBytes: 65_536,
      allowedPaths: files,
      databases: [],
      ...worker,
    },
    deadlineSeconds: 20,
    stallSeconds: 60,
    maxFrameBytes: 1_048_576,
    maxFeatureBytes: 16_777_216,
    pageBytes: 32_000_000,
    queueLength: 1_000,
    queueSeconds: 30,
    log: { warn: () => {} },
    ...more,
  })
}

export const context = (client = 'a') => ({ id: 'test', client })

/** The ids of a batch's features. */
export function idsOf(outputs: readonly Uint8Array[]): string[] {
  const list = JSON.parse(Buffer.from(outputs[0] ?? []).toString()) as { id: string }[]
  return list.map(({ id }) => id)
}

/** The same of a page, whose outputs come in pieces. */
export function pageIds({ outputs }: Page): string[] {
  return idsOf(outputs.map((pieces) => Buffer.concat(pieces)))
}

/** Reads to the end. */
export async function drain(stream: BatchStream, onBatch: (count: number) => unknown = () => {}): Promise<string[]> {
  const ids: string[] = []
  for await (const batch of stream) {
    ids.push(...idsOf(batch.outputs))
    await onBatch(ids.length)
  }
  return ids
}

export const allIds = (rows = ROWS): string[] => Array.from({ length: rows }, (_, id) => String(id))

/** Polls until it holds. */
export async function eventually(holds: () => Promise<boolean>, ms = 60_000): Promise<number> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > ms) throw new Error(`it did not hold within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - start
}
