import { expect, it } from 'vitest'
import { RangeCache } from '../../../src/catalog/remote/range-cache.ts'

async function* pieces(...sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (const size of sizes) yield Buffer.alloc(size, size)
}

async function keep(cache: RangeCache, key: string, ...sizes: readonly number[]): Promise<void> {
  const length = sizes.reduce((sum, size) => sum + size, 0)
  for await (const _ of cache.keep(key, length, pieces(...sizes)));
}

it('keeps a whole range, and drops the one that was sent least recently', async () => {
  const cache = new RangeCache(160)
  for (let n = 0; n < 16; n++) await keep(cache, String(n), 4, 6)
  expect(cache.get('0')?.equals(Buffer.concat([Buffer.alloc(4, 4), Buffer.alloc(6, 6)]))).toBe(true)
  await keep(cache, 'new', 10)
  expect([cache.get('0')?.length, cache.get('1'), cache.get('new')?.length]).toEqual([10, undefined, 10])
})

it('keeps nothing that is large, that is not read to its end, or that fails', async () => {
  const cache = new RangeCache(160)
  await keep(cache, 'large', 11)
  await cache.keep('left', 10, pieces(4, 6)).next()
  const failing = (async function* () {
    yield Buffer.alloc(4)
    throw new Error('cut')
  })()
  await expect(Array.fromAsync(cache.keep('failed', 10, failing))).rejects.toThrow('cut')
  expect(['large', 'left', 'failed'].map((key) => cache.get(key))).toEqual([undefined, undefined, undefined])
})

it('counts a range once that two readers keep at the same time', async () => {
  const cache = new RangeCache(160)
  for (let n = 0; n < 40; n++) await keep(cache, 'same', 10)
  for (let n = 0; n < 15; n++) await keep(cache, String(n), 10)
  expect(cache.get('same')?.length).toBe(10)
})
