import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runProgram } from './run-program.ts'

const TIMEOUT_MS = 300_000

/**
 * Takes the extension out of the wheel that DuckDB publishes to the Python package index. Nothing of the wheel is installed or run,
 * and the file appears at `target` whole or not at all.
 *
 * @returns null, or why it failed in one line
 */
export async function fetchFromPackage(version: string, file: string, target: string): Promise<string | null> {
  let folder: string | undefined
  try {
    await mkdir(dirname(target), { recursive: true })
    folder = await mkdtemp(join(dirname(target), 'fetch-'))
    return (await download(version, folder)) ?? (await unpack(folder)) ?? (await place(folder, file, target))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

function download(version: string, folder: string): Promise<string | null> {
  const requirement = `duckdb-extension-spatial==${version}`
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, requirement]
  return runProgram('python3', args, { timeoutMs: TIMEOUT_MS })
}

async function unpack(folder: string): Promise<string | null> {
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) return 'it brought no wheel'
  return runProgram('python3', ['-m', 'zipfile', '-e', wheel, 'content'], { cwd: folder, timeoutMs: TIMEOUT_MS })
}

async function place(folder: string, file: string, target: string): Promise<string | null> {
  const content = await readdir(join(folder, 'content'), { recursive: true })
  const found = content.find((path) => path.endsWith(file))
  if (found === undefined) return `the wheel holds no ${file}`
  await rename(join(folder, 'content', found), target)
  return null
}
