/** The folder in which the documentation's examples run. */
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duckdbPlatform, duckdbVersion } from '../../../src/config/duckdb.ts'
import { findHttpfsExtension } from '../../../src/config/extension.ts'
import { ROOT, SHARED } from '../../support/environment.ts'
import { launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import type { Place } from './example.ts'

/** In a home, where DuckDB itself installs extensions. */
const EXTENSIONS = `.duckdb/extensions/v${duckdbVersion()}/${duckdbPlatform()}`
const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))
const data = (name: string) => join(SHARED, 'data', name)
/** A table without geometry, as docs/sources.md shows it. */
export const VISITORS = 'park,year,visitors\nSarek,2020,4100\nPadjelanta,2020,\nSarek,2021,5200\n'
/** The server keeps what it prepares for the next run. */
const CACHE = join(ROOT, '.geoduck/test/cache')

export async function openPlace(): Promise<Place & { close(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'geoduck-docs-'))
  const [folder, home, programs] = ['maps', 'home', 'bin'].map((name) => join(root, name)) as [string, string, string]
  for (const path of [join(folder, 'data'), join(folder, 'prepare/data'), join(home, EXTENSIONS), programs])
    await mkdir(path, { recursive: true })
  await symlink(SPATIAL_EXTENSION, join(home, EXTENSIONS, 'spatial.duckdb_extension'))
  await symlink(await findHttpfsExtension(SPATIAL_EXTENSION, () => {}), join(home, EXTENSIONS, 'httpfs.duckdb_extension'))
  await writeFile(join(programs, 'geoduck'), `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/main.ts')}' "$@"\n`)
  await chmod(join(programs, 'geoduck'), 0o755)
  await copyFile(data('places.parquet'), join(folder, 'data/places.parquet'))
  await copyFile(data('lakes.gpkg'), join(folder, 'lakes.gpkg'))
  for (const name of ['airports.shp', 'airports.shx', 'airports.dbf', 'airports.prj', 'countries.geojson', 'lakes.gpkg'])
    await copyFile(data(name), join(folder, 'prepare/data', name))

  const environment = { HOME: home, PATH: `${programs}:${process.env['PATH']}` }
  const flags = ['--port', '0', '--slow', '0', '--log-pretty', 'false', '--workers', '2', '--cache-directory', CACHE]
  await writeFile(join(folder, 'visitors.csv'), VISITORS)
  const server = launch(join(programs, 'geoduck'), [...DEMO, data('lakes.gpkg'), 'visitors.csv', ...flags], {
    cwd: folder,
    environment,
  })
  const [, url] = await server.line(/^ready (.*)$/)
  return {
    url: url!,
    folder,
    log: () => server.stderr().split('\n'),
    async shell(command, cwd = folder) {
      const line = command.replaceAll('127.0.0.1:4000', new URL(url!).host)
      const { code, stdout } = await runProgram('sh', ['-c', line], { cwd, environment })
      return { code, stdout: stdout.replaceAll(folder, '/srv/maps').replaceAll(home, '/home/maps') }
    },
    async close() {
      process.kill(server.pid, 'SIGTERM')
      await server.ended
      await rm(root, { recursive: true })
    },
  }
}
