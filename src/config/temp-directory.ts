import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigurationError } from './configuration-error.ts'

/**
 * Checks the temporary folder. Engines spill there, and each process that reads files has a folder there. @throws
 * ConfigurationError
 */
export async function checkTempDirectory(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await rm(await mkdtemp(join(folder, 'geoduck-')), { recursive: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedy = code === 'ENOSPC' ? 'make room there, or name another' : 'name one that can'
    throw new ConfigurationError(
      `The temporary directory ${folder} cannot be made or written to (${code}): ${remedy} by --temp-directory.`,
    )
  }
}
