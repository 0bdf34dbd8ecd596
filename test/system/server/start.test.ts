/** A start keeps compiled code for the next one, and a start that fails leaves no process. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ROOT, SHARED } from '../../support/environment.ts'
import { alive, descendants, type Launched, launch } from '../../support/launched.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const PLACES = join(SHARED, 'data/places.parquet')
const cache = mkdtempSync(join(tmpdir(), 'geoduck-start-'))
afterAll(() => rmSync(cache, { recursive: true }))

function serve(port: number): Launched {
  const args = [join(ROOT, 'src/main.ts'), PLACES, '--port', String(port), '--spatial-extension', SPATIAL_EXTENSION]
  return launch(process.execPath, args, { cwd: ROOT, environment: { XDG_CACHE_HOME: cache } })
}

const compiled = () => {
  const folder = join(cache, 'geoduck/compiled')
  return readdirSync(folder).flatMap((version) => readdirSync(join(folder, version)))
}

test('a server keeps its compiled code and that of its workers in the cache', async () => {
  const server = serve(0)
  await server.line(/^ready /)
  const ofWorkers = compiled().length
  expect(ofWorkers).toBeGreaterThan(0)
  process.kill(server.pid, 'SIGTERM')
  expect(await server.ended).toBe(0)
  expect(compiled().length).toBeGreaterThan(ofWorkers)
})

test('a server that cannot listen ends, and so does the worker that it has started', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const server = serve((other.address() as { port: number }).port)
  let started: number[] = []
  const looking = setInterval(() => (started = [...started, ...descendants(server.pid)]), 50)
  try {
    expect(await server.ended).toBe(1)
    expect(server.stderr()).toContain('EADDRINUSE')
    expect(started.length).toBeGreaterThan(0)
    await expect.poll(() => alive(started)).toEqual([])
  } finally {
    clearInterval(looking)
    other.close()
  }
})
