import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { countIn } from '../../support/filter.ts'
import { allIds, ask, context, eventually, isAtRest, pageIds, squares, squaresLayer, testPool } from '../../support/pool.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  engine = await testPool([file])
})
afterAll(() => engine.close())

describe('a page', () => {
  test('has the requested number of features, and knows whether there are more', async () => {
    const page = await engine.page(ask(layer), 10, context())
    expect(pageIds(page)).toEqual(allIds().slice(0, 10))
    expect(page.hasMore).toBe(true)
    const last = await engine.page(ask(layer, { where: { property: { name: 'id', gte: '199990' } } }), 10, context())
    expect(pageIds(last)).toEqual(allIds().slice(-10))
    expect(last.hasMore).toBe(false)
  })

  test('of no features is an empty document without a position', async () => {
    const page = await engine.page(ask(layer, { where: { property: { name: 'id', lt: '0' } } }), 10, context())
    expect(page).toMatchObject({ count: 0, hasMore: false, position: null })
    expect(pageIds(page)).toEqual([])
  })

  // Below and above the size of pages in pieces.
  test.each([900, 9_000])('of %i ends early at its limit of bytes, and the next one continues after it', async (first) => {
    const small = await testPool([await squares()], { pageBytes: 10 * first })
    try {
      const ids: string[] = []
      let after = null
      do {
        const page = await small.page(
          ask(layer, { after, limit: null, where: { property: { name: 'id', lt: String(first) } } }),
          first,
          context(),
        )
        expect(page.count).toBeLessThan(first)
        ids.push(...pageIds(page))
        after = page.hasMore ? page.position : null
      } while (after)
      expect(ids).toEqual(allIds().slice(0, first))
    } finally {
      await small.close()
    }
  })

  test('that is large arrives in pieces of one document, in every encoding', async () => {
    const fields = [{ key: 'id', field: 'key' }] as const
    const outputs = [
      { kind: 'features', fields },
      { kind: 'geojson', precision: 7 },
    ] as const
    for (const rows of [2_049, 10_000, 12_345]) {
      const page = await engine.page(ask(layer, { outputs, properties: null }), rows, context())
      expect(page).toMatchObject({ count: rows, hasMore: true, position: { keys: [String(rows - 1)] } })
      expect(pageIds(page)).toEqual(allIds().slice(0, rows))
      expect(page.outputs[1]!.length).toBeGreaterThan(1)
      const collection = JSON.parse(Buffer.concat(page.outputs[1]!).toString())
      expect(collection.features.map(({ id }: { id: string }) => id)).toEqual(allIds().slice(0, rows))
    }
    const withArrow = await engine.page(
      ask(layer, { outputs: [...outputs, { kind: 'arrow' }], properties: null }),
      9_000,
      context(),
    )
    expect(withArrow.outputs.map((pieces) => pieces.length)).toEqual([1, 1, 1])
    expect(pageIds(withArrow)).toEqual(allIds().slice(0, 9_000))
  })

  test('that is large and whole has no more, and of no features is an empty document', async () => {
    const some = (lt: string) => engine.page(ask(layer, { where: { property: { name: 'id', lt } } }), 100_000, context())
    const [page, exact, none] = [await some('7000'), await some('4096'), await some('0')]
    expect([page.count, page.hasMore, pageIds(page).length]).toEqual([7_000, false, 7_000])
    expect([exact.count, exact.hasMore, pageIds(exact).length]).toEqual([4_096, false, 4_096])
    expect([none.count, none.hasMore, none.position, pageIds(none)]).toEqual([0, false, null, []])
  })

  test('counts all matches, for every limit and cursor', async () => {
    const where = { bbox: [-180, -80, -179.9, -79.9] }
    expect(await countIn(engine, ask(layer, { limit: 1 }), context())).toBe(200_000n)
    expect(await countIn(engine, ask(layer, { where }), context())).toBe(1n)
  })

  test('stops when its client goes away', async () => {
    const gone = new AbortController()
    const page = engine.page(ask(layer, { orderBy: [{ property: 'name' }] }), 10, context(), gone.signal)
    gone.abort(new Error('gone'))
    await expect(page).rejects.toThrow('gone')
    await eventually(async () => (await engine.health()).workers.every(isAtRest))
  })
})
