/** Makes a base of a live layer, in a separate process. */
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { ChildProcess } from './child-process.ts'
import type { Compacted, CompactorJob } from './live-messages.ts'

/** A compaction takes about 20 s for a million features. */
const COMPACT_MS = 3_600_000

export async function compactLayer(job: Omit<CompactorJob, 'folder'>, signal: AbortSignal): Promise<Compacted> {
  signal.throwIfAborted()
  const folder = await mkdtemp(path.join(job.directory, 'compaction-'))
  const child = new ChildProcess<CompactorJob>({
    program: 'live/compactor',
    threads: 1,
    // The process removes the parent of this folder if the server has ended.
    tempDirectory: path.join(folder, 'spill'),
  })
  const stop = () => void child.end()
  signal.addEventListener('abort', stop)
  try {
    return await child.ask<Compacted>({ ...job, folder }, COMPACT_MS)
  } finally {
    signal.removeEventListener('abort', stop)
    await child.end()
    await rm(folder, { recursive: true, force: true })
  }
}
