/** The handle of a process that prepares sources, one at a time. It may die of one, which costs that one, or one table of it. */
import os from 'node:os'
import type { Prepared, PrepareRequest, ProgressMessage, ToPreparer } from './preparation.ts'
import { ReadingProcess } from './reading-process.ts'
import { GDAL_ENVIRONMENT } from './worker-environment.ts'

/** The engine's; its process takes as much again for the largest of files (docs/sources.md). A sort that needs more spills. */
const MEMORY_LIMIT_BYTES = Math.floor(Math.min(500e6, os.totalmem() / 8))
const THREADS = Math.min(2, os.availableParallelism())

/** A gigabyte takes about two minutes on two busy processors; what takes ten times that hangs. */
const PREPARE_MS = 120_000
const PREPARE_MS_PER_BYTE = 1.2e-3

/** A source's file, and those that belong to it. */
interface SourceFiles {
  readonly files: readonly string[]
}

export class Preparer {
  readonly #process: ReadingProcess<ToPreparer>
  /** Files that the process may open. */
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
   * To be called before each source: a process that may not read it is ended. `next` are those that will follow: the one that is started
   * may read them too, for a start takes longer than reading a small file.
   */
  async turnTo(source: SourceFiles, next: readonly SourceFiles[]): Promise<void> {
    if (source.files.every((file) => this.#files.has(file))) return
    await this.#process.end()
    this.#files = new Set([source, ...next].flatMap(({ files }) => files))
  }

  /** Of the whole content of the source's files. @throws SourceError */
  digest({ files }: SourceFiles, bytes: number): Promise<string> {
    return this.#process.ask({ type: 'DIGEST', files }, { about: files[0] ?? '', timeoutMs: timeoutMs(bytes) })
  }

  /** @throws SourceError */
  prepare(request: PrepareRequest, bytes: number, onNote: (progress: ProgressMessage) => void): Promise<Prepared> {
    return this.#process.ask({ type: 'PREPARE', request }, { about: request.file, timeoutMs: timeoutMs(bytes), onNote })
  }

  /** Ends the process; another source starts another one. */
  rest(): Promise<void> {
    return this.#process.end()
  }

  /** Kills it, whatever it is doing, for good. */
  close(): Promise<void> {
    return this.#process.close()
  }
}

const timeoutMs = (bytes: number): number => PREPARE_MS + Math.round(bytes * PREPARE_MS_PER_BYTE)
