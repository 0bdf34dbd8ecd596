/** Servers with a store of live layers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { ROOT } from './environment.ts'
import { type Launched, launch } from './launched.ts'
import { PLACES, serve, type TestServer } from './server.ts'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

/** Starts the server of a file of tests, which also serves the places. The store is in the folder `live`. Both go after the tests. */
export async function serveLive(): Promise<{ readonly folder: string; readonly server: TestServer }> {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const server = await serve([PLACES], { live: join(folder, 'live'), writes: true })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  return { folder, server }
}

/** Starts a process that serves the store in the folder `live`. Each has the same secret. */
export async function launchLive(folder: string): Promise<{ readonly server: Launched; readonly url: string }> {
  const flags = ['--live', join(folder, 'live'), '--writes', '--port', '0', '--log-level', 'error']
  const secret = ['--cursor-secret', 'a secret for tests only']
  const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, GEODUCK_CACHE_DIRECTORY: join(folder, 'cache') }
  const program = [join(ROOT, 'src/main.ts'), ...flags, ...secret]
  const server = launch(process.execPath, program, { cwd: folder, environment })
  return { server, url: (await server.line(/^ready (\S+)$/))[1]! }
}
