/**
 * Finds DuckDB's extensions, which the npm package of DuckDB does not contain: `spatial`, and `httpfs` if a source is on another machine. They are
 * always DuckDB's own signed binaries, and the engine checks their signatures when it loads them.
 */
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './cache.ts'
import { ConfigurationError } from './configuration-error.ts'
import { duckdbPlatform, duckdbVersion } from './duckdb.ts'

export interface SpatialExtension {
  /** The absolute path. */
  readonly path: string
  readonly how: 'configured' | 'installed' | 'repository' | 'package'
}

type Name = 'spatial' | 'httpfs'

/**
 * The order is: the configured path, DuckDB's own extension directory, a copy fetched before, DuckDB's repository, the Python package index. It costs
 * three `access` calls if the extension is there. The first fetch loads about 25 MB and reports it to `progress`.
 *
 * @throws ConfigurationError with every attempt and what to do
 */
export async function findSpatialExtension(
  configured: string | null,
  progress: (line: string) => void,
): Promise<SpatialExtension> {
  return (await findExtension(configured)) ?? (await fetchExtension('spatial', progress))
}

/**
 * Returns the path of the extension that reads over HTTP. It may also be beside the spatial extension.
 *
 * @throws ConfigurationError with every attempt and what to do
 */
export async function findHttpfsExtension(spatial: string, progress: (line: string) => void): Promise<string> {
  const beside = join(dirname(spatial), fileOf('httpfs'))
  if (await isReadable(beside)) return beside
  return ((await onThisMachine('httpfs')) ?? (await fetchExtension('httpfs', progress))).path
}

async function fetchExtension(name: Name, progress: (line: string) => void): Promise<SpatialExtension> {
  const { version, installed, fetched } = places(name)
  progress(`Fetching DuckDB's ${name} extension ${version} (once)`)
  const repositoryFailure = await installFromRepository(name)
  if (await isReadable(installed)) return { path: installed, how: 'repository' }
  const packageFailure = await fetchFromPackage(name, fetched)
  if (await isReadable(fetched)) return { path: fetched, how: 'package' }
  const remedy =
    name === 'spatial'
      ? `bring the file and name it: --spatial-extension /path/to/${fileOf(name)}`
      : `put ${fileOf(name)} beside the spatial extension`
  throw new ConfigurationError(
    [
      `DuckDB's ${name} extension ${version} for ${duckdbPlatform()} could not be had:`,
      `  INSTALL ${name}: ${repositoryFailure ?? 'it left no file'}`,
      `  python3 -m pip download duckdb-extension-${name}: ${packageFailure ?? 'it left no file'}`,
      `Give the machine one of the two, or ${remedy}`,
    ].join('\n'),
  )
}

/**
 * Returns the extension on this machine. Null if it must be fetched. @throws ConfigurationError if the configured path is wrong
 */
export async function findExtension(configured: string | null): Promise<SpatialExtension | null> {
  if (configured !== null) {
    if (await isReadable(configured)) return { path: configured, how: 'configured' }
    throw new ConfigurationError(`The spatial extension is not at ${configured}: correct --spatial-extension or leave it out.`)
  }
  return await onThisMachine('spatial')
}

async function onThisMachine(name: Name): Promise<SpatialExtension | null> {
  const { installed, fetched } = places(name)
  if (await isReadable(installed)) return { path: installed, how: 'installed' }
  return (await isReadable(fetched)) ? { path: fetched, how: 'package' } : null
}

/** DuckDB's own extension directory, and the copy in the cache. */
function places(name: Name): { readonly version: string; readonly installed: string; readonly fetched: string } {
  const version = `v${duckdbVersion()}`
  const file = join('extensions', version, duckdbPlatform(), fileOf(name))
  return { version, installed: join(homedir(), '.duckdb', file), fetched: join(cacheDirectory(), file) }
}

const fileOf = (name: Name): string => `${name}.duckdb_extension`

async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

const INSTALL_MS = 120_000
const DOWNLOAD_MS = 300_000

/**
 * Lets the engine install the extension from its own repository into its own directory. It runs in a separate process, because the server
 * never loads the engine. Without a network it fails in half a second.
 *
 * @returns null, or the reason of the failure in one line
 */
function installFromRepository(name: Name): Promise<string | null> {
  const script = fileURLToPath(new URL(`../engines/duckdb/processes/install/install${extname(import.meta.url)}`, import.meta.url))
  return runProgram(process.execPath, [script, name], { timeoutMs: INSTALL_MS })
}

/**
 * Takes the extension from the wheel that DuckDB publishes to the Python package index. Nothing of the wheel is installed or run. The file appears
 * at `target` complete or not at all.
 *
 * @returns null, or the reason of the failure in one line
 */
async function fetchFromPackage(name: Name, target: string): Promise<string | null> {
  let folder: string | undefined
  try {
    await mkdir(dirname(target), { recursive: true })
    folder = await mkdtemp(join(dirname(target), 'fetch-'))
    return (await download(name, folder)) ?? (await unpack(folder)) ?? (await place(folder, fileOf(name), target))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

function download(name: Name, folder: string): Promise<string | null> {
  const requirement = `duckdb-extension-${name}==${duckdbVersion()}`
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, requirement]
  return runProgram('python3', args, { timeoutMs: DOWNLOAD_MS })
}

async function unpack(folder: string): Promise<string | null> {
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) return 'it brought no wheel'
  return runProgram('python3', ['-m', 'zipfile', '-e', wheel, 'content'], { cwd: folder, timeoutMs: DOWNLOAD_MS })
}

async function place(folder: string, file: string, target: string): Promise<string | null> {
  const content = await readdir(join(folder, 'content'), { recursive: true })
  const found = content.find((path) => path.endsWith(file))
  if (found === undefined) return `the wheel holds no ${file}`
  await rename(join(folder, 'content', found), target)
  return null
}

/**
 * Runs a program to its end without a shell.
 *
 * @returns null if it exits with 0, otherwise the last line it wrote to stderr, or why it could not run
 */
function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs: number },
): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: options.cwd, timeout: options.timeoutMs, killSignal: 'SIGKILL' }, (error, _stdout, stderr) => {
      if (error === null) return resolve(null)
      if (error.killed) return resolve(`no end after ${options.timeoutMs / 1000} s`)
      resolve(stderr.trim().split('\n').at(-1) || error.message)
    })
  })
}
