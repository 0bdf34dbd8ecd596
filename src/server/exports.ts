/**
 * Makes finished files for downloads, and keeps them while the data is the same. One export runs per question, and two at a time. All files
 * and their temporary data share one limit: the files that were not sent for the longest time are removed first.
 */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { DownloadQuery } from '../ask/download-query.ts'
import type { Config } from '../config/config.ts'
import { exportJob } from '../engines/duckdb/host/export-job.ts'
import type { ExportJob, ExportNote } from '../engines/duckdb/host/export-messages.ts'
import { diskFull, exportFile, isDiskFull } from '../engines/duckdb/host/exporter.ts'
import type { Engine, FileAccess, OperationContext } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { FinishedFormat } from '../model/file-format.ts'
import type { FeatureQuery } from '../model/query.ts'
import { ExportFolder } from './export-folder.ts'

export interface ExportsOptions {
  readonly config: Pick<
    Config,
    | 'memoryLimitBytes'
    | 'threads'
    | 'tempDirectory'
    | 'tempDirectoryBytes'
    | 'pageBytes'
    | 'exportBytes'
    | 'exportSeconds'
    | 'queueLength'
  >
  readonly spatialExtension: string
  /** Returns the files that may be read now. */
  readonly access: () => FileAccess
  readonly engine: () => Pick<Engine, 'withRows'>
}

/** A file that stays on disk until `release` is called. */
export interface KeptFile {
  readonly file: string
  readonly rows: number
  /** Unique to the content. */
  readonly tag: string
  release(): void
}

interface Kept {
  readonly key: string
  readonly file: string
  readonly rows: number
  readonly bytes: number
  readonly tag: string
  /** The number of responses that send it. */
  users: number
}

type FinishedJob = Omit<ExportJob, 'folder'> & { readonly format: FinishedFormat }

type JobOf = (query: FeatureQuery) => FinishedJob

interface Asker {
  readonly signal: AbortSignal
  readonly context: Pick<OperationContext, 'id' | 'client' | 'address'> & { readonly unchanged: () => Promise<boolean> }
}

interface Running {
  readonly made: Promise<Kept>
  readonly stop: AbortController
  readonly progress: Progress
  waiters: number
}

interface Progress {
  readonly layer: string
  readonly format: FinishedFormat
  /** When it was requested, by the clock of `performance`. */
  readonly since: number
  stage: 'WAITING' | 'READING' | 'WRITING'
  percent: number | null
}

/** A file that is being made, as `health` reports it. */
export interface ExportReport extends Omit<Progress, 'since'> {
  /** Bytes on disk, with temporary data. */
  readonly bytes: number
  readonly ageSeconds: number
  /** The number of requests that wait for it. */
  readonly requests: number
}

const MOST_RUNNING = 2

export class Exports {
  readonly #options: ExportsOptions
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>()
  readonly #running = new Map<string, Running>()
  /** Bytes of each running export. */
  readonly #sizes = new Map<string, number>()
  readonly #queue: (() => void)[] = []
  #busy = 0
  #folder: Promise<ExportFolder> | null = null

  constructor(options: ExportsOptions) {
    this.#options = options
  }

  /**
   * Returns the file of a request, which it makes if it has none. `context.unchanged` resolves with true if the data is still the same.
   *
   * @throws GeoduckError; the reason of `signal`
   */
  async file(format: FinishedFormat, request: DownloadQuery, { signal, context }: Asker): Promise<KeptFile> {
    const { query, zooms } = request
    const { config: limits, spatialExtension, access } = this.#options
    const exported = (query: FeatureQuery) => exportJob({ query, format, zooms }, { limits, spatialExtension, access: access() })
    const { digest } = exported(query)
    const { layer } = query.view
    const key = keyOf([format, layer.name, layer.fingerprint, digest, query.limit, query.after, zooms])
    const known = this.#kept.get(key)
    // Something outside may clean the temporary folder.
    if (known && (await stat(known.file).catch(() => null))) return this.#take(known)
    this.#kept.delete(key)
    const running =
      this.#running.get(key) ?? this.#start(key, request.query, (query) => ({ ...exported(query).job, format }), format, context)
    return await this.#wait(running, signal, request.deadlineMs)
  }

  /** Returns the exports that run, and then those that wait, in their order. */
  report(): readonly ExportReport[] {
    const reports = [...this.#running].map(([key, { progress, waiters: requests }]) => {
      const { since, ...shown } = progress
      return { ...shown, bytes: this.#sizes.get(key) ?? 0, ageSeconds: (performance.now() - since) / 1_000, requests }
    })
    return reports.sort((a, b) => Number(a.stage === 'WAITING') - Number(b.stage === 'WAITING'))
  }

  /** Stops all exports and removes all files. */
  async close(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { stop } of running)
      stop.abort(new GeoduckError('SHUTTING_DOWN', 'The server is stopping; ask again later, or elsewhere.'))
    await Promise.allSettled(running.map(({ made }) => made))
    const folder = await this.#folder?.catch(() => null)
    await folder?.remove()
  }

  #take(kept: Kept): KeptFile {
    this.#kept.delete(kept.key)
    this.#kept.set(kept.key, kept)
    kept.users++
    let isReleased = false
    const release = () => {
      if (!isReleased) kept.users--
      isReleased = true
    }
    return { file: kept.file, rows: kept.rows, tag: kept.tag, release }
  }

  /** The export stops when nobody waits for it any more. */
  async #wait(running: Running, signal: AbortSignal, deadlineMs: number | null): Promise<KeptFile> {
    running.waiters++
    const gone = Promise.withResolvers<never>()
    gone.promise.catch(() => {})
    const leave = () => gone.reject(signal.reason)
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
    const late = () => gone.reject(new GeoduckError('DEADLINE_EXCEEDED', 'The export did not end within `deadline`: filter it.'))
    const timer = deadlineMs === null ? undefined : setTimeout(late, deadlineMs)
    try {
      return this.#take(await Promise.race([running.made, gone.promise]))
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      running.waiters--
      if (running.waiters === 0) running.stop.abort(new GeoduckError('INTERNAL', 'Nobody waits for the export.'))
    }
  }

  #start(key: string, query: FeatureQuery, jobOf: JobOf, format: FinishedFormat, context: Asker['context']): Running {
    if (this.#queue.length >= this.#options.config.queueLength)
      throw new GeoduckError('OVERLOADED', 'Too many exports wait; try again later.', { details: { retryAfter: 10 } })
    const stop = new AbortController()
    const progress: Progress = { layer: query.view.layer.name, format, since: performance.now(), stage: 'WAITING', percent: null }
    const made = this.#make(key, query, jobOf, progress, { signal: stop.signal, context })
    const running: Running = { made, stop, progress, waiters: 0 }
    this.#running.set(key, running)
    running.made.catch(() => {}).finally(() => this.#running.delete(key))
    return running
  }

  async #make(key: string, query: FeatureQuery, jobOf: JobOf, progress: Progress, { signal, context }: Asker): Promise<Kept> {
    const { unchanged } = context
    await this.#turn()
    progress.stage = 'READING'
    let folder: string | null = null
    try {
      const root = await this.#root()
      folder = path.join(root, `making-${randomUUID()}`)
      await mkdir(folder, { recursive: true })
      const limits = {
        fits: (bytes: number) => this.#fits(key, bytes),
        timeoutMs: 1_000 * this.#options.config.exportSeconds,
        signal,
        onNote: ({ phase, share }: ExportNote) => {
          progress.stage = phase === 'read' ? 'READING' : 'WRITING'
          progress.percent = share === null || share === undefined ? null : 100 * share
        },
      }
      const place = { folder }
      const write = (query: FeatureQuery) => exportFile({ ...jobOf(query), ...place }, limits)
      const written = this.#options.engine().withRows(query, context, signal, write)
      const made = await written.catch(async (error: unknown) => {
        if (!signal.aborted && !(await unchanged())) throw sourceChanged(error)
        throw error
      })
      if (!(await unchanged())) throw sourceChanged()
      const tag = randomUUID()
      const file = path.join(root, `${tag}${path.extname(made.file)}`)
      await rename(made.file, file)
      const kept = { key, file, rows: made.rows, bytes: made.bytes, tag, users: 0 }
      this.#kept.set(key, kept)
      return kept
    } catch (error) {
      const failure = isDiskFull(error) ? diskFull(error) : error
      // The next export has the room of the files that are kept.
      if (failure instanceof GeoduckError && failure.code === 'OVERLOADED') this.#shrink(0)
      throw failure
    } finally {
      this.#sizes.delete(key)
      if (folder !== null) await rm(folder, { recursive: true, force: true })
      this.#next()
    }
  }

  /** Returns the path of the folder of this server. After a failure, such as a full disk, the next export tries again. */
  async #root(): Promise<string> {
    this.#folder ??= ExportFolder.make(this.#options.config.tempDirectory)
    try {
      return (await this.#folder).path
    } catch (error) {
      this.#folder = null
      throw error
    }
  }

  /** Waits until fewer exports run. */
  async #turn(): Promise<void> {
    if (this.#busy < MOST_RUNNING) this.#busy++
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
  }

  /** Gives the place of an export that has ended to the next one. */
  #next(): void {
    const next = this.#queue.shift()
    if (next) next()
    else this.#busy--
  }

  /** Records the bytes of an export, and removes kept files, until everything is within the limit. Returns false if it is not. */
  #fits(key: string, bytes: number): boolean {
    this.#sizes.set(key, bytes)
    return this.#shrink(this.#options.config.exportBytes) <= this.#options.config.exportBytes
  }

  /** Removes files that are not being sent, until all files have at most this number of bytes. Returns the bytes that are left. */
  #shrink(most: number): number {
    const sizes = [...this.#sizes.values(), ...[...this.#kept.values()].map(({ bytes }) => bytes)]
    let total = sizes.reduce((sum, one) => sum + one, 0)
    for (const kept of this.#kept.values()) {
      if (total <= most) break
      if (kept.users > 0) continue
      this.#kept.delete(kept.key)
      void rm(kept.file, { force: true })
      total -= kept.bytes
    }
    return total
  }
}

function sourceChanged(cause?: unknown): GeoduckError {
  return new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read; ask again.', { cause })
}

function keyOf(parts: readonly unknown[]): string {
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)
  return hash('sha256', JSON.stringify(parts, plain))
}
