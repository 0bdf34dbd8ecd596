/** `deadline`: the time for a whole query, or for one batch of a stream or download. Every chunk is slow, and one query never ends. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHUNK, CHUNKS, GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders, SLOW_MS } from '../../support/faults/order.ts'
import { ask } from '../../support/graphql.ts'
import { inOneOf } from '../../support/rounds.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type Outcome, type Wire, wires } from '../faults/wires.ts'

/** Two thirds of what all chunks take, and many times what one does. */
const DEADLINE_S = Math.floor((SLOW_MS * CHUNKS) / 1_500)
// A page with a deadline does not flow.
const { page, 'page that flows': _flowing, ...streams } = wires(GRID_ROWS)
const LAYER = `grid-${GRID_ROWS}`
const WHAT_TO_DO = `The query took more than ${DEADLINE_S} s (\`deadline\`, at most --deadline); narrow it, or raise the limit.`

const orders = new Orders()
let server: TestServer
let number = 0

beforeAll(async () => {
  const config = { workers: 3, memoryLimitBytes: 3e8, pageRows: GRID_ROWS, pageBytes: 1e9, deadlineSeconds: 60 }
  server = await serve([await grid()], config, orders.execArgv)
})
afterAll(async () => {
  orders.end()
  await server.close()
})

/** A server with one worker and separate orders. */
async function serveSlow(): Promise<{ server: TestServer; orders: Orders }> {
  const own = new Orders()
  const config = { workers: 1, memoryLimitBytes: 3e8, deadlineSeconds: 60 }
  return { server: await serve([await grid()], config, own.execArgv), orders: own }
}

/** At once: a worker that is slow takes no time of a processor's. */
const onEach = (read: (wire: Wire) => Promise<Outcome>) => Promise.all(Object.values(streams).map(read))

const slow = (at: number | 'EACH') => {
  orders.give({ fault: at === 'EACH' ? 'SLOW' : 'HOLD', at, lasting: true })
  return { layer: LAYER, number: number++, deadline: DEADLINE_S }
}

describe('a deadline', () => {
  it('is that of all of a page: DEADLINE_EXCEEDED says what to do', async () => {
    expect(await page!(server, slow('EACH'))).toEqual({ ids: [], end: 'DEADLINE_EXCEEDED', message: WHAT_TO_DO })
  })

  it.concurrent('is one for all root fields: what waits for the worker of another counts', async ({ expect }) => {
    await inOneOf(3, async () => {
      const { server, orders } = await serveSlow()
      orders.give({ fault: 'HOLD', at: 1, lasting: true })
      const began = performance.now()
      const field = (id: number) =>
        `features(layer: "${LAYER}", first: 10, deadline: 3, where: { property: { name: "id", gte: "${id}" } }) { count }`
      const { errors } = await ask(server, `{ a: ${field(0)} b: ${field(1)} }`)
      const took = performance.now() - began
      orders.end()
      await server.close()
      expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['DEADLINE_EXCEEDED'])
      expect(took).toBeGreaterThan(2_990)
      // Each by itself, they would be given twice that.
      expect(took).toBeLessThan(5_500)
    })
  })

  it.concurrent('is one for a page and `totalCount`', async ({ expect }) => {
    await inOneOf(3, async () => {
      const { server, orders } = await serveSlow()
      // The page alone has the number of its rows among its values.
      orders.give({ fault: 'HOLD', at: 1, of: '11' })
      const began = performance.now()
      const answer = ask(server, `{ features(layer: "${LAYER}", first: 10, deadline: 6) { count totalCount } }`)
      await expect.poll(() => orders.held().length, { interval: 5 }).toBe(1)
      const [page] = orders.held()
      orders.give({ fault: 'HOLD', at: 1 })
      await delay(4_000)
      orders.release(page!)
      const { data, errors } = await answer
      const took = performance.now() - began
      orders.end()
      await server.close()
      expect(data).toBeNull()
      expect(errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([
        [['features', 'totalCount'], 'DEADLINE_EXCEEDED'],
      ])
      expect(took).toBeGreaterThan(5_990)
      // A time for each of both would be 10 s.
      expect(took).toBeLessThan(9_500)
    })
  })

  it.concurrent('that runs out before any worker was free is OVERLOADED: the query is not at fault', async ({ expect }) => {
    const { server, orders } = await serveSlow()
    orders.give({ fault: 'HOLD', at: 1 })
    const busy = ask(server, `{ features(layer: "${LAYER}", first: 10) { count } }`)
    await expect.poll(() => orders.held().length, { interval: 5 }).toBe(1)
    const { errors } = await ask(server, `{ features(layer: "${LAYER}", first: 20, deadline: 0.5) { count } }`)
    orders.end()
    expect((await busy).data).toEqual({ features: { count: 10 } })
    await server.close()
    expect(errors![0]!.extensions).toEqual({ code: 'OVERLOADED', retry: true, retryAfter: 1 })
    expect(errors![0]!.message).toContain('within 0.5 s')
  })

  it('does not end a stream that makes progress, for any total time', async () => {
    const began = performance.now()
    const outcomes = await onEach((read) => read(server, slow('EACH')))
    expect(performance.now() - began).toBeGreaterThan(1_000 * DEADLINE_S)
    for (const { ids, end } of outcomes) expect({ end, rows: ids.length }).toEqual({ end: 'COMPLETE', rows: GRID_ROWS })
  })

  it('ends a stream without progress, with what to do and the cursor to resume from', async () => {
    const outcomes = await onEach((read) => read(server, slow(5)))
    orders.end()
    for (const { ids, end, message, cursor } of outcomes) {
      expect({ end, message, cursor }).toEqual({ end: 'DEADLINE_EXCEEDED', message: WHAT_TO_DO, cursor: expect.any(String) })
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.length).toBeLessThanOrEqual(4 * CHUNK)
    }
  })
})
