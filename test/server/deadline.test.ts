/** `deadline`: of a page the time for all of it, of a stream and a download that for one batch. Every chunk is slow, but for what never ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHUNK, CHUNKS, GRID_ROWS, grid } from '../faults/grid.ts'
import { Orders, SLOW_MS } from '../faults/order.ts'
import { type Outcome, type Wire, wires } from '../faults/wires.ts'
import { serve, type TestServer } from '../support/server.ts'

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

  it('does not end what progresses, however long it takes in all', async () => {
    const began = performance.now()
    const outcomes = await onEach((read) => read(server, slow('EACH')))
    expect(performance.now() - began).toBeGreaterThan(1_000 * DEADLINE_S)
    for (const { ids, end } of outcomes) expect({ end, rows: ids.length }).toEqual({ end: 'COMPLETE', rows: GRID_ROWS })
  })

  it('ends what stands still, with what to do and the cursor to go on from', async () => {
    const outcomes = await onEach((read) => read(server, slow(5)))
    orders.end()
    for (const { ids, end, message, cursor } of outcomes) {
      expect({ end, message, cursor }).toEqual({ end: 'DEADLINE_EXCEEDED', message: WHAT_TO_DO, cursor: expect.any(String) })
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.length).toBeLessThanOrEqual(4 * CHUNK)
    }
  })
})
