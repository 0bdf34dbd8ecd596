/**
 * The handle of the process that reads sources: the server never does. It is started when there is something to read, may die of what it
 * reads, which costs that one source, and is ended when there is nothing more.
 */
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { CheckRequest, CheckResult, DescribedSource, ToInspector } from './inspection.ts'
import { ReadingProcess, type ReadRequest } from './reading-process.ts'

const DESCRIBE_MS = 30_000
/** How long it is kept for another question. */
const IDLE_MS = 1_000

/** A share of the machine that leaves the workers theirs. */
const MEMORY_LIMIT_BYTES = Math.min(2 * 2 ** 30, os.totalmem() / 4)
const THREADS = Math.min(2, os.availableParallelism())

export class Inspector {
  readonly #process: ReadingProcess<ToInspector>
  readonly #allowedPaths: Set<string>
  /** The process that runs may not read all that it should. */
  #stale = false
  /** One question at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #pending = 0
  #idle: NodeJS.Timeout | undefined

  /** @param allowedPaths every file that it may be asked about */
  constructor(spatialExtension: string | null, allowedPaths: readonly string[], tempFolder = os.tmpdir()) {
    this.#allowedPaths = new Set(allowedPaths)
    this.#process = new ReadingProcess({
      program: 'inspect/inspector',
      threads: THREADS,
      makeFolder: () => mkdtemp(path.join(tempFolder, 'geoduck-inspector-')),
      opening: (_, tempDirectory) => ({
        type: 'OPEN',
        options: {
          spatialExtension,
          allowedPaths: [...this.#allowedPaths],
          memoryLimitBytes: Math.floor(MEMORY_LIMIT_BYTES),
          threads: THREADS,
          tempDirectory,
        },
      }),
    })
  }

  get closed(): boolean {
    return this.#process.closed
  }

  /** Further files that it may be asked about from now on. */
  allow(paths: readonly string[]): void {
    const added = paths.filter((path) => !this.#allowedPaths.has(path))
    for (const path of added) this.#allowedPaths.add(path)
    this.#stale ||= added.length > 0
  }

  /** @throws SourceError */
  describeFiles(files: readonly string[]): Promise<DescribedSource> {
    return this.#ask({ type: 'DESCRIBE_FILES', files }, { about: files.join('\n'), timeoutMs: DESCRIBE_MS })
  }

  /** @throws SourceError */
  describeStore(file: string, alias: string): Promise<DescribedSource> {
    return this.#ask({ type: 'DESCRIBE_STORE', file, alias }, { about: file, timeoutMs: DESCRIBE_MS })
  }

  /** The names of a GeoPackage's tables of features. @throws SourceError */
  featureTables(file: string): Promise<readonly string[]> {
    return this.#ask({ type: 'FEATURE_TABLES', file }, { about: file, timeoutMs: DESCRIBE_MS })
  }

  /** @throws SourceError */
  check(request: CheckRequest, timeoutMs: number): Promise<CheckResult> {
    const { relation } = request.description
    const about = request.database ?? (relation.kind === 'parquet' ? relation.files.join('\n') : relation.database)
    return this.#ask({ type: 'CHECK', request }, { about, timeoutMs })
  }

  /** Ends the process, whatever it is doing: questions under way are rejected. */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    await this.#process.close()
    await this.#turn
    await this.#process.end()
  }

  #ask<Value>(message: ToInspector, request: ReadRequest): Promise<Value> {
    clearTimeout(this.#idle)
    this.#pending++
    const answer = this.#turn.then(() => this.#run<Value>(message, request))
    this.#turn = answer.catch(() => {}).then(() => this.#answered())
    return answer
  }

  #answered(): void {
    this.#pending--
    if (this.#pending === 0) this.#idle = setTimeout(() => void this.#process.end(), IDLE_MS).unref()
  }

  async #run<Value>(message: ToInspector, request: ReadRequest): Promise<Value> {
    if (this.#stale) await this.#process.end()
    this.#stale = false
    return this.#process.ask<Value>(message, request)
  }
}
