import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from '../../config/cache.ts'
import type { Config } from '../../config/config.ts'
import { freeDiskBytes } from '../../config/machine.ts'
import { formatSize } from '../../config/size.ts'
import type { Finding } from './report.ts'

export async function checkTempDirectory(
  config: Pick<Config, 'tempDirectory' | 'tempDirectoryBytes' | 'workers'>,
): Promise<Finding> {
  const { tempDirectory: folder, tempDirectoryBytes, workers } = config
  const what = 'temp directory'
  const failure = await writing(folder)
  if (failure !== null)
    return { what, state: 'wrong', text: `${folder}: ${failure}`, remedy: 'name one that can be written: --temp-directory' }
  const [free, wanted] = [freeDiskBytes(folder), tempDirectoryBytes * (workers + 1)]
  const text = `${folder}, ${formatSize(free)} free; a worker may spill ${formatSize(tempDirectoryBytes)}`
  if (wanted <= free) return { what, state: 'ok', text }
  return {
    what,
    state: 'note',
    text,
    remedy: `all workers together may want ${formatSize(wanted)}: lower --temp-limit, or make room`,
  }
}

/** The content can be made again. Without this folder a server starts more slowly. */
export async function checkCacheDirectory(): Promise<Finding> {
  const folder = cacheDirectory()
  const what = 'cache directory'
  const failure = await writing(folder)
  if (failure === null) return { what, state: 'ok', text: folder }
  return {
    what,
    state: 'note',
    text: `${folder}: ${failure}`,
    remedy: 'name one that can be written by XDG_CACHE_HOME: cursors and scans do not outlive the server else',
  }
}

/** Returns the reason why the folder is not writable. Null if it is. The folder is made, as a start would do. */
export async function writing(folder: string): Promise<string | null> {
  try {
    await mkdir(folder, { recursive: true })
    await rm(await mkdtemp(join(folder, 'geoduck-doctor-')), { recursive: true })
    return null
  } catch (error) {
    return `it cannot be written (${(error as NodeJS.ErrnoException).code ?? 'for reasons unknown'})`
  }
}
