/**
 * Many executions on one server, of every kind: neither memory nor open files nor time grow with their number, and no file is left.
 * GEODUCK_LONG=1 runs 10,000, and prints the figures.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { ask, post, type Served } from '../../support/graphql.ts'
import { alive, descendants, type Launched, launch } from '../../support/launched.ts'
import { EventSource } from './event-source.ts'

const long = process.env['GEODUCK_LONG'] === '1'
const EXECUTIONS = long ? 10_000 : 800
const AT_ONCE = 4
const SAMPLES = 40
/** Before, heaps and caches grow to what they need. */
const WARM = SAMPLES / 4

const LAYER = `grid-${GRID_ROWS}`
const folder = mkdtempSync(join(tmpdir(), 'geoduck-executions-'))
let launched: Launched
let server: Served

beforeAll(async () => {
  const args = [
    '--port',
    '0',
    '--workers',
    '2',
    '--threads',
    '1',
    '--memory-limit',
    '300MB',
    '--page-cache-bytes',
    '0B',
    '--temp-directory',
    folder,
  ]
  launched = launch(process.execPath, ['src/main.ts', await grid(), ...args, '--log-level', 'silent'], { cwd: ROOT })
  server = { url: (await launched.line(/^ready (http:\/\/127\.0\.0\.1:\d+)$/))[1]! }
})
afterAll(() => {
  for (const pid of alive([launched.pid])) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** By turns: a box, a count, a sort, a stream that is read and one that is left, a download, a query that fails. */
const KINDS: readonly ((n: number) => Promise<unknown>)[] = [
  (n) => ask(server, `{ features(layer: "${LAYER}", where: { bbox: [${n % 170}, -80, ${(n % 170) + 2}, 80] }) { geojson } }`),
  (n) =>
    ask(
      server,
      `{ features(layer: "${LAYER}", first: 1, where: { property: { name: "score", lt: ${n % 1_000} } }) { totalCount } }`,
    ),
  (n) => ask(server, `{ features(layer: "${LAYER}", first: ${1 + (n % 50)}, orderBy: [{ property: "score" }]) { arrow } }`),
  async (n) => (await EventSource.open(server, stream(5_000 + (n % 100)))).all(),
  async (n) => {
    const events = await EventSource.open(server, stream(50_000 + (n % 100)))
    await events.next()
    events.leave()
  },
  async (n) => (await fetch(`${server.url}/download/${LAYER}.geojsonl?limit=${1_000 + (n % 100)}`)).text(),
  async (n) => (await post(server, { query: `{ features(layer: "${LAYER}", after: "${n}") { count } }` })).text(),
]
const stream = (limit: number) => `subscription { featureBatches(layer: "${LAYER}", limit: ${limit}) { geojson } }`

interface Sample {
  readonly at: number
  readonly serverMb: number
  readonly workersMb: number
  readonly files: number
  /** Milliseconds of processor time per execution since the sample before: other work on the machine does not show in it. */
  readonly ms: number
}

function sampled(at: number, ms: number): Sample {
  const workers = descendants(launched.pid)
  const files = [launched.pid, ...workers].reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0)
  const workersMb = workers.reduce((sum, pid) => sum + residentMb(pid), 0)
  return { at, serverMb: residentMb(launched.pid), workersMb, files, ms }
}

function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024
}

/** Processor time of server and workers, in steps of 10 ms. */
function processorMs(): number {
  return [launched.pid, ...descendants(launched.pid)].reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number) as [number, number]
    return sum + 10 * (user + system)
  }, 0)
}

/** The median of the slopes between all pairs (Theil and Sen): what a few odd samples do not move. Of all executions together. */
function growth(samples: readonly Sample[], of: keyof Sample): number {
  const slopes = samples.flatMap((a, n) => samples.slice(n + 1).map((b) => (b[of] - a[of]) / (b.at - a.at)))
  return slopes.sort((a, b) => a - b)[slopes.length >> 1]! * EXECUTIONS
}

const mean = (samples: readonly Sample[], of: keyof Sample) =>
  samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length

test(`${EXECUTIONS} executions leave memory, open files and time unchanged, and no file`, { timeout: 1_200_000 }, async () => {
  const samples: Sample[] = []
  const each = EXECUTIONS / SAMPLES
  for (let done = 0; done < EXECUTIONS; done += each) {
    const began = processorMs()
    let next = done
    const client = async () => {
      while (next < done + each) {
        const n = next++
        await KINDS[n % KINDS.length]!(n)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, client))
    samples.push(sampled(done + each, (processorMs() - began) / each))
  }
  const warm = samples.slice(WARM)
  const figures = (['serverMb', 'workersMb', 'files', 'ms'] as const).map((of) => ({
    of,
    mean: mean(warm, of),
    growth: growth(warm, of),
  }))
  if (long) console.log(JSON.stringify(figures), JSON.stringify(samples))
  for (const { of, mean: usual, growth: grown } of figures) {
    // The share of the usual total: a leak grows by a multiple.
    expect(grown, `${of}, usually ${usual}`).toBeLessThan(usual * (long ? 0.25 : 0.5))
  }
  const { data } = await ask<{ health: { workers: { deaths: number }[] } }>(server, '{ health { workers { deaths } } }')
  expect(data!.health.workers.map(({ deaths }) => deaths)).toEqual([0, 0, 0])
  process.kill(launched.pid, 'SIGTERM')
  expect(await launched.ended).toBe(0)
  expect(readdirSync(folder)).toEqual([])
})
