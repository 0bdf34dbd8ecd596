import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/ask/cursor.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { RowPosition } from '../../../src/model/query.ts'
import { ask, context, drain, idsOf, ROWS, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { Random } from '../../support/random.ts'

const SECRET = 'shared by both servers'

let engines: Engine[]
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  // Two servers with the same data, one of them with one thread.
  engines = await Promise.all([testPool([file]), testPool([file], {}, { threads: 1 })])
})
afterAll(() => Promise.all(engines.map((engine) => engine.close())))

/** Reads some batches and leaves, again and again, on one server and the other in turn, each time from the cursor's text. */
async function inPieces(orderBy: readonly FeatureOrder[], cuts: number, random: Random): Promise<string[]> {
  const query = ask(layer, { orderBy })
  const ids: string[] = []
  let after: RowPosition | null = null
  for (let piece = 0; ; piece++) {
    const engine = engines[piece % engines.length] as Engine
    const wanted = ids.length + 1 + random.integer((2 * ROWS) / cuts)
    const stream = engine.stream({ ...query, after }, { batchSize: 1 + random.integer(10_000) }, context())
    let position: RowPosition | null = null
    while (ids.length < wanted) {
      const { done, value } = await stream.next()
      if (done) return ids
      ids.push(...idsOf(value.outputs))
      position = value.position
    }
    await stream.return()
    after = decodeCursor(SECRET, query, encodeCursor(SECRET, query, position as RowPosition))
  }
}

describe('a stream that is cut at random points and resumed by cursor, on one server and another in turn', () => {
  test.each([
    ['in natural order', [], 100],
    ['sorted by a key with ties', [{ property: 'score', direction: 'DESC' }], 20],
    ['sorted by text', [{ property: 'name' }], 20],
  ] as const)('%s, is the whole, once each, in order', async (_, orderBy, cuts) => {
    const whole = await drain((engines[0] as Engine).stream(ask(layer, { orderBy }), { batchSize: 4_096 }, context()))
    expect(new Set(whole).size).toBe(ROWS)
    expect(await inPieces(orderBy, cuts, new Random())).toEqual(whole)
  })
})
