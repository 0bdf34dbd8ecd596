/** The real server in a control group of the kernel's, as a container is one: its limits follow the group's, and the kernel kills nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ControlGroup } from '../../support/control-group.ts'
import { ROOT } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'

const GROUP_BYTES = 1_500_000_000
/** The part of three quarters of it that the server and three workers leave, for the engines of two normal workers and a serial one of half their size. */
const WORKER_BYTES = (0.75 * GROUP_BYTES - 150e6 - 3 * 160e6) / 2.5
/** Above 80 % with what the server has itself. */
const FILLED_SHARE = 0.9
const ENGINE_ROUNDING = 0.06

interface Health {
  readonly memory: { readonly share: number; readonly limit: string }
  readonly workers: readonly {
    readonly lane: 'NORMAL' | 'SERIAL'
    readonly deaths: number
    /** Null until it serves. */
    readonly memoryLimit: string | null
  }[]
}

let group: ControlGroup | null = null
let folder: string
let server: Launched
let url: string

beforeAll(async () => {
  try {
    group = ControlGroup.make(`geoduck-test-${process.pid}`, GROUP_BYTES)
  } catch (error) {
    console.warn(`NOT TESTED: a server in a control group, for none can be made here (it takes root): ${error}`)
    return
  }
  folder = mkdtempSync(join(tmpdir(), 'geoduck-group-'))
  const sources = [await fixture('pressure/wide.parquet'), await fixture('pressure/big.parquet')]
  const options = [
    '--port',
    '0',
    '--workers',
    '2',
    '--worker-idle',
    '0',
    '--log-level',
    'error',
    '--page-cache-bytes',
    '0B',
    '--temp-directory',
    folder,
  ]
  const program = [process.execPath, 'src/main.ts', ...sources, ...options].map((word) => `'${word}'`).join(' ')
  server = launch('sh', ['-c', group.command(program)], { cwd: ROOT })
  url = (await server.line(/^ready (http:\S+)$/))[1]!
})

afterAll(async () => {
  if (group === null) return
  process.kill(server.pid, 'SIGTERM')
  await server.ended
  group.remove()
  rmSync(folder, { recursive: true })
})

async function query<Data>(text: string): Promise<Data> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: text }) })
  return ((await response.json()) as { data: Data }).data
}

const health = async () =>
  (await query<{ health: Health }>('{ health { memory { share limit } workers { lane deaths memoryLimit } } }')).health

const laneOf = async () =>
  (
    await query<{ features: { execution: object } }>(
      '{ features(layer: "wide", first: 1) { execution { lane degraded reason } } }',
    )
  ).features.execution

const UNITS: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30 }

function bytesOf(text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * UNITS[unit!]!
}

function expectLimit({ memoryLimit }: Health['workers'][number], bytes: number): void {
  expect(Math.abs(bytesOf(memoryLimit!) - bytes)).toBeLessThan(ENGINE_ROUNDING * bytes)
}

/** Runs a process in the group that holds `bytes` of it while `use` runs. */
async function filled(bytes: number, use: () => Promise<void>): Promise<void> {
  const program = `"${process.execPath}" -e 'const held = Buffer.alloc(${bytes}, 1); console.log(held.length); process.stdin.resume()'`
  const hog = spawn('sh', ['-c', group!.command(program)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(hog, 'exit')
  try {
    await once(hog.stdout, 'data')
    await use()
  } finally {
    hog.kill('SIGKILL')
    await ended
  }
}

/** Lines of a whole download. */
async function featuresOf(layer: string, order: string): Promise<number> {
  const response = await fetch(`${url}/download/${layer}.geojsonl?${new URLSearchParams({ orderBy: order })}`)
  let lines = 0
  for await (const line of createInterface({ input: Readable.fromWeb(response.body as never) })) {
    if (!line.startsWith('{"type":"Feature",')) throw new Error(line.slice(0, 500))
    lines++
  }
  return lines
}

const NO_GROUP = 'no control group can be made here'

describe('a server in a control group', () => {
  it('has limits of memory that are its share of the group', async ({ skip }) => {
    skip(group === null, NO_GROUP)
    const normal = async () => (await health()).workers.filter(({ lane }) => lane === 'NORMAL')
    await expect.poll(async () => (await normal()).every(({ memoryLimit }) => memoryLimit !== null)).toBe(true)
    for (const worker of await normal()) expectLimit(worker, WORKER_BYTES)
  })

  it('sends new work to the serial lane while the group is above 80 % of its limit, and back below', async ({ skip }) => {
    skip(group === null, NO_GROUP)
    const normal = { lane: 'NORMAL', degraded: false, reason: null }
    expect(await laneOf()).toEqual(normal)
    await filled(Math.round(FILLED_SHARE * GROUP_BYTES - group!.held), async () => {
      await expect.poll(laneOf).toMatchObject({ lane: 'SERIAL', degraded: true })
      expect(await laneOf()).toMatchObject({ reason: 'memory is above 80 % of its limit' })
      expectLimit((await health()).workers.find(({ lane }) => lane === 'SERIAL')!, WORKER_BYTES / 2)
      expect(await health()).toMatchObject({
        memory: { limit: 'CONTROL_GROUP', share: expect.toSatisfy((share: number) => share > 0.8) },
      })
    })
    await expect.poll(laneOf).toEqual(normal)
  })

  it('gives dense layers to many at once, sorted too, and the kernel kills nothing', async ({ skip }) => {
    skip(group === null, NO_GROUP)
    const orders = ['[]', '[{"property":"score"}]', '[{"property":"name"}]']
    const all = orders.flatMap((order) => [featuresOf('wide', order), featuresOf('big', order)])
    expect(await Promise.all(all)).toEqual(orders.flatMap(() => [4_096, 300]))
    expect(group!.killed).toBe(0)
    expect((await health()).workers.map(({ deaths }) => deaths)).toEqual([0, 0, 0])
  })
})
