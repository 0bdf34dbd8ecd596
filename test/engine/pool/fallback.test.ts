/**
 * An execution that runs out of memory in the normal lane continues in the serial lane with half the memory: real data, real limits, the default ratio. The
 * limits are small, as the files are; the engine's own words decide.
 */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { FeatureQuery } from '../../../src/model/query.ts'
import { fixture } from '../../fixtures/index.ts'
import { duckdbCli } from '../../support/duckdb-cli.ts'
import { countIn, filterOf } from '../../support/filter.ts'
import { ask, context, eventually, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { ALL_FIELDS, difference, rowsByCli, rowsOf } from './rows.ts'

const WIDE_ROWS = 4_096
const BIG_ROWS = 300
const SOUTH = 'POLYGON((-10 -10,179 -10,179 40,-10 40,-10 -10))'

/** Every column of it, by score, whose ties keep the order of the file. */
function byScore(file: string, rows: number): FeatureQuery {
  const types = rows === WIDE_ROWS ? (['Point'] as const) : (['Polygon'] as const)
  const layer = { ...squaresLayer(file, rows), pruning: { kind: 'NONE' } as const, geometryTypes: types }
  return ask(layer, { orderBy: [{ property: 'score' }], outputs: ALL_FIELDS, properties: null })
}

async function within<T>(file: string, memoryLimitBytes: number, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await testPool([file], { deadlineSeconds: 120 }, { memoryLimitBytes, threads: 4 })
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

describe('what runs out of memory', () => {
  test.each([
    ['wide rows', 'pressure/wide.parquet', WIDE_ROWS],
    ['big polygons', 'pressure/big.parquet', BIG_ROWS],
  ])(
    'a sorted stream of %s by the serial lane: the rows that the DuckDB CLI gives, once each, in order',
    async (_, name, rows) => {
      const file = await fixture(name)
      const query = byScore(file, rows)
      await within(file, 56_000_000, async (engine) => {
        const delivered: string[] = []
        const lanes = new Set<string>()
        for await (const { outputs, count, execution } of engine.stream(query, { batchSize: 1_024 }, context())) {
          delivered.push(...rowsOf(outputs))
          lanes.add(execution.lane)
          expect(count).toBeLessThanOrEqual(1_024)
          expect(execution).toMatchObject({ degraded: true, reason: expect.stringContaining('out of memory') })
        }
        expect(delivered).toHaveLength(rows)
        expect(difference(delivered, await rowsByCli(file, 'score'))).toBeNull()
        expect([...lanes]).toEqual(['SERIAL'])
        const { fallbacks } = await engine.health()
        expect(fallbacks.lastReasons.at(-1)).toBe('out of memory in the normal lane')
        expect(fallbacks.count).toBe(fallbacks.lastReasons.length)
      })
    },
  )

  test('sorted pages of wide rows: fewer features a page, and all of them from page to page', async () => {
    const file = await fixture('pressure/wide.parquet')
    const query = byScore(file, WIDE_ROWS)
    await within(file, 56_000_000, async (engine) => {
      const delivered: string[] = []
      let after = null
      for (let pages = 0; pages < 3; pages++) {
        const page = await engine.page({ ...query, after }, 5_000, context())
        expect(page).toMatchObject({ hasMore: true, execution: { lane: 'SERIAL', degraded: true } })
        expect(page.count).toBeLessThanOrEqual(2_048)
        delivered.push(...rowsOf(page.outputs.map((pieces) => Buffer.concat(pieces))))
        after = page.position
      }
      expect(difference(delivered, (await rowsByCli(file, 'score')).slice(0, delivered.length))).toBeNull()
    })
  })

  test('an aggregate over big polygons: the count that the DuckDB CLI gives, in one thread', async () => {
    const file = await fixture('pressure/big.parquet')
    const all = byScore(file, BIG_ROWS)
    const query = { ...all, where: filterOf(all.view.layer, { intersects: { wkt: SOUTH } }) }
    const sql = `SELECT count(*) AS n FROM '${file}' WHERE ST_Intersects(geometry, ST_GeomFromText('${SOUTH}'))`
    const [counted] = await duckdbCli<{ n: number }>(sql)
    expect(counted!.n).toBeGreaterThan(0)
    expect(counted!.n).toBeLessThan(BIG_ROWS)
    await within(file, 20_000_000, async (engine) => {
      expect(await countIn(engine, query, context())).toBe(BigInt(counted!.n))
      expect((await engine.health()).fallbacks.lastReasons).toContain('out of memory in the normal lane')
    })
  })

  test('in the serial lane too is OUT_OF_MEMORY, which names the limit, and the pool continues', async () => {
    const file = await fixture('pressure/wide.parquet')
    const query = byScore(file, WIDE_ROWS)
    await within(file, 16_000_000, async (engine) => {
      const stream = engine.stream(query, { batchSize: 1_024 }, context())
      await expect(stream.next()).rejects.toMatchObject({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/8 MB \(--serial-memory-limit\)/),
      })
      expect(await countIn(engine, query, context())).toBe(BigInt(WIDE_ROWS))
    })
  })
})

describe('new work', () => {
  test('goes to the serial lane while a worker is near a limit of its process, and back when it is not', async () => {
    const file = await squares()
    const engine = await testPool([file])
    const query = ask(squaresLayer(file))
    const laneOf = async () => (await engine.page(query, 10, context())).execution
    try {
      expect(await laneOf()).toMatchObject({ lane: 'NORMAL', degraded: false, reason: null })
      const { workers } = await engine.health()
      const pid = workers.find(({ lane }) => lane === 'NORMAL')?.diagnostics?.pid
      // The soft limit only: the hard one can't be raised again.
      const limit = (bytes: number | string) => execFileSync('prlimit', ['--pid', String(pid), `--as=${bytes}:`])
      const size =
        Number(/^VmSize:\s+(\d+)/m.exec(execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }))?.[1]) * 1_024
      limit(Math.round(size / 0.9))
      await eventually(async () => (await engine.health()).memory.share > 0.8)
      expect((await engine.health()).memory.limit).toBe('ADDRESS_SPACE')
      expect(await laneOf()).toMatchObject({ lane: 'SERIAL', degraded: true, reason: 'memory is above 80 % of its limit' })
      limit('unlimited')
      await eventually(async () => (await engine.health()).memory.share < 0.8)
      expect(await laneOf()).toMatchObject({ lane: 'NORMAL', degraded: false })
    } finally {
      await engine.close()
    }
  })
})
