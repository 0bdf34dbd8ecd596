/** One execution in one real worker, with statements that no question compiles to: what a worker does when the engine fails under it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireType } from '../../../src/encode/batch.ts'
import type { Plan } from '../../../src/engines/duckdb/dialect/plan.ts'
import { SENTINEL } from '../../../src/engines/duckdb/dialect/quote.ts'
import type { BatchMessage, ExecutionEnd } from '../../../src/engines/duckdb/messages.ts'
import { ExecutionHandle, type ExecutionOptions } from '../../../src/engines/duckdb/pool/execution-handle.ts'
import { WorkerSupervisor } from '../../../src/engines/duckdb/pool/worker-supervisor.ts'
import { inEngine } from '../../support/engine.ts'
import { HANG } from '../../support/faults/hang.ts'
import { eventually } from '../../support/pool.ts'
import { Random } from '../../support/random.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const INTEGER: WireType = { kind: 'int', bits: 64, signed: true }
/** An ISO WKB multipolygon whose only member is a point: 30 bytes that end the process in ST_IsValid. */
const KILLER = '010600000001000000010100000000000000000000000000000000000000'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-turn-'))
/** Rows in row groups that two threads read at the same time. */
const NUMBERS = join(folder, 'numbers.parquet')
const ROWS = 400_000

let slot: WorkerSupervisor
/** The time of a start on this machine with its current load. */
let boot: number

beforeAll(async () => {
  await inEngine(':memory:', (connection) =>
    connection.run(`COPY (SELECT i FROM range(${ROWS}) r(i)) TO '${NUMBERS}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`),
  )
  slot = new WorkerSupervisor(
    'NORMAL',
    {
      spatialExtension: SPATIAL_EXTENSION,
      memoryLimitBytes: 500_000_000,
      threads: 2,
      tempDirectory: `/tmp/geoduck-turn-${process.pid}/0`,
      tempDirectoryBytes: 100_000_000,
      streamingBufferBytes: 65_536,
      allowedPaths: [NUMBERS],
      databases: [],
    },
    { warn: () => {} },
    { onIdle: () => {}, onOutdated: () => {}, execArgv: [] },
  )
  void slot.wake()
  boot = await whole()
})
afterAll(async () => {
  await slot.close()
  rmSync(folder, { recursive: true })
})

const whole = () => eventually(async () => slot.idle, 40_000)

/** 3 s, or on a starved machine as long as some starts. */
const soon = () => Math.max(3_000, 3 * boot)

/** One column `n`; the sentinel is added unless `bare`. */
function plan(sql: string, bare = false): Plan {
  const statement = {
    sql: bare ? sql : `SELECT *, false AS eof FROM (${sql}) UNION ALL SELECT NULL, true FROM ${SENTINEL}`,
    parameters: [],
  }
  const layout = {
    columns: [{ name: 'n', wire: INTEGER }],
    geometries: [],
    key: 0,
    properties: [],
    geometryName: 'geometry',
  }
  const outputs = [{ kind: 'features', fields: [{ key: 'id', field: 'key' }] }] as const
  return { statement, layout, keys: [0], outputs, cursorKey: null, sorted: false, indexed: false, few: false, digest: sql }
}

/** The same rows as one result. `cut`: the limit of rows, which is the last parameter. */
function held(sql: string, cut: number | null = null): Plan {
  const streamed = plan(sql)
  const parameters = cut === null ? [] : [20_000n]
  return { ...streamed, statement: { ...streamed.statement, parameters }, held: { sql, cut, isOfTable: false } }
}

/** A page of 10,000 rows. */
const PAGE = { batchRows: 10_000, firstRows: 10_000, maxBatches: 1 } as const

interface Seen {
  rows: number
  readonly end: Awaited<ExecutionHandle['end']>
}

/** Runs to the end; `onBatch` may stop the turn, and pays its credit unless it returns false. */
async function run(
  statement: Plan,
  onBatch: (turn: ExecutionHandle, rows: number) => boolean | undefined = () => true,
  more: Partial<ExecutionOptions> = {},
  onStart: (turn: ExecutionHandle) => void = () => {},
): Promise<Seen> {
  if (!slot.reserve(null)) throw new Error('the worker is not idle')
  let rows = 0
  const turn: ExecutionHandle = new ExecutionHandle(slot, {
    plan: statement,
    batchRows: 1_000,
    firstRows: 1_000,
    batchBytes: 1_000_000,
    message: null,
    credits: 2,
    maxBatches: null,
    pageLimit: null,
    emitEmpty: false,
    serial: null,
    probeFirst: false,
    isShared: false,
    countsScan: true,
    deadlineMs: 10_000,
    onBatch: (batch: BatchMessage) => {
      rows += batch.count
      if (onBatch(turn, rows) !== false) turn.credit()
    },
    ...more,
  })
  onStart(turn)
  return { end: await turn.end, rows }
}

const failure = ({ end }: Seen) => (end as Extract<ExecutionEnd, { outcome: 'FAILED' }>).failure

describe('an execution', () => {
  test('is complete when its sentinel came', async () => {
    expect(await run(plan('SELECT i FROM range(100000) r(i)'))).toMatchObject({ rows: 100_000, end: { outcome: 'COMPLETE' } })
  })

  test('that ends without its sentinel has failed, however clean the end looks', async () => {
    const seen = await run(plan('SELECT i, false FROM range(5000) r(i)', true))
    expect(failure(seen)).toMatchObject({ kind: 'UNFINISHED' })
  })

  test.each([1, 3, 10, 40])('with an error of the engine at chunk %i fails, and never ends short as complete', async (chunk) => {
    const at = chunk * 2_048
    const seen = await run(plan(`SELECT CASE WHEN i = ${at} THEN error('boom') ELSE i END FROM range(1000000) r(i)`))
    // If the engine has not stored its message yet, only the missing sentinel shows the failure. And of two threads, one that was stopped
    // for the other's error may report first. Both are run again.
    const told = ['Invalid Input Error: boom', 'the result ended without its sentinel', 'INTERRUPT Error: Interrupted!']
    expect(told).toContain(failure(seen)?.message)
    expect(seen.rows).toBeLessThanOrEqual(at)
  })

  test('with an error in any row group that two threads read fails, mostly with its cause, and is never complete', async () => {
    const random = new Random()
    const told: unknown[] = []
    for (let n = 0; n < 40; n++) {
      const at = random.integer(ROWS)
      const sql = `SELECT CASE WHEN i = ${at} THEN error('boom') ELSE i END FROM read_parquet('${NUMBERS}') WHERE i % 9 = ${at % 9}`
      const seen = await run(plan(sql))
      told.push(failure(seen)?.message)
      expect(seen.rows).toBeLessThanOrEqual(Math.ceil(at / 9))
    }
    const cause = told.filter((message) => message === 'Invalid Input Error: boom')
    const others = new Set(told.filter((message) => message !== 'Invalid Input Error: boom'))
    expect(cause.length).toBeGreaterThan(20)
    for (const message of others)
      expect(['INTERRUPT Error: Interrupted!', 'the result ended without its sentinel']).toContain(message)
  })

  test('that is cancelled while two threads read it is complete only with all rows', async () => {
    const random = new Random()
    const sql = `SELECT i FROM read_parquet('${NUMBERS}') WHERE i % 3 = 0`
    const outcomes = new Set<string>()
    for (let n = 0; n < 40; n++) {
      const turns: ExecutionHandle[] = []
      const running = run(plan(sql), undefined, {}, (turn) => void turns.push(turn))
      await sleep(random.integer(60))
      turns[0]!.cancel()
      const { rows, end } = await running
      outcomes.add(end.outcome)
      if (end.outcome === 'COMPLETE') expect(rows).toBe(Math.ceil(ROWS / 3))
      else expect(end.outcome).toBe('CANCELLED')
    }
    expect(outcomes).toContain('CANCELLED')
  })

  test('of a page with few rows is complete without a sentinel, in one batch, also without rows', async () => {
    for (const rows of [0, 1, 2_047, 2_048, 2_049, 4_096]) {
      let batches = 0
      const onBatch = () => ++batches > 0
      const seen = await run(held(`SELECT i FROM range(${rows}) r(i)`), onBatch, { ...PAGE, emitEmpty: true })
      expect({ batches, ...seen }).toMatchObject({ rows, batches: 1, end: { outcome: 'COMPLETE' } })
    }
  })

  // Wherever a streamed result fails, the sentinel is missing. A held one is not there.
  test.each([1, 2])(
    'with an error in any chunk of a held result fails with its cause, and sends nothing: %i threads',
    async (threads) => {
      for (const at of [0, 1, 2_047, 2_048, 4_095, 4_096, 100_000]) {
        const sql = `SELECT CASE WHEN i = ${at} THEN error('boom') ELSE i END FROM range(${at + 1}) r(i)`
        const seen = await run(held(sql), undefined, { ...PAGE, isShared: threads === 1 })
        expect({ rows: seen.rows, failure: failure(seen) }).toEqual({
          rows: 0,
          failure: { kind: 'INVALID_INPUT', message: 'Invalid Input Error: boom' },
        })
      }
    },
  )

  test('of a held result is interrupted wherever the engine is, and sends nothing', async () => {
    for (const wait of [0, 1, 2, 5, 10, 20, 50, 100]) {
      const turns: ExecutionHandle[] = []
      const sql = 'SELECT max(sqrt(i)) FROM range(20000000000) r(i)'
      const onStart = (turn: ExecutionHandle) => void turns.push(turn)
      const running = run(held(sql), undefined, { ...PAGE, deadlineMs: 60_000 }, onStart)
      await sleep(wait)
      turns[0]!.cancel()
      expect(await running).toMatchObject({ rows: 0, end: { outcome: 'CANCELLED' } })
    }
  })

  test('of a held result that runs out of memory says so, and sends nothing', async () => {
    const seen = await run(
      held("SELECT length(string_agg(repeat('x', 1000) || i, '')) FROM range(2000000) r(i)"),
      undefined,
      PAGE,
    )
    expect({ rows: seen.rows, failure: failure(seen) }).toMatchObject({ rows: 0, failure: { kind: 'OUT_OF_MEMORY' } })
  })

  test('of a page that has more rows than can be held streams all of them', async () => {
    for (const [rows, sent] of [
      [99, 99],
      [100, 100],
      [101, 101],
      [9_999, 9_999],
      [30_000, 10_000],
    ] as const) {
      const sql = `SELECT i FROM range(${rows}) r(i) LIMIT CAST($1 AS BIGINT)`
      const seen = await run(held(sql, 100), undefined, PAGE)
      expect(seen).toMatchObject({ rows: sent, end: { outcome: rows === sent ? 'COMPLETE' : 'MORE' } })
    }
  })

  test('with a statement that was prepared before is executed with its own values', async () => {
    const sql = 'SELECT i FROM range(1000) r(i) WHERE i >= $1::BIGINT'
    const [one, other] = [held(sql), held('SELECT i FROM range(7) r(i) WHERE i >= $1::BIGINT')]
    const values = (base: Plan, from: string): Plan => ({
      ...base,
      statement: { ...base.statement, parameters: [from] },
      held: { ...base.held!, isOfTable: true },
    })
    for (const from of ['0', '1', '999', '1000']) {
      expect((await run(values(one, from), undefined, { ...PAGE, emitEmpty: true })).rows).toBe(1_000 - Number(from))
    }
    expect((await run(values(other, '3'), undefined, PAGE)).rows).toBe(4)
    expect((await run(plan('SELECT i FROM range(5000) r(i)'))).rows).toBe(5_000)
    expect((await run(values(other, '6'), undefined, PAGE)).rows).toBe(1)
  })

  test('counts what it reads only if it is asked to', async () => {
    const counted = await run(held('SELECT i FROM range(10) r(i)'), undefined, PAGE)
    expect((counted.end as ExecutionEnd).scan).toMatchObject({ rowsScanned: 10 })
    const uncounted = await run(held('SELECT i FROM range(10) r(i)'), undefined, { ...PAGE, countsScan: false })
    expect((uncounted.end as ExecutionEnd).scan).toBeNull()
  })

  test('that shares the processors has half of the threads, and the next one all of them', async () => {
    const threads = plan("SELECT i FROM range(current_setting('threads')::BIGINT) r(i)")
    expect((await run(threads, undefined, { isShared: true })).rows).toBe(1)
    expect((await run(threads)).rows).toBe(2)
  })

  test('that reads few row groups has one thread after many such ones in a row, and the next other one all of them', async () => {
    const threads = plan("SELECT i FROM range(current_setting('threads')::BIGINT) r(i)")
    const few = async (times: number) => {
      const seen: number[] = []
      for (let n = 0; n < times; n++) seen.push((await run({ ...threads, few: true })).rows)
      return seen
    }
    await run(threads)
    expect(await few(31)).toEqual(Array(31).fill(2))
    expect((await run(threads)).rows).toBe(2)
    expect(await few(34)).toEqual([...Array(31).fill(2), 1, 1, 1])
    expect((await slot.health()).diagnostics?.threads).toBe(2)
    expect((await run(threads)).rows).toBe(2)
  })

  test.each(['CREATE TABLE memory.kept AS SELECT 1', 'SET GLOBAL threads = 1', 'BEGIN'])(
    'of no query is not begun: %s',
    async (sql) => {
      const seen = await run(plan(sql, true))
      expect(failure(seen)).toEqual({ kind: 'OTHER', message: 'a worker runs queries only' })
      // Nor when a worker prepares it for the next execution.
      for (let n = 0; n < 3; n++) {
        const ahead = await run({ ...held(sql), held: { sql, cut: null, isOfTable: true } }, undefined, PAGE)
        expect(failure(ahead)).toEqual({ kind: 'OTHER', message: 'a worker runs queries only' })
      }
    },
  )

  test('that runs out of memory says so', async () => {
    // An aggregate's state can't be spilled.
    const seen = await run(plan("SELECT length(string_agg(repeat('x', 1000) || i, '')) FROM range(2000000) r(i)"))
    expect(failure(seen)).toMatchObject({ kind: 'OUT_OF_MEMORY' })
  })

  test('ends at a batch border when it is asked to', async () => {
    const seen = await run(plan('SELECT i FROM range(10000000) r(i)'), (turn, rows) => {
      if (rows === 5_000) turn.yield()
    })
    expect(seen.end).toMatchObject({ outcome: 'YIELDED' })
    expect(seen.rows % 1_000).toBe(0)
  })

  test.each([false, true])('is cancelled within 200 ms (while it waits for credit: %s)', async (stalled) => {
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      let asked = 0
      const seen = await run(plan('SELECT i FROM range(100000000) r(i)'), (turn, rows) => {
        if (rows < 5_000) return true
        asked = performance.now()
        turn.cancel()
        return !stalled
      })
      expect(seen.end).toMatchObject({ outcome: 'CANCELLED' })
      times.push(performance.now() - asked)
    }
    // The others of a machine may hold up some of them.
    expect(Math.min(...times)).toBeLessThan(200)
  })

  test.each([false, true])('is cancelled at once before it has a connection (after a probe: %s)', async (probeFirst) => {
    const endless = plan('SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE i + j = 5')
    const seen = await run(endless, undefined, { probeFirst }, (turn) => turn.cancel())
    expect(seen).toMatchObject({ rows: 0, end: { outcome: 'CANCELLED' } })
  })

  test.each([false, true])('has the credit that it gets before it has a connection (after a probe: %s)', async (probeFirst) => {
    const seen = await run(plan('SELECT i FROM range(3000) r(i)'), undefined, { credits: 0, probeFirst }, (turn) => turn.credit())
    expect(seen).toMatchObject({ rows: 3_000, end: { outcome: 'COMPLETE' } })
  })

  test('has parameters of a megabyte and of 64-bit integers', async () => {
    const rows = plan('SELECT i + length($1) + $2::BIGINT FROM range(1) r(i)')
    const parameters = ['0'.repeat(1_000_000), 2n ** 62n]
    const seen = await run({ ...rows, statement: { ...rows.statement, parameters } })
    expect(seen).toMatchObject({ rows: 1, end: { outcome: 'COMPLETE' } })
  })

  test('that ends while its figures are measured leaves a worker that reports them', async () => {
    const [seen, { diagnostics }] = await Promise.all([run(plan('SELECT i FROM range(100000) r(i)')), slot.health()])
    expect(seen).toMatchObject({ rows: 100_000, end: { outcome: 'COMPLETE' } })
    expect(diagnostics?.threads).toBe(2)
    expect(slot.idle).toBe(true)
  })

  test('sends no more than its credits', async () => {
    const seen = await run(plan('SELECT i FROM range(100000) r(i)'), (turn, rows) => {
      if (rows === 2_000) setTimeout(() => turn.cancel(), 300)
      return false
    })
    expect(seen.rows).toBe(2_000)
  })

  test('that takes too long is interrupted at its deadline, and the worker stays', async () => {
    const { deaths } = await slot.health()
    const seen = await run(plan('SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE i + j = 5'), () => true, {
      deadlineMs: 500,
    })
    expect(seen.end).toEqual({ outcome: 'DEADLINE' })
    expect(slot.idle).toBe(true)
    expect((await slot.health()).deaths).toBe(deaths)
  })

  test('that cannot be interrupted is killed 2 s after its deadline, and its worker is replaced in 3 s', async () => {
    const { deaths } = await slot.health()
    const start = performance.now()
    const seen = await run(plan(`SELECT (${HANG})::BIGINT`), () => true, { deadlineMs: 2_000 })
    const took = performance.now() - start
    expect(seen.end).toEqual({ outcome: 'DEADLINE' })
    expect(took).toBeGreaterThan(3_990)
    expect(took).toBeLessThan(4_000 + soon())
    expect(await whole()).toBeLessThan(soon())
    expect((await slot.health()).deaths).toBe(deaths + 1)
  })

  test('whose geometry ends the process is lost, and the place is whole in 3 s', async () => {
    const seen = await run(plan(`SELECT ST_IsValid(ST_GeomFromWKB(unhex('${KILLER}')))::BIGINT`))
    expect(seen.end).toEqual({ outcome: 'LOST', byPlan: true })
    expect(await whole()).toBeLessThan(soon())
  })

  test('whose instance is dead ends the worker, which starts again', async () => {
    const before = (await slot.health()).deaths
    const seen = await run(plan("SELECT ST_Area(ST_GeomFromWKB(''::BLOB))::BIGINT"))
    expect(failure(seen)).toMatchObject({ kind: 'FATAL' })
    await whole()
    expect((await slot.health()).deaths).toBe(before + 1)
    expect(await run(plan('SELECT 1::BIGINT'))).toMatchObject({ rows: 1, end: { outcome: 'COMPLETE' } })
  })
})

describe('an idle worker', () => {
  test('that is killed is replaced within 3 s', async () => {
    const { diagnostics } = await slot.health()
    process.kill(diagnostics!.pid, 'SIGKILL')
    await eventually(async () => !slot.idle)
    expect(await whole()).toBeLessThan(soon())
  })

  test('reports its limits as the engine reads them back', async () => {
    const { diagnostics } = await slot.health()
    expect(diagnostics).toMatchObject({
      memoryLimit: '476.8 MiB',
      threads: 2,
      duckdbVersion: 'v1.5.5',
      columnReader: 'ARROW_EXPORT',
    })
  })
})
