/** The examples of programs that follow a live layer: those of other clients print their list whenever it changes, and those with fences their events. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
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

const BLOCKS = blocksOf('docs/live-clients.md')

/** Writes the program of the page that has this text in it. */
async function docsProgram(has: string): Promise<readonly string[]> {
  const { text } = BLOCKS.find(({ text }) => text.includes(has))!
  const file = join(folder, `program-${++programs}.mjs`)
  await writeFile(file, text.replaceAll('127.0.0.1:4000', new URL(server.url).host))
  return [file]
}
let programs = 0

/** A program, and what it prints. */
function start(args: readonly string[]) {
  const program = spawn(process.execPath, ['--import', OWN_CLIENT, ...args], { cwd: folder })
  const closed = new Promise((resolve) => program.once('close', resolve))
  const end = async () => {
    program.kill()
    await closed
  }
  return { ...read(program), end }
}

test.each([
  ['Apollo Client, of docs/live-clients.md', () => docsProgram('@apollo/client')],
  ['urql, of examples/live-urql', async () => [join(ROOT, 'examples/live-urql/follow.js'), `${server.url}/graphql`]],
] as const)('%s: the list is what a query returns, after each change', { timeout: 110_000 }, async (_, argumentsOf) => {
  await ask(server, DELETE, { layer: 'vehicles', keys: ['a', 'b', 'c', 'd'] })
  await upsert({ a: 1, b: 2 })
  const { lines, complaints, end } = start(await argumentsOf())
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
    await end()
  }
})

/** Kilometres per hour and longitude of each vehicle. */
const drive = (vehicles: Readonly<Record<string, readonly [speed: number, x: number]>>) => {
  const features = Object.entries(vehicles).map(([key, [speed, x]]) => ({
    key,
    geometry: point(x, 47.38),
    properties: { speed },
  }))
  return ask(server, UPSERT, { layer: 'vehicles', features })
}
const openOperations = async () =>
  Number(/^geoduck_operations_open\S* (\d+)/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1])

test('docs/live-clients.md: a program prints the events of a fence, also those of the time when it did not run', async () => {
  await drive({ 'tram 4': [12, 8.6], 'bus 7': [31.5, 8.54] })
  const prints = await docsProgram('const updates = watchFences')
  const remembers = await docsProgram("rename('token.new', 'token')")
  const [simple, first] = [start(prints), start(remembers)]
  await expect.poll(openOperations, { timeout: 60_000 }).toBe(2)
  await expect.poll(() => existsSync(join(folder, 'token'))).toBe(true)
  await drive({ 'tram 4': [20, 8.55], 'bus 7': [25, 8.58] })
  const { text } = BLOCKS.find(({ language }) => language === 'text')!
  await expect.poll(() => simple.lines, { timeout: 60_000 }).toEqual(text.trim().split('\n'))
  await expect.poll(() => first.lines).toEqual(['tram 4 ENTER', 'bus 7 EXIT'])
  // It stores the token after it has printed, and again with the next heartbeat.
  const stored = () => statSync(join(folder, 'token')).mtimeMs
  const before = stored()
  await expect.poll(stored).not.toBe(before)
  await Promise.all([simple.end(), first.end()])
  await drive({ 'tram 4': [20, 8.7], 'bus 7': [25, 8.54] })
  const second = start(remembers)
  await expect.poll(() => second.lines, { timeout: 60_000 }).toEqual(['tram 4 EXIT', 'bus 7 ENTER'])
  await second.end()
  await writeFile(join(folder, 'token'), 'of another server')
  const third = start(remembers)
  await expect.poll(() => third.lines, { timeout: 60_000 }).toEqual(['events were missed'])
  await third.end()
  expect([simple, first, second, third].flatMap(({ complaints }) => complaints)).toEqual([])
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
