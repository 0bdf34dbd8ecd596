/** One configured Spark: its connection, its result sets, and the names under which workers open their files. */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { type ErrorCode, GeoduckError } from '../../../model/errors.ts'
import type { GatheredRelation } from '../../../model/layer.ts'
import type { GroupQuery, Query } from '../../../model/query.ts'
import type { GatheredOrder, GathererHealth, GatheringPlan } from '../../engine.ts'
import { identifier } from '../dialect/condition.ts'
import type { GatherQuery } from '../dialect/gather.ts'
import { gatherQueryOf } from '../dialect/gather-query.ts'
import { isGroupedAlike } from '../dialect/groups.ts'
import { narrow } from '../dialect/narrow.ts'
import { type HeldSet, HeldSets, type Keeper } from './held-sets.ts'
import { parquetIn, ResultSets, type Snapshot, tooMany } from './result-sets.ts'
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

export interface Gather {
  readonly query: Query
  readonly relation: GatheredRelation
  /** The most rows that the query needs. Null: all. */
  readonly rows: number | null
  /** True if the data is still the version of the query. */
  readonly isCurrent: () => Promise<boolean>
  /** Reads the keys of files. */
  readonly order: (files: readonly string[], grouped: boolean) => Promise<GatheredOrder>
}

export interface GatheredRows extends HeldSet {
  /** True: the rows are the groups of the query. */
  readonly grouped: boolean
  readonly notNarrowed: readonly string[]
  /** 0: the rows were there. */
  readonly gatherMs: number
  /** The next query gathers them again. */
  forget(): Promise<void>
}

/** The codes of errors for which the files are not at fault. */
const OTHERS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DEADLINE_EXCEEDED',
  'OUT_OF_MEMORY',
  'OVERLOADED',
  'QUARANTINED',
  'SHUTTING_DOWN',
  'WORKER_LOST',
])
/** Gatherings for one question, if files of the first one are damaged. */
const ATTEMPTS = 2
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
  readonly #held: HeldSets
  readonly #sweeping: NodeJS.Timeout
  #version: string | null = null
  #state: GathererHealth['state'] = 'UNKNOWN'

  constructor(options: SparkEngineOptions) {
    const { name, address, isEncrypted, token, tempDirectory, folder, maxBytes, keepSeconds, concurrency, keeper } = options
    this.#options = options
    this.name = name
    this.allowedPaths = keeper.paths
    this.#connection = new SparkConnection({ address, isEncrypted, token, tempDirectory: path.join(tempDirectory, 'spark') })
    this.#sets = new ResultSets({ folder, maxBytes, keepSeconds, concurrency }, this.#connection)
    this.#held = new HeldSets(keeper)
    this.#sweeping = setInterval(() => void this.#sweep(), Math.min(SWEEP_MS, keepSeconds * 1_000)).unref()
  }

  /** @throws GeoduckError ENGINE_UNAVAILABLE */
  async version(): Promise<string> {
    return await this.#reach(() => this.#connection.version())
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
   * Calls `use` with files without rows, from which the types of the columns are described as Spark writes them. They are there until it has settled.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE
   */
  async emptyFiles<Value>(
    columns: readonly string[],
    paths: readonly string[],
    use: (files: readonly string[]) => Promise<Value>,
  ): Promise<Value> {
    const folder = await this.#attempt()
    try {
      await this.#write(paths, `SELECT ${columns.map(identifier).join(', ')} FROM rows WHERE false`, folder)
      const files = await parquetIn(path.join(folder, ROWS))
      return await use(files.map(({ name }) => path.join(folder, ROWS, name)))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /**
   * Gathers the rows for a query, which may match. Spark stops if `signal` is aborted and nobody else waits for the same rows.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE, LIMIT_EXCEEDED, SOURCE_CHANGED, OVERLOADED
   */
  async rowsOf(gather: Gather, signal: AbortSignal): Promise<GatheredRows> {
    const { query, relation, rows } = gather
    const whole = gatherQueryOf(query, relation, null)
    const less = lessThanWhole(query, relation, rows)
    if (less === null) return await this.#use(whole, gather, signal)
    // Rows that are there cost Spark nothing, if they are not too many.
    const found = (await this.#sets.has(whole, snapshotOf(gather)))
      ? await this.#use(whole, gather, signal).catch(unlessTooMany)
      : null
    return found ?? (await this.#use(less, gather, signal))
  }

  async #use(question: GatherQuery | GroupQuery, gather: Gather, signal: AbortSignal): Promise<GatheredRows> {
    const grouped = question === gather.query
    for (let attempt = 1; ; attempt++) {
      const set = await this.#reach(() => this.#sets.get(question, snapshotOf(gather), signal))
      let damage: unknown
      const held = await this.#held
        .hold(set, (files) => gather.order(files, grouped))
        .catch((error: unknown) => {
          if (error instanceof GeoduckError && OTHERS.has(error.code)) throw error
          damage = error
          return null
        })
      if (held === null) {
        await this.#sets.forget(set)
        this.#options.log.warn({ engine: this.name, err: damage }, 'gathered rows cannot be read')
        if (attempt === ATTEMPTS) throw failed(this.name, 'wrote rows that cannot be read', damage)
        continue
      }
      const { notNarrowed, gatherMs } = set
      const { maxRows } = this.#options
      if (signal.aborted || held.rows > maxRows) held.release()
      signal.throwIfAborted()
      if (held.rows > maxRows) throw tooMany(`${maxRows} rows`, notNarrowed)
      return { ...held, grouped, notNarrowed, gatherMs, forget: () => this.#sets.forget(set) }
    }
  }

  /** Returns what a query would gather. */
  planOf(query: Query, relation: GatheredRelation): GatheringPlan {
    const { layer, predicates } = gatherQueryOf(query, relation, null)
    const { condition, notNarrowed } = narrow(predicates, layer)
    return { engine: this.name, condition: condition?.sql ?? null, notNarrowed }
  }

  async health(): Promise<GathererHealth> {
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
    await this.#held.close()
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
      this.#version = await this.#connection.version()
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

function snapshotOf({ relation, isCurrent }: Gather): Snapshot {
  return { digest: relation.snapshot, paths: relation.paths, isCurrent }
}

function unlessTooMany(error: unknown): null {
  if (error instanceof GeoduckError && error.code === 'LIMIT_EXCEEDED') return null
  throw error
}

const ROWS = 'rows'

/** What answers the query with fewer rows than all that may match: its groups, or the first rows of its order. Null if nothing does. */
function lessThanWhole(query: Query, relation: GatheredRelation, rows: number | null): GatherQuery | GroupQuery | null {
  if (query.kind === 'groups') return isGroupedAlike(query) ? query : null
  return rows === null ? null : gatherQueryOf(query, relation, rows)
}

/** An error of Spark may contain SQL and paths, so only the log has it. */
export function unavailable(name: string, error: SparkError): GeoduckError {
  return failed(name, error.isUnavailable ? 'does not answer' : 'could not run the query', error)
}

export function failed(name: string, problem: string, cause?: unknown): GeoduckError {
  const message = `The engine ${name} ${problem}; try again in ${RETRY_AFTER} s.`
  return new GeoduckError('ENGINE_UNAVAILABLE', message, { cause, details: { retryAfter: RETRY_AFTER } })
}
