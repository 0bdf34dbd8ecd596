import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findHttpfsExtension, findSpatialExtension } from '../../src/config/extension.ts'

const [note] = process.argv.slice(2)
if (note === undefined) throw new Error('find-extension.ts FILE: where the path that was found is noted')
try {
  const { path } = await findSpatialExtension(null, () => {})
  await findHttpfsExtension(path, () => {})
  await mkdir(dirname(note), { recursive: true })
  await writeFile(note, path)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
