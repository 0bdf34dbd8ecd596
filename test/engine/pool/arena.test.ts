import { expect, test } from 'vitest'
import { Arena } from '../../../src/engines/duckdb/processes/query/arrow-export.ts'
import { Random } from '../../support/random.ts'

test('what is taken of an arena overlaps nothing else of it, is aligned, and stays when the arena grows', () => {
  const random = new Random()
  for (let run = 0; run < 50; run++) {
    const arena = Arena.open()
    const taken = Array.from({ length: 40 }, (_, n) => arena.take(random.integer(random.pick([9, 5_000, 400_000]))).fill(n))
    for (const [n, bytes] of taken.entries()) expect(bytes.byteOffset % 8 === 0 && bytes.every((byte) => byte === n)).toBe(true)
    arena.close()
  }
})

test("one that is open is nobody else's", () => {
  const arenas = Array.from({ length: 8 }, () => Arena.open())
  expect(new Set(arenas).size).toBe(8)
  for (const arena of arenas) arena.close()
  const again = Arena.open()
  expect(arenas).toContain(again)
  expect(Arena.open()).not.toBe(again)
})
