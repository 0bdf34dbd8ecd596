/** The tools of the rows. */
import { join } from 'node:path'
import { findSpatialExtension } from '../src/config/extension.ts'
import { dataFolder } from './data/cache.ts'
import { STORE_FILE } from './data/store.ts'
import { openStatements, type Statements } from './engine/statement.ts'
import { type PostgresRivals, startPostgres } from './postgres/rivals.ts'
import { type PythonPipeline, preparePython, startFairPython } from './python/environment.ts'
import {
  AWAKE,
  type LiveServer,
  NO_PAGE_CACHE,
  type RunningProgram,
  type RunningServer,
  startLive,
  startServer,
} from './server.ts'

export interface Rig {
  readonly extension: string
  /** Folder of the data. */
  readonly data: string
  /** It serves each layer as a file and as a table. */
  readonly server: RunningServer
  /** Throws if it does not run. */
  readonly statements: Statements
  /** Threads of one of its workers. */
  readonly threads: number
  /** Null where it is not there. */
  readonly python: PythonPipeline | null
  /** The address of the fair Python server, which starts when a row needs it. */
  fairPython(): Promise<string>
  /** Null without `--postgres`. */
  readonly postgres: PostgresRivals | null
  /** Seconds of each measurement without a natural end. */
  readonly seconds: number
  /** Seconds to wait, before each run, for other processes to rest. */
  readonly patience: number
  /** The folder of the layer of 20 million points, which is made when a row needs it. */
  largeData(): Promise<string>
  /** A server with the live layer `vehicles`, which starts when a row needs it. */
  live(): Promise<LiveServer>
  stop(): Promise<void>
}

export async function openRig(
  { seconds, patience, postgres: withPostgres }: Pick<Rig, 'seconds' | 'patience'> & { readonly postgres: boolean },
  progress: (line: string) => void,
): Promise<Rig> {
  const { path: extension } = await findSpatialExtension(null, progress)
  const data = await dataFolder('base', extension, progress)
  const python = await preparePython(data, progress)
  const files = ['points', 'buildings', 'parcels'].map((name) => join(data, `${name}.parquet`))
  const sources = [...files, join(data, STORE_FILE)]
  const postgres = withPostgres ? await startPostgres(data, extension, progress) : null
  const statements = await openStatements(sources, extension)
  const server = await startServer(sources, [...NO_PAGE_CACHE, ...AWAKE])
  const workers = await server.workers()
  const threads = workers.find(({ lane }) => lane === 'NORMAL')?.threads ?? 1
  let fair: Promise<RunningProgram> | null = null
  let live: Promise<LiveServer> | null = null
  return {
    seconds,
    patience,
    extension,
    data,
    server,
    statements,
    threads,
    python,
    fairPython: async () => {
      fair ??= startFairPython(data, extension, progress)
      return (await fair).url
    },
    postgres,
    live: () => {
      live ??= startLive()
      return live
    },
    largeData: () => dataFolder('large', extension, progress),
    stop: async () => {
      await Promise.allSettled([
        server.stop(),
        fair?.then((program) => program.stop()),
        live?.then((program) => program.stop()),
        postgres?.stop(),
      ])
    },
  }
}
