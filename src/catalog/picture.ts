/** What the file system shows of the arguments without opening anything: another picture means that something has changed. */
import { glob, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { filesOfFormat } from '../engines/duckdb/host/format.ts'
import { statOf } from './snapshot.ts'
import { isPattern, isRemote } from './sources.ts'

/**
 * Device, inode, size and time of every file that the arguments hold or may come to hold, and of those in `known`, the parts of sources.
 * Links are followed: a link that leads elsewhere now is another file. About 30 us a file.
 */
export async function pictureOf(paths: readonly string[], known: readonly string[]): Promise<string> {
  const files = new Set(known)
  for (const argument of paths) for (const file of await candidates(argument).catch(() => [argument])) files.add(file)
  for (const file of [...files]) {
    if (path.extname(file).toLowerCase() !== '.shp') continue
    for (const part of await filesOfFormat(file, 'Shapefile').catch(() => [])) files.add(part)
  }
  return JSON.stringify(await statOf([...files].sort()))
}

async function candidates(argument: string): Promise<readonly string[]> {
  if (isRemote(argument)) return []
  const known = await stat(argument).catch(() => null)
  if (known?.isDirectory()) return (await readdir(argument)).map((name) => path.join(argument, name))
  if (!known && isPattern(argument)) return (await Array.fromAsync(glob(argument))).map((match) => path.resolve(match))
  return [argument]
}
