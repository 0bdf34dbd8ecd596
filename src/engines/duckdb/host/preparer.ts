/**
 * The handle of the preparer, a process that makes prepared copies, one at a time. A source may end it, which costs that source
 * or table.
 */
import os from 'node:os'
import type { Format } from './format.ts'
import type { Prepared, PrepareRequest, ProgressMessage, ToPreparer } from './preparation.ts'
import { ReadingProcess } from './reading-process.ts'
import { GDAL_ENVIRONMENT } from './worker-environment.ts'

/**
 * Memory limit of the engine. For the largest files, its process needs as much again (docs/sources.md). A sort that needs more
 * spills.
 */
const MEMORY_LIMIT_BYTES = Math.floor(Math.min(500e6, os.totalmem() / 8))
const THREADS = Math.min(2, os.availableParallelism())

/**
 * Limits of the time to prepare a file. A gigabyte takes about two minutes on two busy processors; the limit is ten times that.
 */
const PREPARE_MS = 120_000
const PREPARE_MS_PER_BYTE = 1.2e-3

/** The files of a source. */
interface SourceFiles {
  readonly files: readonly string[]
  readonly format: Format
}

export class Preparer {
  readonly #process: ReadingProcess<ToPreparer>
  /** All files that the process may read. */
  #files: ReadonlySet<string> = new Set()

  constructor(spatialExtension: string | null, makeFolder: () => Promise<string>) {
    this.#process = new ReadingProcess({
      program: 'prepare/preparer',
      threads: THREADS,
      environment: GDAL_ENVIRONMENT,
      makeFolder,
      opening: (folder) => ({
        type: 'OPEN',
        options: {
          spatialExtension,
          files: [...this.#files],
          folder,
          memoryLimitBytes: MEMORY_LIMIT_BYTES,
          threads: THREADS,
        },
      }),
    })
  }

  /**
   * Allows the process to read `source`; call it before each source. A running process that may not read it is ended. The next
   * process may also read the sources in `next`, because a start takes longer than to read a small file.
   */
  async turnTo(source: Pick<SourceFiles, 'files'>, next: readonly Pick<SourceFiles, 'files'>[]): Promise<void> {
    if (source.files.every((file) => this.#files.has(file))) return
    await this.#process.end()
    this.#files = new Set([source, ...next].flatMap(({ files }) => files))
  }

  /** Returns a digest of the whole content of the source's files. @throws SourceError */
  digest({ files, format }: SourceFiles, bytes: number): Promise<string> {
    return this.#process.ask({ type: 'DIGEST', files, format }, { about: files[0] ?? '', timeoutMs: timeoutMs(bytes) })
  }

  /** Makes a prepared copy. @throws SourceError */
  prepare(request: PrepareRequest, bytes: number, onNote: (progress: ProgressMessage) => void): Promise<Prepared> {
    return this.#process.ask({ type: 'PREPARE', request }, { about: request.file, timeoutMs: timeoutMs(bytes), onNote })
  }

  /** Ends the process. The next source starts another one. */
  rest(): Promise<void> {
    return this.#process.end()
  }

  /** Kills the process for good. */
  close(): Promise<void> {
    return this.#process.close()
  }
}

const timeoutMs = (bytes: number): number => PREPARE_MS + Math.round(bytes * PREPARE_MS_PER_BYTE)
