/** Makes the data once: a folder is named by the digest of what makes it, and older ones are deleted. */
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from '../child.ts'
import { CACHE, ROOT } from '../paths.ts'

/** @returns the folder that holds the part's files. The first call takes half a minute, for `large` several. */
export async function dataFolder(part: 'base' | 'large', extension: string, progress: (line: string) => void): Promise<string> {
  const folder = join(CACHE, `${part}-${await digest(part)}`)
  const there = await access(folder).then(
    () => true,
    () => false,
  )
  if (there) return folder
  await mkdir(CACHE, { recursive: true })
  for (const name of await readdir(CACHE)) if (name.startsWith(`${part}-`)) await rm(join(CACHE, name), { recursive: true })
  progress(`Making the data (${part}; once)`)
  await runToEnd([join(import.meta.dirname, 'generate.ts'), folder, extension, part])
  return folder
}

const IMPORT = join(ROOT, 'src', 'engines', 'duckdb', 'processes', 'import')

/** The digest of the generator and of the engine's version, which changes random numbers and file formats. Only `base` has imported tables. */
async function digest(part: 'base' | 'large'): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of part === 'base' ? [import.meta.dirname, IMPORT] : [import.meta.dirname]) {
    for (const name of (await readdir(folder)).sort()) hash.update(await readFile(join(folder, name)))
  }
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  return hash.update(dependencies['@duckdb/node-api']).digest('hex').slice(0, 12)
}
