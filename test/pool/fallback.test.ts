/**
 * What runs out of memory in the normal lane goes on in the serial lane, in half of the memory: real data, real limits, the shipped ratio. The
 * limits are small, as the files are; the engine's own words decide.
 */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { FeatureQuery } from '../../src/plan/query.ts'
import type { Engine } from '../../src/pool/engine.ts'
import { fixture } from '../fixtures/index.ts'
import { ask, context, eventually, idsOf, pageIds, squares, squaresLayer, testPool } from './support.ts'

const WIDE_ROWS = 4_096
const BIG_ROWS = 300
const EVERYWHERE = { intersects: { wkt: 'POLYGON((-10 -10,179 -10,179 89,-10 89,-10 -10))' } }
const OUTPUTS = [
  {
    kind: 'features',
    fields: [
      { key: 'id', field: 'id' },
      { key: 'properties', field: 'properties', only: null },
      { key: 'geometry', field: 'geometry', as: 'WKB', precision: 7 },
    ],
  },
] as const

/** Every column of it, by score, whose ties keep the order of the file. */
function byScore(file: string, rows: number): { query: FeatureQuery; expected: string[] } {
  const types = rows === WIDE_ROWS ? (['Point'] as const) : (['Polygon'] as const)
  const layer = { ...squaresLayer(file, rows), pruning: { kind: 'NONE' } as const, geometryTypes: types }
  const score = (id: number) => (id * 7_919) % 1_000
  const ids = Array.from({ length: rows }, (_, id) => id).sort((a, b) => score(a) - score(b) || a - b)
  return {
    query: ask(layer, { orderBy: [{ property: 'score' }], outputs: OUTPUTS, properties: null }),
    expected: ids.map(String),
  }
}

async function within<T>(file: string, memoryLimitBytes: number, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await testPool([file], { deadlineSeconds: 120 }, { memoryLimitBytes, threads: 4 })
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

describe('what runs out of memory', { timeout: 180_000 }, () => {
  test.each([
    ['wide rows', 'pressure/wide.parquet', WIDE_ROWS],
    ['big polygons', 'pressure/big.parquet', BIG_ROWS],
  ])('a sorted stream of %s: the same rows, once each, in order, by the serial lane', async (_, name, rows) => {
    const file = await fixture(name)
    const { query, expected } = byScore(file, rows)
    await within(file, 56_000_000, async (engine) => {
      const ids: string[] = []
      const lanes = new Set<string>()
      for await (const { outputs, count, execution } of engine.stream(query, { batchSize: 1_024 }, context())) {
        ids.push(...idsOf(outputs))
        lanes.add(execution.lane)
        expect(count).toBeLessThanOrEqual(1_024)
        expect(execution).toMatchObject({ degraded: true, reason: expect.stringContaining('out of memory') })
      }
      expect(ids).toEqual(expected)
      expect([...lanes]).toEqual(['SERIAL'])
      const { fallbacks } = await engine.health()
      expect(fallbacks.lastReasons.at(-1)).toBe('out of memory in the normal lane')
      expect(fallbacks.count).toBe(fallbacks.lastReasons.length)
    })
  })

  test('sorted pages of wide rows: fewer features a page, and all of them from page to page', async () => {
    const file = await fixture('pressure/wide.parquet')
    const { query, expected } = byScore(file, WIDE_ROWS)
    await within(file, 56_000_000, async (engine) => {
      const ids: string[] = []
      let after = null
      for (let pages = 0; pages < 3; pages++) {
        const page = await engine.page({ ...query, after }, 5_000, context())
        expect(page).toMatchObject({ hasMore: true, execution: { lane: 'SERIAL', degraded: true } })
        expect(page.count).toBeLessThanOrEqual(2_048)
        ids.push(...pageIds(page))
        after = page.position
      }
      expect(ids).toEqual(expected.slice(0, ids.length))
    })
  })

  test('an aggregate over big polygons: the same count, in one thread', async () => {
    const file = await fixture('pressure/big.parquet')
    const { query } = byScore(file, BIG_ROWS)
    await within(file, 28_000_000, async (engine) => {
      expect(await engine.count({ ...query, where: EVERYWHERE }, context())).toBe(BigInt(BIG_ROWS))
      expect((await engine.health()).fallbacks.lastReasons).toContain('out of memory in the normal lane')
    })
  })

  test('in the serial lane too is OUT_OF_MEMORY, which names the limit, and the pool goes on', async () => {
    const file = await fixture('pressure/wide.parquet')
    const { query } = byScore(file, WIDE_ROWS)
    await within(file, 16_000_000, async (engine) => {
      const stream = engine.stream(query, { batchSize: 1_024 }, context())
      await expect(stream.next()).rejects.toMatchObject({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/8 MB \(--serial-memory-limit\)/),
      })
      expect(await engine.count(query, context())).toBe(BigInt(WIDE_ROWS))
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
      await eventually(async () => (await engine.health()).memory.share > 0.8, 5_000)
      expect((await engine.health()).memory.limit).toBe('ADDRESS_SPACE')
      expect(await laneOf()).toMatchObject({ lane: 'SERIAL', degraded: true, reason: 'memory is above 80 % of its limit' })
      limit('unlimited')
      await eventually(async () => (await engine.health()).memory.share < 0.8, 5_000)
      expect(await laneOf()).toMatchObject({ lane: 'NORMAL', degraded: false })
    } finally {
      await engine.close()
    }
  })
})
