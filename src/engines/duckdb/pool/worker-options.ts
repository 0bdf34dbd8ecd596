import type { FileAccess } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'

/** The engine fills this before its first chunk: 64 KB of small rows come after 140 ms, 1 MB after 2.7 s. */
const STREAMING_BUFFER_BYTES = 65_536

type Limits = Pick<WorkerOptions, 'memoryLimitBytes' | 'threads' | 'tempDirectory' | 'tempDirectoryBytes'>

/** Of a worker as the server has it. */
export function workerOptions(limits: Limits, spatialExtension: string, { allowedPaths, databases }: FileAccess): WorkerOptions {
  const { memoryLimitBytes, threads, tempDirectory, tempDirectoryBytes } = limits
  const streamingBufferBytes = STREAMING_BUFFER_BYTES
  return {
    spatialExtension,
    memoryLimitBytes,
    threads,
    tempDirectory,
    tempDirectoryBytes,
    streamingBufferBytes,
    allowedPaths,
    databases,
  }
}
