/** Servers over PostGIS: a plain one of node-postgres, and PostGraphile. Their packages are not the product's: they lie in the cache folder. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runToEnd } from '../child.ts'
import { CACHE } from '../paths.ts'
import { type RunningProgram, startProgram } from '../server.ts'
import { freePort, startCluster } from './cluster.ts'

const PACKAGES = ['pg@8.23.1', 'pg-cursor@2.22.1', 'postgraphile@5.1.5', 'graphql@16.15.0']

export interface PostgresRivals {
  /** The database's. */
  readonly address: string
  readonly nodePostgres: string
  readonly postgraphile: string
  stop(): Promise<void>
}

export async function startPostgres(data: string, extension: string, progress: (line: string) => void): Promise<PostgresRivals> {
  const cluster = await startCluster(data, extension, progress)
  const programs: RunningProgram[] = []
  const stop = async () => {
    for (const program of programs) await program.stop()
    await cluster.stop()
  }
  try {
    const folder = await installed(progress)
    const env = { DATABASE_URL: cluster.address, GRAPHILE_ENV: 'production', PORT: String(await freePort()) }
    const start = async (script: string) => {
      const program = await startProgram(process.execPath, [script], {
        env,
        cwd: folder,
        log: join(folder, `${basename(script)}.log`),
      })
      programs.push(program)
      return program.url
    }
    const nodePostgres = await start('server.mjs')
    const postgraphile = await start('node_modules/postgraphile/dist/cli-run.js')
    return { address: cluster.address, nodePostgres, postgraphile, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @returns the folder with the packages and our programs */
async function installed(progress: (line: string) => void): Promise<string> {
  const folder = join(CACHE, 'postgres', 'node')
  const done = join(folder, 'installed')
  await mkdir(folder, { recursive: true })
  if ((await readFile(done, 'utf8').catch(() => '')) !== PACKAGES.join(' ')) {
    progress('Installing node-postgres and PostGraphile (once)')
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    await runToEnd(['install', '--ignore-scripts', '--no-audit', '--no-fund', ...PACKAGES], { program: 'npm', cwd: folder })
    await writeFile(done, PACKAGES.join(' '))
  }
  for (const name of ['server.mjs', 'graphile.config.mjs']) await copyFile(join(import.meta.dirname, name), join(folder, name))
  return folder
}
