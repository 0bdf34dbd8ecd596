/**
 * Writes one file of the features of a query, in a separate process. The process, its time and its disk space are bounded; if it fails,
 * or is stopped, nothing is left in the folder.
 */
import { mkdir, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { GeoduckError, refusedInput } from '../../../model/errors.ts'
import { ChildProcess, NoAnswer } from './child-process.ts'
import type { ExportAnswer, ExportedFile, ExportJob, ExportNote } from './export-messages.ts'
import type { ProgressMessage } from './preparation.ts'
import { GDAL_ENVIRONMENT } from './worker-environment.ts'

export interface ExportLimits {
  /** Receives the bytes that the export has on disk, with its temporary data. False stops it. */
  readonly fits: (bytes: number) => boolean
  readonly timeoutMs: number
  /** Stops the export. */
  readonly signal: AbortSignal
  readonly onNote: (note: ExportNote) => void
}

/** Milliseconds between two measurements of the folder. */
const WATCH_MS = 250

/** Writes the file into `job.folder`. @throws GeoduckError; the reason of `signal` */
export async function exportFile(job: ExportJob, limits: ExportLimits): Promise<ExportedFile> {
  const { signal, fits } = limits
  signal.throwIfAborted()
  const tempDirectory = path.join(job.folder, 'spill')
  await mkdir(tempDirectory, { recursive: true })
  const { threads } = job.options
  const child = new ChildProcess<ExportJob>({ program: 'export/exporter', threads, environment: GDAL_ENVIRONMENT, tempDirectory })
  const stop = () => void child.end()
  signal.addEventListener('abort', stop)
  let isTooLarge = false
  const watch = setInterval(async () => {
    if (fits(await bytesIn(job.folder))) return
    isTooLarge = true
    stop()
  }, WATCH_MS)
  try {
    const isolated = { ...job, options: { ...job.options, tempDirectory } }
    const answer = await child.ask<ExportAnswer>(isolated, limits.timeoutMs, (note: ExportNote | ProgressMessage) =>
      limits.onNote('phase' in note ? note : { phase: 'write', share: shareOf(note) }),
    )
    if (!('refused' in answer) && !fits(answer.bytes)) throw tooLarge()
    if ('refused' in answer) throw new GeoduckError(answer.code, answer.refused)
    return answer
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof NoAnswer ? errorOf(error, isTooLarge, limits) : error
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', stop)
    await child.end()
  }
}

/** The writer of GeoParquet reports its progress as for a prepared copy. */
const shareOf = ({ rows, total }: ProgressMessage): number | null => (total ? rows / total : null)

/** Bytes of all files in a folder and below. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export function diskFull(cause: unknown): GeoduckError {
  return new GeoduckError('OVERLOADED', 'The disk of the exports is full; try again later.', { cause })
}

function errorOf(error: NoAnswer, isTooLarge: boolean, { timeoutMs }: ExportLimits): GeoduckError {
  if (isTooLarge) return tooLarge()
  if (error.why === 'LATE')
    return new GeoduckError(
      'DEADLINE_EXCEEDED',
      `The export did not end within ${timeoutMs / 1000} s (--export-deadline): filter it, or use .csv.`,
    )
  if (error.why === 'DIED')
    return new GeoduckError('WORKER_LOST', 'The process of the export ended; try again.', { cause: error })
  switch (error.message) {
    case 'OUT_OF_MEMORY':
      return new GeoduckError('OUT_OF_MEMORY', 'The export needs more memory than a worker has: filter it, or use .csv.', {
        cause: error,
      })
    case 'DISK_FULL':
      return diskFull(error)
    case 'UNKNOWN_CRS':
      return refusedInput('`crs`: no transformation from the CRS of the layer is known.', { cause: error })
    case 'IO':
    case 'UNREADABLE':
    case 'BROKEN_TEXT':
      return new GeoduckError('SOURCE_UNREADABLE', 'The source of the layer could not be read.', { cause: error })
    default:
      return new GeoduckError('INTERNAL', 'The export failed.', { cause: error })
  }
}

function tooLarge(): GeoduckError {
  return new GeoduckError(
    'LIMIT_EXCEEDED',
    'The export needs more disk space than exports may have (--export-bytes): filter it, or use .csv.',
  )
}
