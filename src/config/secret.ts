import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from './cache.ts'

const BYTES = 32

/**
 * The secret that signs cursors, made at the first start and kept for this user only, so that cursors outlive a restart. Of two
 * servers that start at once, the second takes the first one's.
 *
 * @returns `kept: false` where nothing can be written: the secret is then this process's own
 */
export async function storedSecret(): Promise<{ readonly secret: string; readonly kept: boolean }> {
  const folder = cacheDirectory()
  const file = join(folder, 'cursor-secret')
  const fresh = randomBytes(BYTES).toString('base64url')
  try {
    return { secret: await read(file), kept: true }
  } catch {
    // Made below.
  }
  // Not by the process's number: in containers that share the folder all are number 1, and who writes what another has linked changes it.
  const partial = `${file}-${randomBytes(8).toString('hex')}`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(partial, fresh, { mode: 0o600 })
    await link(partial, file).catch(() => undefined)
    return { secret: await read(file), kept: true }
  } catch {
    return { secret: fresh, kept: false }
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
}

async function read(file: string): Promise<string> {
  const secret = await readFile(file, 'utf8')
  if (secret.length < BYTES) throw new Error('the secret is too short')
  return secret
}
