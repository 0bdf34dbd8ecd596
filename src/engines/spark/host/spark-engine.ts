/** One configured Spark: its connection, its result sets, and the names under which workers open their files. */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { type ErrorCode, GeoduckError } from '../../../model/errors.ts'
import type { GatheredContent, GatheredRelation, TableVersion } from '../../../model/layer.ts'
import type { GroupQuery, Query } from '../../../model/query.ts'
import type { GatheredOrder, GathererHealth, GatheringPlan } from '../../engine.ts'
import { identifier } from '../dialect/condition.ts'
import type { GatherQuery } from '../dialect/gather.ts'
import { gatherQueryOf } from '../dialect/gather-query.ts'
import { isGroupedAlike } from '../dialect/groups.ts'
import { narrow } from '../dialect/narrow.ts'
import { descriptionOf, type Latest, latestOfDelta, latestOfIceberg, refreshOf, type TableKind } from '../dialect/tables.ts'
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
  /** Askers have turns. */
  readonly asker: string
  readonly query: Query
  readonly relation: GatheredRelation
  /** The most rows that the query needs. Null: all. */
  readonly rows: number | null
  /** True if the data is still the version of the query. */
  readonly isCurrent: () => Promise<boolean>
  /** Reads the keys of files. */
  readonly order: (files: readonly string[], grouped: boolean) => Promise<GatheredOrder>
}

type JsonRow = Readonly<Record<string, unknown>>

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
    const { name, address, isEncrypted, token, tempDirectory, folder, maxBytes, keepSeconds, concurrency, keeper, log } = options
    this.#options = options
    this.name = name
    this.allowedPaths = keeper.paths
    this.#connection = new SparkConnection({ address, isEncrypted, token, tempDirectory: path.join(tempDirectory, 'spark') })
    this.#sets = new ResultSets({ folder, maxBytes, keepSeconds, concurrency }, this.#connection)
    const warn = (err: unknown) => log.warn({ engine: name, err }, 'gathered rows could not be removed')
    this.#held = new HeldSets(keeper, warn)
    this.#sweeping = setInterval(() => void this.#sweep().catch(warn), Math.min(SWEEP_MS, keepSeconds * 1_000)).unref()
  }

  /** @throws GeoduckError ENGINE_UNAVAILABLE */
  async version(): Promise<string> {
    return await this.#reach(() => this.#connection.version())
  }

  /**
   * Runs a statement over the content of a layer and returns its few rows. `rows` is the name of the content in it.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE
   */
  async facts(content: GatheredContent, sql: string): Promise<readonly JsonRow[]> {
    return await this.#rows(async (directory) => {
      const over = await this.#over(content, sql)
      await this.#connection.write({ sql: over, values: [], directory, format: 'json' })
    })
  }

  /**
   * Calls `use` with files without rows, from which the types of the columns are described as Spark writes them. Their names are `c0`, `c1`, and so on, so
   * that no type is guessed from a name. The files are there until it has settled.
   *
   * @throws GeoduckError ENGINE_UNAVAILABLE
   */
  async emptyFiles<Value>(
    columns: readonly string[],
    content: GatheredContent,
    use: (files: readonly string[]) => Promise<Value>,
  ): Promise<Value> {
    return await this.#attempt(async (directory) => {
      await this.#reach(async () => {
        const names = columns.map((name, n) => `${identifier(name)} AS c${n}`)
        const sql = await this.#over(content, `SELECT ${names.join(', ')} FROM rows WHERE false`)
        await this.#connection.write({ sql, values: [], directory })
      })
      return await use((await parquetIn(directory)).map(({ name }) => path.join(directory, name)))
    })
  }

  /**
   * Returns what a table is, such as `iceberg`. @throws GeoduckError ENGINE_UNAVAILABLE
   *
   * @param name the parts of its name
   */
  async providerOf(name: readonly string[]): Promise<string | null> {
    await this.#reach(() => this.#connection.command(refreshOf(name)))
    const described = await this.#rows((directory) => this.#connection.command(descriptionOf(name), directory))
    const detail = described.findLast((row) => row['col_name'] === 'Provider')
    return (detail?.['data_type'] as string | undefined) ?? null
  }

  /** Returns the latest version of a table. Null: nothing has been written to it. @throws GeoduckError ENGINE_UNAVAILABLE */
  async latestOf(name: readonly string[], kind: TableKind): Promise<Latest | null> {
    const [row] = await this.#rows(async (directory) => {
      if (kind === 'delta') return await this.#connection.command(latestOfDelta(name), directory)
      await this.#connection.command(refreshOf(name))
      await this.#connection.write({ sql: latestOfIceberg(name), values: [], directory, format: 'json' })
    })
    return row ? { version: String(row['version']), stamp: (row['timestamp'] as string | undefined) ?? null } : null
  }

  /** Returns the columns of a version of a table, with Spark's names of their types. @throws GeoduckError ENGINE_UNAVAILABLE */
  async columnsOf(table: TableVersion): Promise<readonly { readonly name: string; readonly type: string }[]> {
    const rows = await this.#rows(async (directory) => {
      const view = viewOf(table)
      await this.#connection.view(view, table)
      await this.#connection.command(`DESCRIBE TABLE ${identifier(view)}`, directory)
    })
    return rows.map((row) => ({ name: row['col_name'] as string, type: row['data_type'] as string }))
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
      const set = await this.#reach(() => this.#sets.get(question, snapshotOf(gather), signal, gather.asker))
      let damage: unknown = new Error('a file is missing, was changed, or cannot be linked')
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

  /** Calls `use` with a folder that Spark may make. A sweep removes it if this server ends. */
  async #attempt<Value>(use: (directory: string) => Promise<Value>): Promise<Value> {
    const folder = path.join(this.#options.folder, randomUUID())
    await mkdir(folder, { recursive: true })
    try {
      return await use(path.join(folder, ROWS))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** Returns the few rows that `write` lets Spark write as JSON. */
  async #rows(write: (directory: string) => Promise<void>): Promise<readonly JsonRow[]> {
    return await this.#attempt(async (directory) => {
      await this.#reach(() => write(directory))
      const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
      const texts = await Promise.all(names.map((name) => readFile(path.join(directory, name), 'utf8')))
      return texts.flatMap((text) => text.split('\n').filter((line) => line !== '')).map((line) => JSON.parse(line))
    })
  }

  /** Returns a statement in which `rows` is the content. */
  async #over(content: GatheredContent, sql: string): Promise<string> {
    const view = viewOf(content)
    await this.#connection.view(view, content)
    return `WITH rows AS (SELECT * FROM ${identifier(view)}) ${sql}`
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
  return { digest: relation.snapshot, content: relation.table ?? relation.paths, isCurrent }
}

function unlessTooMany(error: unknown): null {
  if (error instanceof GeoduckError && error.code === 'LIMIT_EXCEEDED') return null
  throw error
}

const ROWS = 'rows'

const viewOf = (content: GatheredContent): string => `content_${hash('sha256', JSON.stringify(content)).slice(0, 32)}`

/** Returns what answers the query with fewer rows than all that may match: its groups, or the first rows of its order. Null if nothing does. */
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
