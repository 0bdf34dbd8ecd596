/** `geoduck live`. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { UPSERT } from '../../support/live.ts'
import { runProgram } from '../../support/program.ts'
import { serve } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function live(...args: readonly string[]) {
  const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, GEODUCK_CACHE_DIRECTORY: join(folder, 'cache') }
  const [action, ...more] = args
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [join(ROOT, 'src/main.ts'), 'live', action!, join(folder, 'live'), ...more],
    { environment, cwd: folder },
  )
  return { code, output: stdout + stderr }
}

test('a layer is created, listed and compacted from the command line', async () => {
  expect(await live('status')).toMatchObject({ code: 1, output: expect.stringContaining('has no live layers') })
  expect(await live('create', '--layer', 'cars', '--column', 'n:INTEGER', '--column', 'at:TIMESTAMP WITH TIME ZONE')).toEqual({
    code: 0,
    output: 'created cars\n',
  })
  expect(await live('create', '--layer', 'cars')).toEqual({ code: 1, output: 'There is a layer cars already.\n' })
  expect(await live('create', '--layer', 'x', '--column', 'n:NUMBER')).toMatchObject({
    code: 1,
    output: expect.stringContaining('takes one of BOOLEAN'),
  })
  const server = await serve([], { live: join(folder, 'live'), writes: true })
  await ask(server, UPSERT, {
    layer: 'cars',
    features: [{ key: 'a', properties: { n: 1, at: '2026-01-01T00:00:00Z' } }, { key: 'b' }],
  })
  expect(await live('compact')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/cannot be opened: process \d+ writes to it; stop that first/),
  })
  expect((await live('status')).output).toMatch(/^cars +2 +2 +2 +OGC:CRS84$/m)
  await server.close()
  expect(await live('compact', '--layer', 'cars')).toEqual({ code: 0, output: 'compacted cars, 2 features\n' })
  expect((await live('status')).output).toMatch(/^cars +2 +0 +2 +OGC:CRS84\n.* on disk, 1 bases$/m)
})

test('a base that is lost is made again at the start', async () => {
  await live('create', '--layer', 'cars')
  await live('compact')
  const files = (await readdir(join(folder, 'live'))).filter((name) => name.startsWith('base-'))
  expect(files).toHaveLength(2)
  for (const file of files) await rm(join(folder, 'live', file))
  const server = await serve([], { live: join(folder, 'live'), writes: true })
  await ask(server, UPSERT, { layer: 'cars', features: [{ key: 'a' }] })
  expect(await ask(server, '{ features(layer: "cars") { features { key } } }')).toEqual({
    data: { features: { features: [{ key: 'a' }] } },
  })
  await server.close()
})
