/** Disks that give out under the normal lane: one that is too small to spill to, and a file that cannot be opened. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine, EngineHealth, ExecutionReport } from '../../../src/engines/engine.ts'
import { countIn } from '../../support/filter.ts'
import { allIds, ask, context, eventually, idsOf, ROWS, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { ALL_FIELDS, difference, rowsByCli, rowsOf } from './rows.ts'

const SORTED_ROWS = 1_000_000
/** Enough to sort them with a disk to spill 80 MB to, not without one. */
const MEMORY = 100_000_000
/** Rows that are read of the sorted ones: all have been sorted by then. */
const READ_ROWS = 20_000

let disk: string
let mounted = false
beforeAll(() => {
  disk = mkdtempSync(path.join(tmpdir(), 'geoduck-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'pipe' })
    mounted = true
  } catch (error) {
    console.warn(`NOT TESTED: a disk that is full, for none can be mounted here (it takes root): ${error}`)
  }
})
afterAll(() => {
  if (mounted) execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

interface Sorted {
  readonly rows: readonly string[]
  readonly executions: readonly string[]
  readonly fallbacks: EngineHealth['fallbacks']
  readonly spilledBytes: number
}

async function sortedWith(tempDirectory: string): Promise<Sorted> {
  const file = await squares(SORTED_ROWS)
  const query = ask(squaresLayer(file, SORTED_ROWS), { orderBy: [{ property: 'name' }], outputs: ALL_FIELDS, properties: null })
  const engine = await testPool([file], {}, { memoryLimitBytes: MEMORY, tempDirectory, tempDirectoryBytes: 2e9 })
  try {
    const rows: string[] = []
    const executions = new Set<string>()
    let spilledBytes = 0
    for await (const { outputs, execution } of engine.stream(query, { batchSize: 4_096 }, context())) {
      spilledBytes = Math.max(spilledBytes, await spilledBy(engine))
      rows.push(...rowsOf(outputs))
      executions.add(told(execution))
      if (rows.length >= READ_ROWS) break
    }
    return {
      rows: rows.slice(0, READ_ROWS),
      executions: [...executions],
      fallbacks: (await engine.health()).fallbacks,
      spilledBytes,
    }
  } finally {
    await engine.close()
  }
}

async function spilledBy(engine: Engine): Promise<number> {
  const { workers } = await engine.health()
  const uses = workers.flatMap(({ diagnostics }) => diagnostics?.memory ?? [])
  return uses.reduce((sum, { tempBytes }) => sum + tempBytes, 0)
}

type Told = Pick<ExecutionReport, 'lane' | 'degraded' | 'attempts' | 'reason'>
const told = ({ lane, degraded, attempts, reason }: Told) => JSON.stringify({ lane, degraded, attempts, reason })

describe('a sort that spills', () => {
  let expected: readonly string[]
  beforeAll(async () => {
    expected = (await rowsByCli(await squares(SORTED_ROWS), 'name')).slice(0, READ_ROWS)
  })

  test('has the rows that the DuckDB CLI gives', async () => {
    const { rows, executions, fallbacks, spilledBytes } = await sortedWith(tmpdir())
    expect(difference(rows, expected)).toBeNull()
    expect(executions).toEqual([told({ lane: 'NORMAL', degraded: false, attempts: 1, reason: null })])
    expect(fallbacks).toMatchObject({ count: 0 })
    expect(spilledBytes).toBeGreaterThan(2e6)
  })

  test('has them by the serial lane where the disk is full, and leaves nothing on it', async ({ skip }) => {
    skip(!mounted, 'it takes root to mount a disk')
    const { rows, executions, fallbacks } = await sortedWith(disk)
    expect(difference(rows, expected)).toBeNull()
    const reason = 'out of memory in the normal lane'
    expect(executions[0]).toBe(told({ lane: 'SERIAL', degraded: true, attempts: 2, reason }))
    // A window that does not fit into half of the memory either is halved.
    for (const execution of executions) expect(JSON.parse(execution)).toMatchObject({ lane: 'SERIAL', degraded: true })
    expect(fallbacks.lastReasons.at(-1)).toBe(reason)
    expect(fallbacks.count).toBe(fallbacks.lastReasons.length)
    expect(readdirSync(disk)).toEqual([])
  })
})

/** Bytes that are free on the disk, and those that are taken. */
function space(): { readonly free: number; readonly used: number } {
  const { bavail, blocks, bfree, bsize } = statfsSync(disk)
  return { free: bavail * bsize, used: (blocks - bfree) * bsize }
}

describe('the batches of a client that pauses', () => {
  // Full before the first of them is written; full after some.
  test.for([
    ['is full', 0],
    ['fills up in the middle of one', 1_000_000],
  ] as const)('are all there where the disk %s, and nothing of them stays on it', async ([, left], { skip }) => {
    skip(!mounted, 'it takes root to mount a disk')
    const file = await squares()
    const outputs = ALL_FIELDS
    const query = ask(squaresLayer(file), { outputs, properties: null })
    const engine = await testPool([file], { workers: 2 }, { tempDirectory: disk, tempDirectoryBytes: 1e9 })
    const filler = path.join(disk, 'filler')
    try {
      writeFileSync(filler, new Uint8Array(Math.max(0, space().free - left)))
      const { used } = space()
      const streams = ['a', 'b'].map((client) => engine.stream(query, { batchSize: 2_048 }, context(client)))
      const read: string[][] = [[], []]
      const take = async (n: number) => {
        const { done, value } = await streams[n]!.next()
        if (!done) read[n]!.push(...rowsOf(value.outputs))
        return !done
      }
      for (const n of [0, 1]) await take(n)
      await eventually(async () => (await engine.health()).streams.parked === 2)
      expect(space().free).toBeLessThan(left === 0 ? 4_096 : 1_000_000)
      // Others do not notice.
      expect(await countIn(engine, query, context('c'))).toBe(BigInt(ROWS))
      for (const n of [0, 1]) while (await take(n));
      for (const rows of read) {
        expect(rows).toHaveLength(ROWS)
        expect(rows.map((row) => row.split(' ', 1)[0])).toEqual(allIds())
      }
      await eventually(async () => space().used <= used)
    } finally {
      await engine.close()
      rmSync(filler, { force: true })
    }
    expect(readdirSync(disk)).toEqual([])
  })
})

/** Files that a process may have open: none more than it has. The soft limit only: the hard one can't be raised again. */
const limitFiles = (pid: number, most: number) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`])
const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length

/** The process ids by lane. The serial lane has none before it is needed. */
async function pids(engine: Engine): Promise<Record<'NORMAL' | 'SERIAL', number>> {
  const { workers } = await engine.health()
  const of = (lane: string) => workers.find((worker) => worker.lane === lane)?.diagnostics?.pid ?? 0
  return { NORMAL: of('NORMAL'), SERIAL: of('SERIAL') }
}

describe('a file that a worker cannot open', () => {
  test('is read in the serial lane, after the last delivered batch', async () => {
    const file = await squares()
    const engine = await testPool([file])
    try {
      const { NORMAL } = await pids(engine)
      const stream = engine.stream(ask(squaresLayer(file)), { batchSize: 1_000 }, context())
      const first = await stream.next()
      // The client pauses, so the next execution opens the file again.
      await eventually(async () => (await engine.health()).streams.parked === 1)
      limitFiles(NORMAL, openFiles(NORMAL))
      const ids = first.done ? [] : idsOf(first.value.outputs)
      const executions = new Set<string>()
      for await (const { outputs, execution } of stream) {
        ids.push(...idsOf(outputs))
        executions.add(told(execution))
      }
      expect(ids).toEqual(allIds())
      const reason = 'an IO error in the normal lane'
      expect([...executions]).toEqual([
        told({ lane: 'NORMAL', degraded: false, attempts: 1, reason: null }),
        told({ lane: 'SERIAL', degraded: true, attempts: 2, reason }),
      ])
      expect((await engine.health()).fallbacks).toEqual({ count: 1, lastReason: reason, lastReasons: [reason] })
    } finally {
      await engine.close()
    }
  })

  test('in either lane is SOURCE_UNREADABLE, and is read by the same workers when they can', async () => {
    const file = await squares()
    const engine = await testPool([file])
    try {
      const query = ask(squaresLayer(file))
      const normal = (await pids(engine)).NORMAL
      limitFiles(normal, openFiles(normal))
      expect((await engine.page(query, 10, context())).execution.lane).toBe('SERIAL')
      const { NORMAL, SERIAL } = await pids(engine)
      limitFiles(SERIAL, openFiles(SERIAL))
      const stream = engine.stream(query, { batchSize: 1_000 }, context())
      await expect(stream.next()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
      for (const pid of [NORMAL, SERIAL]) limitFiles(pid, 1_024)
      const { execution } = await engine.page(query, 10, context())
      expect(execution).toMatchObject({ lane: 'NORMAL', degraded: false })
      expect(await pids(engine)).toEqual({ NORMAL, SERIAL })
    } finally {
      await engine.close()
    }
  })
})
