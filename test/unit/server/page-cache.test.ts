import { describe, expect, it } from 'vitest'
import { PageCache } from '../../../src/server/entity-tags.ts'

const LIMIT = 2_000_000
const RESULT = {
  encoding: null,
  type: 'application/json',
  tag: null,
  naming: 1,
  versions: [],
  name: null,
  layers: [],
  rows: 1,
} as const

/** Bytes that differ by seed and place. */
function bytes(length: number, seed: number): Buffer {
  const made = Buffer.alloc(length)
  for (let at = 0; at < length; at++) made[at] = (at * 31 + (at >> 8) + seed * 7) % 256
  return made
}

function keep(cache: PageCache, key: string, body: Buffer): void {
  // A page arrives in pieces.
  const third = Math.floor(body.length / 3)
  cache.keep(key, RESULT, [body.subarray(0, third), body.subarray(third)])
}

/** The body of a page that is kept, or null. */
function bodyOf(cache: PageCache, key: string): Buffer | null {
  const page = cache.take(key)
  if (!page) return null
  const body = Buffer.concat(page.body)
  cache.release(page)
  return body
}

describe('the page cache', () => {
  it.each([1, 2, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 98_304, 98_305, 131_072, 200_000])(
    'returns a page of %i bytes unchanged',
    (length) => {
      const cache = new PageCache(LIMIT)
      for (const seed of [1, 2, 3]) keep(cache, `${seed}`, bytes(length, seed))
      for (const seed of [3, 1, 2]) expect(bodyOf(cache, `${seed}`)!.equals(bytes(length, seed))).toBe(true)
    },
  )

  it('copies the text of the server and the bytes of a worker in their order', () => {
    const cache = new PageCache(LIMIT)
    cache.keep('a', RESULT, ['{"é":', Buffer.from('[1,2]'), '}'])
    expect(bodyOf(cache, 'a')!.toString()).toBe('{"é":[1,2]}')
  })

  it('takes no more than its limit for ten times as many bytes of distinct pages of any size, and drops the longest unused', () => {
    const cache = new PageCache(LIMIT)
    let sum = 0
    for (let seed = 0; sum < 10 * LIMIT; seed++) {
      const length = 1 + ((seed * 48_271) % cache.mostOfPage)
      sum += length
      keep(cache, `${seed}`, bytes(length, seed))
      expect(cache.bytes).toBeLessThanOrEqual(LIMIT)
      expect(bodyOf(cache, `${seed}`)!.equals(bytes(length, seed))).toBe(true)
      // The first page is used again and again.
      expect(bodyOf(cache, '0')).not.toBeNull()
    }
    expect(bodyOf(cache, '1')).toBeNull()
  })

  it('uses the memory of large pages for many small ones, and the other way round', () => {
    const cache = new PageCache(LIMIT)
    const fill = (length: number) => {
      for (let seed = 0; seed * length < 2 * LIMIT; seed++) keep(cache, `${length}-${seed}`, bytes(length, seed))
      let kept = 0
      for (let seed = 0; seed * length < 2 * LIMIT; seed++) kept += bodyOf(cache, `${length}-${seed}`)?.length ?? 0
      return kept
    }
    for (const length of [200_000, 10_000, 200_000]) {
      expect(fill(length)).toBeGreaterThan(LIMIT / 2)
      expect(cache.bytes).toBeLessThanOrEqual(LIMIT)
    }
  })

  it('never writes into a page that a client still reads, also when it has dropped the page', () => {
    const cache = new PageCache(LIMIT)
    const lengths = [200_000, 150_000, 20_000]
    const held = lengths.map((length, seed) => {
      keep(cache, `held-${seed}`, bytes(length, seed))
      return cache.take(`held-${seed}`)!
    })
    const churn = () => {
      for (let seed = 0; seed < 60; seed++) keep(cache, `${seed}`, bytes(180_000, seed + 10))
    }
    churn()
    expect(cache.take('held-0')).toBeUndefined()
    for (const [seed, page] of held.entries()) expect(Buffer.concat(page.body).equals(bytes(lengths[seed]!, seed))).toBe(true)
    expect(cache.bytes).toBeLessThanOrEqual(LIMIT)
    for (const page of held) cache.release(page)
    churn()
    expect(cache.bytes).toBeLessThanOrEqual(LIMIT)
  })

  it('keeps nothing more while clients read as many dropped pages as it may hold', () => {
    const cache = new PageCache(LIMIT)
    const held = []
    for (let seed = 0; seed < 20; seed++) {
      keep(cache, `${seed}`, bytes(196_608, seed))
      const page = cache.take(`${seed}`)
      if (page) held.push(page)
    }
    expect(held.length).toBeGreaterThan(5)
    expect(cache.bytes).toBeLessThanOrEqual(LIMIT)
    keep(cache, 'more', bytes(196_608, 99))
    expect(cache.take('more')).toBeUndefined()
    for (const page of held) cache.release(page)
    keep(cache, 'more', bytes(196_608, 99))
    expect(bodyOf(cache, 'more')!.equals(bytes(196_608, 99))).toBe(true)
  })
})
