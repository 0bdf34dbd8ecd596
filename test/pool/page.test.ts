import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../../src/catalog/layer.ts'
import type { Engine } from '../../src/pool/engine.ts'
import { allIds, ask, context, eventually, idsOf, squares, squaresLayer, testPool } from './support.ts'

let engine: Engine
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  engine = await testPool([file])
})
afterAll(() => engine.close())

describe('a page', () => {
  test('has as many features as were asked for, and knows whether there are more', async () => {
    const page = await engine.page(ask(layer), 10, context())
    expect(idsOf(page.outputs)).toEqual(allIds().slice(0, 10))
    expect(page.hasMore).toBe(true)
    const last = await engine.page(ask(layer, { where: { property: { name: 'id', gte: '199990' } } }), 10, context())
    expect(idsOf(last.outputs)).toEqual(allIds().slice(-10))
    expect(last.hasMore).toBe(false)
  })

  test('of no features is an empty document without a position', async () => {
    const page = await engine.page(ask(layer, { where: { property: { name: 'id', lt: '0' } } }), 10, context())
    expect(page).toMatchObject({ count: 0, hasMore: false, position: null })
    expect(idsOf(page.outputs)).toEqual([])
  })

  test('ends early at its limit of bytes, and the next one goes on behind it', async () => {
    const small = await testPool([await squares()], { pageBytes: 10_000 })
    try {
      const ids: string[] = []
      let after = null
      do {
        const page = await small.page(
          ask(layer, { after, limit: null, where: { property: { name: 'id', lt: '1000' } } }),
          900,
          context(),
        )
        expect(page.count).toBeLessThan(900)
        ids.push(...idsOf(page.outputs))
        after = page.hasMore ? page.position : null
      } while (after)
      expect(ids).toEqual(allIds().slice(0, 1_000))
    } finally {
      await small.close()
    }
  })

  test('counts what matches, whatever limit and cursor say', async () => {
    const where = { bbox: [-180, -80, -179.9, -79.9] }
    expect(await engine.count(ask(layer, { limit: 1 }), context())).toBe(200_000n)
    expect(await engine.count(ask(layer, { where }), context())).toBe(1n)
  })

  test('stops when its client goes away', async () => {
    const gone = new AbortController()
    const page = engine.page(ask(layer, { orderBy: [{ property: 'name' }] }), 10, context(), gone.signal)
    gone.abort(new Error('gone'))
    await expect(page).rejects.toThrow('gone')
    await eventually(async () => (await engine.health()).workers.every(({ state }) => state === 'IDLE'), 1_000)
  })
})
