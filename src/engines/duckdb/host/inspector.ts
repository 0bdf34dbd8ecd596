/**
 * The handle of the inspector, the process that reads sources; the server never reads them. It starts when there is something
 * to read, and ends when there is nothing more. A source may end it, which costs only that source.
 */
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { GatewayAccess } from '../../engine.ts'
import type { CheckRequest, CheckResult, DescribedSource, FeatureTables, ToInspector } from './inspection.ts'
import { ReadingProcess, type ReadRequest } from './reading-process.ts'

const DESCRIBE_MS = 30_000
/** Milliseconds that an idle inspector is kept for another message. */
const IDLE_MS = 1_000

/** Limits that leave enough of the machine to the workers. */
const MEMORY_LIMIT_BYTES = Math.min(2 * 2 ** 30, os.totalmem() / 4)
const THREADS = Math.min(2, os.availableParallelism())

export class Inspector {
  readonly #process: ReadingProcess<ToInspector>
  readonly #allowedPaths: Set<string>
  #gateway: GatewayAccess | null = null
  /** True if the running process must end, because it may not read all allowed files. */
  #stale = false
  /** Resolves when all earlier messages are answered: the process gets one at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #pending = 0
  #idle: NodeJS.Timeout | undefined

  /** @param allowedPaths all files that the process may read */
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
          ...(this.#gateway && { gateway: this.#gateway }),
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

  /** Allows further files. With a gateway, some of them are on another machine. */
  allow(paths: readonly string[], gateway: GatewayAccess | null = null): void {
    this.#gateway ??= gateway
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

  /** Returns the feature tables of a GeoPackage. @throws SourceError */
  featureTables(file: string): Promise<FeatureTables> {
    return this.#ask({ type: 'FEATURE_TABLES', file }, { about: file, timeoutMs: DESCRIBE_MS })
  }

  /** @throws SourceError */
  check(request: CheckRequest, timeoutMs: number): Promise<CheckResult> {
    const { relation } = request.description
    const about = request.database ?? (relation.kind === 'parquet' ? relation.files.join('\n') : relation.database)
    return this.#ask({ type: 'CHECK', request }, { about, timeoutMs })
  }

  /** Kills the process. Messages without an answer are rejected. */
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
