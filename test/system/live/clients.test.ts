/** The examples of other clients that keep a list of a live layer in step: programs that print it whenever it changes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksOf } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT } from '../../support/live.ts'
import { serve, type TestServer } from '../../support/server.ts'

const OWN_CLIENT = join(ROOT, 'test/support/own-client.mjs')

let folder: string
let server: TestServer
beforeAll(async () => {
  // Within the checkout, where programs find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/live-'))
  server = await serve([], { live: join(folder, 'live'), writes: true })
  await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'speed', type: 'DOUBLE' }] })
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

const upsert = (speeds: Readonly<Record<string, number>>) => {
  const features = Object.entries(speeds).map(([key, speed]) => ({ key, geometry: point(speed, 0), properties: { speed } }))
  return ask(server, UPSERT, { layer: 'vehicles', features })
}

/** The list as a query returns it, in the form that the programs print. */
async function queried(): Promise<string> {
  const { data } = await ask<{ vehicles: { features: { key: string; speed: number }[] } }>(
    server,
    '{ vehicles { features { key speed } } }',
  )
  return inOrder(data!.vehicles.features.map(({ key, speed }) => `${key}: ${speed}`))
}

const inOrder = (vehicles: readonly string[]) => vehicles.toSorted().join(', ')

async function docsProgram(): Promise<readonly string[]> {
  const { text } = blocksOf('docs/live-clients.md').find(({ text }) => text.includes('@apollo/client'))!
  const file = join(folder, 'apollo.mjs')
  await writeFile(file, text.replaceAll('127.0.0.1:4000', new URL(server.url).host))
  return [file]
}

test.each([
  ['Apollo Client, of docs/live-clients.md', docsProgram],
  ['urql, of examples/live-urql', async () => [join(ROOT, 'examples/live-urql/follow.js'), `${server.url}/graphql`]],
] as const)('%s: the list is what a query returns, after each change', { timeout: 110_000 }, async (_, argumentsOf) => {
  await ask(server, DELETE, { layer: 'vehicles', keys: ['a', 'b', 'c', 'd'] })
  await upsert({ a: 1, b: 2 })
  const program = spawn(process.execPath, ['--import', OWN_CLIENT, ...(await argumentsOf())])
  const ended = new Promise((resolve) => program.once('close', resolve))
  const { lines, complaints } = read(program)
  const last = () => inOrder((lines.at(-1) ?? '').split(', '))
  try {
    const writes = [
      () => upsert({ a: 10, c: 3 }),
      () => ask(server, DELETE, { layer: 'vehicles', keys: ['b'] }),
      () => upsert({ c: 4, d: 5, b: 6 }),
    ]
    await expect.poll(last, { timeout: 60_000 }).toBe('a: 1, b: 2')
    for (const write of writes) {
      await write()
      await expect.poll(last, { timeout: 60_000 }).toBe(await queried())
    }
    expect(complaints).toEqual([])
  } finally {
    program.kill()
    await ended
  }
})

function read({ stdout, stderr }: ChildProcess): { readonly lines: readonly string[]; readonly complaints: readonly string[] } {
  const lines: string[] = []
  const complaints: string[] = []
  let rest = ''
  stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop()!
    lines.push(...parts)
  })
  stderr!.setEncoding('utf8').on('data', (chunk: string) => complaints.push(chunk))
  return { lines, complaints }
}
