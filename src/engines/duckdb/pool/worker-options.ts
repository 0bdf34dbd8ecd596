import type { FileAccess } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'

/** Bytes that the engine buffers before its first chunk. With small rows, 64 KB take 140 ms and 1 MB takes 2.7 s. */
const STREAMING_BUFFER_BYTES = 65_536

export type WorkerLimits = Pick<WorkerOptions, 'memoryLimitBytes' | 'threads' | 'tempDirectory' | 'tempDirectoryBytes'>

/** Returns the options of a worker of the server. */
export function workerOptions(limits: WorkerLimits, spatialExtension: string, access: FileAccess): WorkerOptions {
  const { memoryLimitBytes, threads, tempDirectory, tempDirectoryBytes } = limits
  const streamingBufferBytes = STREAMING_BUFFER_BYTES
  return {
    spatialExtension,
    memoryLimitBytes,
    threads,
    tempDirectory,
    tempDirectoryBytes,
    streamingBufferBytes,
    ...access,
  }
}
