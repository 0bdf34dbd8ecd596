/**
 * Today's practice to compare with: an asyncio pipeline of duckdb, pyarrow, shapely, geopandas and websockets, which lies beside the
 * repository. A copy of it runs on our files, with its own packages.
 */
import { access, cp, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { duckdbVersion } from '../../src/config/duckdb.ts'
import { runToEnd } from '../child.ts'
import { CACHE, ROOT } from '../paths.ts'
import { type RunningProgram, startProgram } from '../server.ts'

const ORIGINAL = join(ROOT, '..', 'shared', 'bench')
/** The engine's version is ours; the rest is what the pipeline's own instructions install. */
const PACKAGES = ['pyarrow', 'numpy', 'shapely', 'geopandas', 'websockets', 'aiohttp', 'orjson', 'psutil']

/** The pipeline's names of the layers. */
export const PYTHON_NAMES = { points: 'points1m', buildings: 'buildings500k', parcels: 'parcels50k' } as const

export type LayerName = keyof typeof PYTHON_NAMES

export interface PythonPipeline {
  /** A copy of the pipeline, whose `data` are our files. */
  readonly rig: string
  readonly env: Readonly<Record<string, string>>
}

/** @returns null where the pipeline is not there */
export async function preparePython(data: string, progress: (line: string) => void): Promise<PythonPipeline | null> {
  if (!(await exists(join(ORIGINAL, 'bench_pipeline.py')))) return null
  const env = await pythonPackages(progress)
  const rig = join(CACHE, 'python', 'rig')
  await rm(rig, { recursive: true, force: true })
  await cp(ORIGINAL, rig, { recursive: true, filter: (source) => source === ORIGINAL || source.endsWith('.py') })
  await mkdir(join(rig, 'data'))
  for (const [layer, name] of Object.entries(PYTHON_NAMES)) {
    await symlink(join(data, `${layer}.parquet`), join(rig, 'data', `${name}.parquet`))
    await symlink(join(data, `${layer}.boxes.json`), join(rig, 'data', `queries_${name}.json`))
  }
  return { rig, env }
}

/** The fair baseline: our own server, which does what a Python service can do best. */
export async function startFairPython(
  data: string,
  extension: string,
  progress: (line: string) => void,
): Promise<RunningProgram> {
  const script = join(import.meta.dirname, 'server.py')
  return startProgram('python3', [script, extension, data], { env: await pythonPackages(progress) })
}

/** @returns the environment in which Python finds its packages */
async function pythonPackages(progress: (line: string) => void): Promise<Readonly<Record<string, string>>> {
  const packages = join(CACHE, 'python', 'packages')
  if (!(await exists(packages))) await install(packages, progress)
  return { PYTHONPATH: packages, PYTHONWARNINGS: 'ignore' }
}

/** Into a folder, not a virtual environment: Debian's Python comes without venv. */
async function install(packages: string, progress: (line: string) => void): Promise<void> {
  progress('Installing the Python pipeline (once)')
  const fresh = `${packages}.unfinished`
  await rm(fresh, { recursive: true, force: true })
  const engine = ['duckdb', 'duckdb-extensions', 'duckdb-extension-spatial'].map((name) => `${name}==${duckdbVersion()}`)
  const options = [
    '--quiet',
    '--only-binary=:all:',
    '--disable-pip-version-check',
    '--no-warn-script-location',
    '--target',
    fresh,
  ]
  await runToEnd(['-m', 'pip', 'install', ...options, ...engine, ...PACKAGES], { program: 'python3' })
  await rename(fresh, packages)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
