/** The behaviour that all kinds of sources share: one row per kind, and one test for all. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts'
import type { FileAccess } from '../../../src/engines/engine.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf } from './support.ts'

/** For a loaded machine: what is waited for comes within four seconds on a quiet one. */
const PATIENCE = { interval: 50 }

interface Kind {
  readonly file: string
  /** Statements that write a table `points (id, geom)` as the source. */
  readonly write: (file: string) => readonly string[]
}

const gdal = (driver: string) => (file: string) => [`COPY points TO '${file}' (FORMAT GDAL, DRIVER '${driver}')`]

const KINDS: Readonly<Record<string, Kind>> = {
  Parquet: { file: 'points.parquet', write: (file) => [`COPY points TO '${file}' (FORMAT parquet)`] },
  DuckDB: {
    file: 'points.duckdb',
    write: (file) => [`ATTACH '${file}' AS store`, 'CREATE TABLE store.points AS FROM points', 'DETACH store'],
  },
  GeoPackage: { file: 'points.gpkg', write: gdal('GPKG') },
  Shapefile: { file: 'points.shp', write: gdal('ESRI Shapefile') },
  FlatGeobuf: { file: 'points.fgb', write: gdal('FlatGeobuf') },
  GeoJSON: { file: 'points.geojson', write: gdal('GeoJSON') },
  CSV: {
    file: 'points.csv',
    write: (file) => [`COPY (SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM points) TO '${file}' (FORMAT csv)`],
  },
}

let folder: string
let data: string
let catalog: Catalog | null = null

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-kinds-'))
  data = join(folder, 'data')
  await mkdir(data)
})
afterEach(async () => {
  await catalog?.close()
  await rm(folder, { recursive: true })
})

/** Writes a source with this number of points. */
async function put({ file, write }: Kind, points: number): Promise<void> {
  const made = await mkdtemp(join(folder, 'made-'))
  const duckdb = await DuckDBInstance.create()
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  await connection.run(
    `CREATE TABLE points AS SELECT i::INTEGER AS id, ST_Point(i % 90, i % 80) AS geom FROM range(${points}) r(i)`,
  )
  for (const statement of write(join(made, file))) await connection.run(statement)
  connection.closeSync()
  duckdb.closeSync()
  for (const name of await readdir(made)) await rename(join(made, name), join(data, name))
}

async function remove(): Promise<void> {
  for (const name of await readdir(data)) await rm(join(data, name))
}

test.each(Object.entries(KINDS))(
  'a source of kind %s is a layer; it has a new version when its file is another, and goes with it; each change is emitted when workers may read it',
  async (_, kind) => {
    await put(kind, 30)
    const changes: string[] = []
    const unreadable: string[] = []
    let admitted: FileAccess
    const admit = async (access: FileAccess) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      admitted = access
    }
    const log = { info: () => {}, warn: () => {} }
    const opened = await openCatalog({ sources: [data], spatialExtension: SPATIAL_EXTENSION, admit, watch: true, log })
    catalog = opened
    admitted = { allowedPaths: opened.files, databases: opened.access().databases }
    opened.on('changed', ({ kind: change, layer }) => {
      changes.push(`${change} ${layer.name} ${layer.state} ${layer.featureCount}`)
      const { relation } = layer
      const files = relation.kind === 'parquet' ? relation.files : []
      if (change !== 'REMOVED') unreadable.push(...files.filter((file) => !admitted.allowedPaths.includes(file)))
    })
    await opened.prepared
    await opened.checked
    const first = layerOf(opened, 'points')
    expect(first).toMatchObject({ state: 'READY', featureCount: 30, geometryTypes: ['Point'] })
    expect(await opened.fresh(first)).toBe(first)

    changes.length = 0
    await put(kind, 40)
    await expect.poll(() => changes.at(-1), PATIENCE).toBe('CHECKED points READY 40')
    expect(changes.map((change) => change.split(' ')[0])).toEqual(['NEW_VERSION', 'CHECKED'])
    expect((await opened.fresh(first)).fingerprint).not.toBe(first.fingerprint)

    await remove()
    await expect.poll(() => changes.at(-1), PATIENCE).toBe('REMOVED points READY 40')
    await expect(opened.fresh(first)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })

    await put(kind, 30)
    await expect.poll(() => changes.at(-1), PATIENCE).toBe('CHECKED points READY 30')
    expect(changes.filter((change) => change.startsWith('ADDED'))).toHaveLength(1)
    expect(opened.problems()).toEqual([])
    expect(unreadable).toEqual([])
  },
  200_000,
)
