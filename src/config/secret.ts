import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from './cache.ts'

const BYTES = 32

/** Said to an operator whose server has a proxy in front, and a secret that other machines do not have. */
export const OWN_SECRET = {
  what: 'The cursor secret is of this machine only: other servers of the same proxy refuse its cursors',
  remedy: 'if there are several servers, give all of them the same --cursor-secret',
} as const

/**
 * Returns the secret that signs cursors. It is made at the first start and kept for this user only, so that cursors survive a restart. If two
 * servers start at once, the second one takes the secret of the first.
 *
 * @returns `kept: false` if nothing can be written: then only this process has the secret
 */
export async function storedSecret(): Promise<{ readonly secret: string; readonly kept: boolean }> {
  const folder = cacheDirectory()
  const file = join(folder, 'cursor-secret')
  const fresh = randomBytes(BYTES).toString('base64url')
  try {
    return { secret: await read(file), kept: true }
  } catch {
    // It is made below.
  }
  // The name has no process number: in containers that share the folder every number is 1, and one process could overwrite another's file.
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
