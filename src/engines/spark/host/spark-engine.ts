/** One configured Spark: its connection, its result sets, and the names under which workers open their files. */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { GeoduckError } from '../../../model/errors.ts'
import { identifier } from '../dialect/condition.ts'
import { parquetIn, ResultSets } from './result-sets.ts'
import { SparkConnection, SparkError } from './spark-connection.ts'

export interface SparkEngineOptions {
  readonly name: string
  /** Host and port. */
  readonly address: string
  readonly isEncrypted: boolean
  readonly token: string | null
  /** The folder of the result sets. Spark and all servers see it under the same path. */
  readonly folder: string
  /** Rows of a result set. */
  readonly maxRows: number
  /** Bytes of a result set. */
  readonly maxBytes: number
  /** Seconds without use after which a result set is removed. */
  readonly keepSeconds: number
  /** Gatherings at a time. */
  readonly concurrency: number
  readonly tempDirectory: string
  /** Its folder is inside `folder`, so that links are possible. */
  readonly keeper: Keeper
  readonly log: { warn(fields: object, message: string): void }
}

/** Gives files names that are known when a worker starts. The keeper of the catalogue is one. */
export interface Keeper {
  readonly folder: string
  readonly paths: readonly string[]
  keep(files: readonly string[], isVersion: () => Promise<boolean>): Promise<KeptRows | null>
  close(): Promise<void>
}

interface KeptRows {
  readonly files: readonly string[]
  release(): Promise<void>
}

export interface SparkHealth {
  readonly name: string
  readonly kind: 'SPARK_CONNECT'
  /** Null until it has answered. */
  readonly version: string | null
  readonly state: 'READY' | 'UNAVAILABLE' | 'UNKNOWN'
  /** Statements that run or wait. */
  readonly gatherings: number
  /** Result sets in the folder, of all servers. */
  readonly resultSets: number
  readonly bytes: number
}

/** Seconds after which a client may try again. */
const RETRY_AFTER = 5
const SWEEP_MS = 60_000

export class SparkEngine {
  readonly name: string
  /** The files that workers may have to open. */
  readonly allowedPaths: readonly string[]
  readonly #options: SparkEngineOptions
  readonly #connection: SparkConnection
  readonly #sets: ResultSets
  readonly #sweeping: NodeJS.Timeout
  #version: string | null = null
  #state: SparkHealth['state'] = 'UNKNOWN'

  constructor(options: SparkEngineOptions) {
    const { name, address, isEncrypted, token, tempDirectory, folder, maxBytes, keepSeconds, concurrency, keeper } = options
    this.#options = options
    this.name = name
    this.allowedPaths = keeper.paths
    this.#connection = new SparkConnection({ address, isEncrypted, token, tempDirectory: path.join(tempDirectory, 'spark') })
    this.#sets = new ResultSets({ folder, maxBytes, keepSeconds, concurrency }, this.#connection)
    this.#sweeping = setInterval(() => void this.#sweep(), Math.min(SWEEP_MS, keepSeconds * 1_000)).unref()
  }

  /** @throws GeoduckError ENGINE_UNAVAILABLE */
  async version(): Promise<string> {
    return await this.#reach(async () => (this.#version = await this.#connection.version()))
  }

  /**
   * Runs a statement over the rows of files and returns its few rows. `rows` is the name of the files in it.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE
   */
  async facts(paths: readonly string[], sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const folder = await this.#attempt()
    try {
      await this.#write(paths, sql, folder, 'json')
      const names = (await readdir(path.join(folder, ROWS))).filter((name) => name.endsWith('.json'))
      const texts = await Promise.all(names.sort().map((name) => readFile(path.join(folder, ROWS, name), 'utf8')))
      return texts.flatMap((text) => text.split('\n').filter((line) => line !== '')).map((line) => JSON.parse(line))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /**
   * Returns files without rows, from which the types of the columns are described as Spark writes them. They are removed after some minutes.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE
   */
  async emptyFiles(columns: readonly string[], paths: readonly string[]): Promise<readonly string[]> {
    const folder = await this.#attempt()
    await this.#write(paths, `SELECT ${columns.map(identifier).join(', ')} FROM rows WHERE false`, folder)
    const files = await parquetIn(path.join(folder, ROWS))
    return files.map(({ name }) => path.join(folder, ROWS, name))
  }

  async health(): Promise<SparkHealth> {
    const { gatherings, resultSets, bytes } = await this.#sets.figures()
    return {
      name: this.name,
      kind: 'SPARK_CONNECT',
      version: this.#version,
      state: this.#state,
      gatherings,
      resultSets,
      bytes,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping)
    await this.#connection.close()
    await this.#options.keeper.close()
  }

  /** A sweep removes it if this server ends. */
  async #attempt(): Promise<string> {
    const folder = path.join(this.#options.folder, randomUUID())
    await mkdir(folder, { recursive: true })
    return folder
  }

  async #write(paths: readonly string[], sql: string, folder: string, format?: 'json'): Promise<void> {
    const view = `files_${hash('sha256', JSON.stringify(paths)).slice(0, 32)}`
    await this.#reach(async () => {
      await this.#connection.view(view, paths)
      const statement = `WITH rows AS (SELECT * FROM ${identifier(view)}) ${sql}`
      await this.#connection.write({ sql: statement, values: [], directory: path.join(folder, ROWS), ...(format && { format }) })
    })
  }

  async #reach<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      const value = await work()
      this.#state = 'READY'
      return value
    } catch (error) {
      if (!(error instanceof SparkError)) throw error
      this.#state = error.isUnavailable ? 'UNAVAILABLE' : 'READY'
      this.#options.log.warn({ engine: this.name, error: error.message }, 'an engine failed')
      throw unavailable(this.name, error)
    }
  }

  async #sweep(): Promise<void> {
    const now = new Date()
    // Sweeps of other servers remove what nobody touches.
    await utimes(this.#options.keeper.folder, now, now).catch(() => {})
    await this.#sets.sweep()
  }
}

const ROWS = 'rows'

/** An error of Spark may contain SQL and paths, so only the log has it. */
export function unavailable(name: string, error: SparkError): GeoduckError {
  const problem = error.isUnavailable ? 'does not answer' : 'could not run the query'
  return new GeoduckError('ENGINE_UNAVAILABLE', `The engine ${name} ${problem}; try again in ${RETRY_AFTER} s.`, {
    cause: error,
    details: { retryAfter: RETRY_AFTER },
  })
}
