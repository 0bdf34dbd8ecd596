import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'

/** A part of every digest. It changes when the same source must become a different copy. */
const VERSION = 'geoduck-prepared-4'

/**
 * Returns the digest of the whole content of a source's files, by their kind and not by their name. Missing files are ignored.
 */
export async function digestOf(files: readonly string[]): Promise<string> {
  const digest = createHash('sha256').update(VERSION)
  for (const file of files) {
    const known = await stat(file).catch(() => null)
    if (!known) continue
    digest.update(`\0${path.extname(file).toLowerCase()}:${known.size}:`)
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) digest.update(piece as Buffer)
  }
  return digest.digest('hex').slice(0, 32)
}
