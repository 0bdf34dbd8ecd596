import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { allIds, ask, context, drain, eventually, idsOf, isAtRest, squares, squaresLayer, testPool } from '../../support/pool.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  engine = await testPool([file])
})
afterAll(() => engine.close())

const idle = async () => {
  const { streams, queued } = await engine.health()
  return streams.running + streams.waiting + streams.parked + queued === 0
}
const workerPid = async () => {
  const { workers } = await engine.health()
  return workers.find((worker) => worker.lane === 'NORMAL')?.diagnostics?.pid ?? 0
}

describe('a stream', () => {
  test('delivers every feature once and in order, in batches of the requested size, numbered without a gap', async () => {
    const counts: number[] = []
    const sequences: number[] = []
    const ids: string[] = []
    for await (const batch of engine.stream(ask(layer), { batchSize: 1_000 }, context())) {
      counts.push(batch.count)
      sequences.push(batch.sequence)
      ids.push(...idsOf(batch.outputs))
    }
    expect(ids).toEqual(allIds())
    expect(new Set(counts)).toEqual(new Set([1_000]))
    expect(sequences).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  test.each([1, 7, 1_024, 5_000])('of batches of %i rows is whole', async (batchSize) => {
    const limit = batchSize * 4 + 3
    const ids = await drain(engine.stream(ask(layer, { limit }), { batchSize }, context()))
    expect(ids).toEqual(allIds().slice(0, limit))
  })

  test('of no features completes without a batch', async () => {
    const where = { property: { name: 'id', lt: '0' } }
    expect(await drain(engine.stream(ask(layer, { where }), { batchSize: 100 }, context()))).toEqual([])
  })

  test('continues after the position of any batch', async () => {
    const stream = engine.stream(ask(layer), { batchSize: 777 }, context())
    await stream.next()
    const second = await stream.next()
    await stream.return()
    if (second.done) throw new Error('the stream ended early')
    const rest = await drain(engine.stream(ask(layer, { after: second.value.position }), { batchSize: 4_000 }, context()))
    expect(rest).toEqual(allIds().slice(2 * 777))
  })

  test('that is sorted by a key with many ties continues after the position of any batch', async () => {
    const query = ask(layer, { orderBy: [{ property: 'score', direction: 'DESC' }], limit: 20_000 })
    const whole = await drain(engine.stream(query, { batchSize: 1_024 }, context()))
    const stream = engine.stream(query, { batchSize: 3_333 }, context())
    const first = await stream.next()
    await stream.return()
    if (first.done) throw new Error('the stream ended early')
    const rest = await drain(
      engine.stream({ ...query, after: first.value.position, limit: 20_000 - first.value.count }, { batchSize: 512 }, context()),
    )
    expect([...idsOf(first.value.outputs), ...rest]).toEqual(whole)
    const byScore = allIds().sort((a, b) => score(b) - score(a) || Number(a) - Number(b))
    expect(whole).toEqual(byScore.slice(0, 20_000))
  })

  test('of large batches begins with smaller ones: as many as were sent before, from 256 on', async () => {
    const counts = async (batchSize: number) => {
      const sizes: number[] = []
      for await (const { count } of engine.stream(ask(layer, { limit: 8_192 }), { batchSize }, context())) sizes.push(count)
      return sizes
    }
    expect(await counts(2_048)).toEqual([256, 256, 512, 1_024, 2_048, 2_048, 2_048])
    expect((await counts(1_024)).slice(0, 5)).toEqual([256, 256, 512, 1_024, 1_024])
    expect(await counts(1_023)).toEqual([...Array<number>(8).fill(1_023), 8])
  })

  test('is interrupted by its return, also while a batch is awaited, and leaves nothing', async () => {
    const stream = engine.stream(ask(layer), { batchSize: 1_000 }, context())
    await stream.next()
    const awaited = stream.next()
    await stream.return()
    await awaited
    await eventually(idle)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  test('whose worker is killed in the middle is whole all the same, and says so', async () => {
    const kills = [30_000, 90_000]
    let attempts = 0
    const ids: string[] = []
    for await (const batch of engine.stream(ask(layer, { properties: ['name'] }), { batchSize: 1_000 }, context())) {
      ids.push(...idsOf(batch.outputs))
      attempts = batch.execution.attempts
      if (ids.length === kills[0]) process.kill(await workerPid(), 'SIGKILL')
    }
    expect(ids).toEqual(allIds())
    expect(attempts).toBe(2)
    await eventually(async () => (await engine.health()).workers.every(isAtRest))
  })

  test('delivers every feature once while every worker is replaced', async () => {
    const { workers: before } = await engine.health()
    const ids: string[] = []
    let renewed: Promise<void> | null = null
    for await (const batch of engine.stream(ask(layer), { batchSize: 1_000 }, context())) {
      ids.push(...idsOf(batch.outputs))
      renewed ??= engine.renew({ allowedPaths: [await squares()], databases: [] })
      expect(batch.execution).toMatchObject({ degraded: false, attempts: 1 })
    }
    await renewed
    expect(ids).toEqual(allIds())
    const { workers: after } = await engine.health()
    for (const [place, { lane, diagnostics, deaths }] of after.entries()) {
      if (lane === 'NORMAL') expect(diagnostics?.pid).not.toBe(before[place]?.diagnostics?.pid)
      expect(deaths).toBe(before[place]?.deaths)
    }
  })

  test('whose client stops reading releases its worker, and continues when the client reads again', async () => {
    const stream = engine.stream(ask(layer), { batchSize: 1_000 }, context())
    const first = await stream.next()
    if (first.done) throw new Error('the stream ended early')
    await eventually(async () => (await engine.health()).streams.parked === 1)
    expect((await engine.health()).workers.every(isAtRest)).toBe(true)
    const rest = await drain(stream)
    expect([...idsOf(first.value.outputs), ...rest]).toEqual(allIds())
  })

  test('continues when a slow client catches up while its batches are still written to disk', async () => {
    // Slow to make, so that the client is the faster one.
    const outputs = [...ask(layer).outputs, { kind: 'geojson', precision: 15 }] as const
    const stream = engine.stream(ask(layer, { outputs, properties: null }), { batchSize: 10_000 }, context())
    // Longer than a worker waits for its client, and shorter than it continues without one.
    const pauses = [1_150, 0, 0, 0, 0, 0, 0, 0, 0, 1_250]
    const ids = await drain(stream, () => new Promise((resolve) => setTimeout(resolve, pauses.shift() ?? 0)))
    expect(ids).toEqual(allIds())
  })

  test('whose client does not read for the stall time ends with SLOW_CONSUMER', async () => {
    const file = await squares()
    const impatient = await testPool([file], { stallSeconds: 0.3 })
    try {
      const stream = impatient.stream(ask(layer), { batchSize: 1_000 }, context())
      await stream.next()
      await new Promise((resolve) => setTimeout(resolve, 500))
      await expect(stream.next()).rejects.toMatchObject({ code: 'SLOW_CONSUMER' })
      await eventually(async () => (await impatient.health()).streams.running === 0)
    } finally {
      await impatient.close()
    }
  })

  test('ends with CURSOR_EXPIRED and not complete when its source has changed under it', async () => {
    const changed = { ...context(), unchanged: () => Promise.resolve(false) }
    const stream = engine.stream(ask(layer, { limit: 10 }), { batchSize: 100 }, changed)
    await stream.next()
    await expect(stream.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
  })
})

const score = (id: string): number => (Number(id) * 7_919) % 1_000

/** `GEODUCK_LONG=1` runs 200. */
const STREAMS = process.env['GEODUCK_LONG'] === '1' ? 200 : 60

/** Returns the most batches that a stream had when the last one got its first. */
async function mostBeforeTheLastFirst(client: (n: number) => string): Promise<number> {
  const pool = await testPool([await squares()], { workers: 2 })
  const streams = Array.from({ length: STREAMS }, (_, n) => pool.stream(ask(layer), { batchSize: 1_024 }, context(client(n))))
  const had = streams.map(() => 0)
  try {
    const mostAtFirst = await Promise.all(
      streams.map(async (stream, n) => {
        await stream.next()
        had[n] = 1
        const most = Math.max(...had)
        // Greedy: it reads on while others still wait.
        for (let batches = 0; batches < 40; batches++) {
          await stream.next()
          had[n] = batches + 2
        }
        return most
      }),
    )
    return Math.max(...mostAtFirst)
  } finally {
    await Promise.all(streams.map((stream) => stream.return()))
    await pool.close()
  }
}

describe(`${STREAMS} streams on 2 workers`, () => {
  test.each([
    [`of ${STREAMS} clients`, (n: number) => `client ${n}`],
    ['of one client', () => 'the one'],
  ])(
    '%s, all reading as fast as they can, each have their first batch before anyone has had many',
    async (_, client) => {
      let fairest = Number.POSITIVE_INFINITY
      // A busy machine may hold up some streams in one round.
      for (let round = 0; round < 3 && fairest >= 20; round++) fairest = Math.min(fairest, await mostBeforeTheLastFirst(client))
      expect(fairest).toBeLessThan(20)
    },
    120_000,
  )
})
