/** The handle of the process that prepares one source. It may die of the source, which costs that one source, or one table of it. */
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ReadingProcess } from '../reading-process.ts'
import type { ForeignSource } from '../sources.ts'
import { GDAL_ENVIRONMENT } from './gdal-environment.ts'
import type { Prepared, PrepareRequest, PreparerOptions, ProgressMessage } from './preparation.ts'
import type { PreparedCache } from './prepared-cache.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = new URL(`./worker/preparer${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

/** The engine's; its process takes as much again for the largest of files (docs/sources.md). A sort that needs more spills. */
const MEMORY_LIMIT_BYTES = Math.floor(Math.min(500e6, os.totalmem() / 8))
const THREADS = Math.min(2, os.availableParallelism())

/** A gigabyte takes about two minutes on two busy processors; what takes ten times that hangs. */
const PREPARE_MS = 120_000
const PREPARE_MS_PER_BYTE = 1.2e-3

export class Preparer {
  readonly #process: ReadingProcess
  readonly #timeoutMs: number

  /** @param bytes of the source's files */
  constructor(spatialExtension: string | null, source: ForeignSource, cache: PreparedCache, bytes: number) {
    this.#timeoutMs = PREPARE_MS + Math.round(bytes * PREPARE_MS_PER_BYTE)
    this.#process = new ReadingProcess({
      worker: WORKER,
      threads: THREADS,
      environment: GDAL_ENVIRONMENT,
      makeFolder: () => cache.makeFolder(),
      options: (folder): PreparerOptions => ({
        spatialExtension,
        files: source.files,
        folder,
        memoryLimitBytes: MEMORY_LIMIT_BYTES,
        threads: THREADS,
      }),
    })
  }

  get closed(): boolean {
    return this.#process.closed
  }

  /** Of the whole content of the source's files. @throws SourceError */
  digest(): Promise<string> {
    return this.#process.ask('digest', undefined, { timeoutMs: this.#timeoutMs })
  }

  /** @throws SourceError */
  prepare(request: PrepareRequest, onProgress: (progress: ProgressMessage) => void): Promise<Prepared> {
    const onMessage = (message: unknown) => onProgress(message as ProgressMessage)
    return this.#process.ask('prepare', request, { timeoutMs: this.#timeoutMs, onMessage })
  }

  /** Kills it, whatever it is doing. */
  close(): Promise<void> {
    return this.#process.close()
  }
}
