/**
 * A stream of groups whose worker is killed at chunk n, and one that its client ends after n batches: resumed by its cursor, it is the page.
 * GEODUCK_LONG=1 kills at each of 50 chunks, otherwise at 4 of them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHUNK, CHUNKS, GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders } from '../../support/faults/order.ts'
import { ask } from '../../support/graphql.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from '../server/raw-socket.ts'

const random = new Random()
const long = process.env['GEODUCK_LONG'] === '1'
const timeout = long ? 3_600_000 : 600_000
const PLACES = Array.from({ length: 50 }, (_, n) => n + 1)
const KILLED = long ? PLACES : [1, PLACES.length, ...random.list(2, () => 2 + random.integer(PLACES.length - 2))]
const LAYER = `grid-${GRID_ROWS}`
/** A group per row, in another order than that of the file. */
const GROUPS = `layer: "${LAYER}", groupBy: [{ column: "score" }, { column: "id" }], orderBy: [{ by: KEY, column: "score", direction: DESC }]`

interface Group {
  readonly keys: { readonly id: number; readonly score: number }
  readonly count: string
}
interface Batch {
  readonly rows: readonly Group[]
  readonly cursor: string
}

const orders = new Orders()
let server: TestServer
let whole: string
let number = 0

const textOf = (groups: readonly Group[]) => groups.map(({ keys, count }) => `${keys.score} ${keys.id} ${count}`).join('\n')
/** Another question each time, so that no other's deaths are held against it; every feature matches. */
const where = () => ({ property: { name: 'id', gte: -1 - number++ } })

beforeAll(async () => {
  const config = { workers: 2, memoryLimitBytes: 3e8, pageRows: GRID_ROWS, pageBytes: 1e9 }
  server = await serve([await grid()], config, orders.execArgv)
  const query = `{ aggregate(${GROUPS}, first: ${GRID_ROWS}) { rows { keys count } } }`
  const { data, errors } = await ask<{ aggregate: { rows: readonly Group[] } }>(server, query)
  expect(errors).toBeUndefined()
  whole = textOf(data!.aggregate.rows)
  const expected = Array.from({ length: GRID_ROWS }, (_, id) => ({ keys: { id, score: (id * 7_919) % 1_000 }, count: '1' }))
  expect(whole === textOf(expected.sort((a, b) => b.keys.score - a.keys.score || a.keys.id - b.keys.id))).toBe(true)
})
afterAll(() => server?.close())

/** The batches from a cursor on, at most `most` groups of them. */
async function stream(variables: { after?: string | null; limit?: number; where: object }): Promise<readonly Batch[]> {
  const socket = await RawSocket.open(server.socketUrl)
  try {
    socket.subscribe(
      'a',
      `subscription ($after: Cursor, $limit: Int, $where: FeatureFilter) {
        aggregateBatches(${GROUPS}, where: $where, after: $after, limit: $limit, batchSize: ${CHUNK}) { rows { keys count } cursor }
      }`,
      variables,
    )
    const batches: Batch[] = []
    for (let at = 0; ; at++) {
      await socket.until(() => socket.of('a').length > at)
      const { type, payload } = socket.of('a')[at]!
      if (type === 'complete') return batches
      expect(payload).not.toHaveProperty('errors')
      expect(type).toBe('next')
      batches.push((payload as { data: { aggregateBatches: Batch } }).data.aggregateBatches)
    }
  } finally {
    socket.close()
  }
}

test('a stream of groups whose worker is killed is the page', { timeout }, async () => {
  for (const at of KILLED) {
    orders.give({ fault: 'SIGKILL', at })
    const batches = await stream({ where: where() })
    expect(orders.end(), `chunk ${at}`).toBe(true)
    expect(textOf(batches.flatMap(({ rows }) => rows)) === whole, `chunk ${at}`).toBe(true)
  }
})

test('a stream of groups that ends at any of 50 places continues after its cursor', { timeout }, async () => {
  const filter = where()
  const [before, all] = [await stream({ where: filter, limit: CHUNK * PLACES.length }), whole.split('\n')]
  expect(before.length).toBeGreaterThanOrEqual(PLACES.length)
  let from = 0
  for (const { cursor, rows } of before.slice(0, CHUNKS - 2)) {
    from += rows.length
    // The next groups show that it continues there, and the last place shows all that remain.
    const limit = cursor === before[CHUNKS - 3]?.cursor ? GRID_ROWS : 100
    const after = (await stream({ where: filter, after: cursor, limit })).flatMap((batch) => batch.rows)
    expect(textOf(after) === all.slice(from, from + limit).join('\n'), `after ${from} groups`).toBe(true)
  }
})
