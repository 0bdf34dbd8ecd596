/**
 * Prepares copies of sources in GeoParquet. Its processes run as long as a file waits, because to start one takes longer than to read a small file.
 * Large files are read one after the other. Small files do not wait for them, nor for a file that hangs or ends its process.
 */
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import type { ProgressMessage } from '../../engines/duckdb/host/preparation.ts'
import { Preparer } from '../../engines/duckdb/host/preparer.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { type Preparation, progressText, type Stage } from '../../model/preparation.ts'
import type { CatalogLog, SourceContext, SourcePart } from '../source.ts'
import type { SourceLocation } from './file-source.ts'
import { ParquetSource } from './parquet.ts'
import type { PreparedPart, PreparedSource } from './prepared.ts'
import { type PreparedCache, reasonOfCache } from './prepared-cache.ts'

/** The interval of log lines without a terminal. */
const LOG_MS = 10_000
/** Limits the wait for a file that is written all the time. */
const MOST_CHANGES = 3
/**
 * The size limits of the lanes: one for small files, so that both together use little more memory than one, and one for all
 * files.
 */
const LANES = [16e6, Number.POSITIVE_INFINITY]
/** The interval for looking at a file that another server prepares, when there is no other work. */
const LOOK_MS = 250
/** Copies that finish within this time are served together, so that workers are renewed once. */
const GATHER_MS = { least: 2_000, most: 30_000 }

const CHANGED = 'it changed while it was read: serve it again when it is whole'

export interface PreparationQueueOptions {
  readonly spatialExtension: string | null
  readonly cache: PreparedCache
  readonly context: SourceContext
  /** Lets the workers read everything that sources describe. Resolves when they can. */
  readonly admit: () => Promise<void>
}

interface Task {
  readonly source: PreparedSource
  readonly parts: readonly PreparedPart[]
  readonly resolve: () => void
  /** The number of times that the file has changed during its preparation. */
  changes: number
}

/** A source that is served by copies. */
interface Copied {
  /** True if a copy of the part is still needed. */
  has(part: SourcePart): boolean
  admit(copy: ParquetSource): void
  serve(part: SourcePart, copy: ParquetSource): Promise<void>
  fail(part: SourcePart | null, reason: string): void
}

interface Finished {
  readonly source: Copied
  readonly part: SourcePart
  readonly copy: ParquetSource
}

type Outcome = 'DONE' | 'CHANGED' | 'HELD_BY_ANOTHER'

export class PreparationQueue {
  readonly log: CatalogLog
  readonly #options: PreparationQueueOptions
  readonly #preparers: readonly Preparer[]
  readonly #waiting: Task[] = []
  readonly #running = new Map<Preparer, Promise<void>>()
  #finished: Finished[] = []
  #serving: Promise<void> | null = null
  #downloads: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: PreparationQueueOptions) {
    const { spatialExtension, cache, context } = options
    this.#options = options
    this.log = context.log
    this.#preparers = LANES.map(() => new Preparer(spatialExtension, () => cache.makeFolder()))
  }

  /** Makes the missing copies of the source. Resolves when that is done or has failed. */
  make(source: PreparedSource): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ source, parts: source.parts, resolve, changes: 0 })
    for (const [lane, preparer] of this.#preparers.entries()) this.#start(preparer, LANES[lane]!)
    return promise
  }

  /** The path of an existing copy. */
  async find(content: string, table: string | null): Promise<string | null> {
    const { cache } = this.#options
    const path = await cache.find(content, table)
    // Without this mark, another process may remove the copy, which is then made again.
    if (path !== null) await cache.use(content).catch(() => {})
    return path
  }

  /** @param fingerprint the fingerprint of the source. Null: that of the copy */
  source(place: SourceLocation, fingerprint: string | null): ParquetSource {
    return new ParquetSource(place, this.#options.context, fingerprint)
  }

  /** The copies that can be read. */
  async read(copies: readonly ParquetSource[]): Promise<readonly ParquetSource[]> {
    // All of them together, because the inspector must be restarted to read new files.
    this.#options.context.inspector.allow(copies.flatMap((copy) => copy.access().allowedPaths))
    for (const copy of copies) await copy.look()
    return copies.filter(({ failure }) => failure === null)
  }

  get cache(): PreparedCache {
    return this.#options.cache
  }

  /** Runs one download after the other, in the order of the calls. */
  download(run: () => Promise<void>): Promise<void> {
    const done = this.#downloads.then(run)
    this.#downloads = done.catch(() => {})
    return done
  }

  /** True if nothing is being prepared or waits to be served. */
  async settled(): Promise<void> {
    do {
      await this.#done
      await this.#serving
    } while (this.#finished.length > 0)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#preparers.map((preparer) => preparer.close()))
    await this.#done
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    await this.#options.cache.close()
  }

  /** Settles when nothing is waiting. It never rejects. */
  get #done(): Promise<void> {
    return Promise.all(this.#running.values()).then(() => (this.#running.size > 0 ? this.#done : undefined))
  }

  #start(preparer: Preparer, mostBytes: number): void {
    if (this.#running.has(preparer)) return
    const run = this.#run(preparer, mostBytes).finally(() => {
      this.#running.delete(preparer)
      // Files that were added while the process ended.
      if (!this.#closed && this.#next(mostBytes) >= 0) this.#start(preparer, mostBytes)
    })
    this.#running.set(preparer, run)
  }

  #next(mostBytes: number): number {
    return this.#waiting.findIndex(({ source }) => source.bytes <= mostBytes)
  }

  async #run(preparer: Preparer, mostBytes: number): Promise<void> {
    // Wait for others that are added in the same turn of the event loop.
    await setImmediate()
    let held = 0
    for (let next = this.#next(mostBytes); next >= 0 && !this.#closed; next = this.#next(mostBytes)) {
      const [task] = this.#waiting.splice(next, 1)
      if (!task) break
      held = (await this.#prepare(preparer, task)) ? 0 : held + 1
      // Only files that other servers prepare are left.
      if (held > this.#waiting.length) await delay(LOOK_MS)
    }
    await preparer.rest()
  }

  /** False: it waits again. */
  async #prepare(preparer: Preparer, task: Task): Promise<boolean> {
    const { source, resolve } = task
    try {
      const outcome = await this.#attempt(preparer, task)
      if (outcome === 'CHANGED') {
        if (task.changes++ === MOST_CHANGES) throw new SourceError(CHANGED)
        await source.original.look()
      }
      if (outcome !== 'DONE') {
        this.#waiting.push(task)
        return outcome === 'CHANGED'
      }
    } catch (error) {
      if (!this.#closed) source.fail(null, this.#reasonOf(error, source))
    }
    resolve()
    return true
  }

  #reasonOf(error: unknown, { label }: PreparedSource): string {
    const reason = reasonOfCache(error)
    if (error instanceof SourceError && error.cause !== undefined) this.log.warn({ err: error }, `${label}: ${error.message}`)
    if (reason !== null || error instanceof SourceError) return reason ?? (error as SourceError).message
    this.log.warn({ err: error }, `${label} could not be prepared`)
    return 'it cannot be prepared: the log has the cause'
  }

  async #attempt(preparer: Preparer, { source, parts }: Task): Promise<Outcome> {
    const { cache } = this.#options
    const { original } = source
    await preparer.turnTo(
      original,
      this.#waiting.map((task) => task.source),
    )
    const content = await original.content(() => preparer.digest(original, original.bytes))
    await cache.use(content)
    const lock = await cache.lock(content)
    if (!lock) return 'HELD_BY_ANOTHER'
    try {
      for (const part of parts) {
        try {
          const path = (await cache.find(content, part.table)) ?? (await this.#copy(preparer, source, part, content))
          if (path === null || !(await isStillThat(original))) return 'CHANGED'
          this.finish({ source, part, copy: source.copyOf(part, content, path) })
        } catch (error) {
          if (this.#closed || !(error instanceof SourceError)) throw error
          if (!(await original.isCurrent())) return 'CHANGED'
          source.fail(part, this.#reasonOf(error, source))
        }
      }
      return 'DONE'
    } finally {
      await lock.release()
    }
  }

  /** Null if the file changed meanwhile. */
  async #copy(preparer: Preparer, source: PreparedSource, part: PreparedPart, content: string): Promise<string | null> {
    const { files, format, bytes, label } = source.original
    const { table } = part
    const what = table === null ? label : `${label}, table ${table}`
    const clock = new ProgressClock()
    const began = performance.now()
    let logged = began
    this.log.info({ source: label }, `${what} is being prepared`)
    const request = { file: files[0] ?? '', format, table, content }
    const made = await preparer.prepare(request, bytes, (message) => {
      const preparation = clock.preparation(message)
      part.preparation = preparation
      if (performance.now() - logged < LOG_MS) return
      logged = performance.now()
      this.log.info({ source: label }, `${what}: ${progressText(preparation)}`)
    })
    // The content that was read may differ from the content of the digest.
    if (!(await isStillThat(source.original))) return null
    const path = await this.#options.cache.keep(made.file, content, table)
    const ms = Math.round(performance.now() - began)
    this.log.info({ source: label, features: made.rows, bytes: made.bytes, ms }, `${what} is prepared`)
    return path
  }

  /** Serves the copy, together with others that finish soon. */
  finish(finished: Finished): void {
    this.#finished.push(finished)
    this.#serving ??= this.#gather().finally(() => {
      this.#serving = null
    })
  }

  /**
   * The first of many copies are served soon, and the rest in few groups: each group collects for as long as all groups before
   * it took.
   */
  async #gather(): Promise<void> {
    const began = performance.now()
    while (this.#finished.length > 0) {
      const ms = Math.min(GATHER_MS.most, Math.max(GATHER_MS.least, performance.now() - began))
      await Promise.race([delay(ms, undefined, { ref: false }), this.#done])
      await this.#serve(this.#finished.splice(0))
    }
  }

  async #serve(finished: readonly Finished[]): Promise<void> {
    const wanted = finished.filter(({ source, part }) => source.has(part))
    const readable = await this.read(wanted.map(({ copy }) => copy))
    for (const { source, part, copy } of wanted) {
      if (readable.includes(copy)) source.admit(copy)
      else source.fail(part, 'its copy cannot be read')
    }
    try {
      await this.#options.admit()
    } catch (error) {
      this.log.warn({ err: error }, 'workers could not be given the copies that are prepared')
      return
    }
    for (const { source, part, copy } of wanted) if (readable.includes(copy)) await source.serve(part, copy)
  }
}

/** A GeoPackage is read from a snapshot, which keeps the content of the digest when the file changes. */
async function isStillThat(original: PreparedSource['original']): Promise<boolean> {
  return original.format === 'GeoPackage' || (await original.isCurrent())
}

/** Reading takes about three times as long as sorting and writing. */
const READING_PERCENT = 75

/** The progress of one part, from the messages of its process. */
class ProgressClock {
  #stage: Stage | null = null
  /** The time and the number of the first features of the stage. */
  #since: { readonly ms: number; readonly rows: number } | null = null

  preparation({ stage, rows, total }: ProgressMessage, now = performance.now()): Preparation {
    if (stage !== this.#stage) this.#since = null
    this.#stage = stage
    if (rows > 0) this.#since ??= { ms: now, rows }
    const share = total ? rows / total : 0
    const percent = stage === 'READING' ? share * READING_PERCENT : READING_PERCENT + share * (100 - READING_PERCENT)
    const rowsPerSecond = this.#rate(rows, now)
    return { stage, rows, total, percent, rowsPerSecond, secondsLeft: secondsLeft(stage, rows, total, rowsPerSecond) }
  }

  #rate(rows: number, now: number): number | null {
    if (!this.#since || now - this.#since.ms < 500 || rows <= this.#since.rows) return null
    return ((rows - this.#since.rows) / (now - this.#since.ms)) * 1000
  }
}

function secondsLeft(stage: Stage, rows: number, total: number | null, rate: number | null): number | null {
  if (total === null || rate === null) return null
  const reading = (total - rows) / rate
  return stage === 'READING' ? reading + ((100 - READING_PERCENT) / READING_PERCENT) * (total / rate) : reading
}
