import { expect, test } from 'vitest'
import { BatchCutter, type BatchRange } from '../../../src/engines/duckdb/processes/query/cutter.ts'
import { Random } from '../../support/random.ts'

/** Four bytes a row, which are another chunk's after `release`. */
function chunk(first: number, length: number): BatchRange {
  const values = Int32Array.from({ length }, (_, row) => first + row)
  return { batch: { length, columns: [{ validity: null, values }] }, from: 0, to: length, release: () => values.fill(-1) }
}

function valuesOf({ batch, from, to }: BatchRange): number[] {
  const [column] = batch.columns
  if (!column || !('values' in column)) throw new Error('a column of numbers')
  return Array.from(column.values.subarray(from, to), Number)
}

test('chunks of any size are cut and joined to full batches of all rows in order, ended by rows or bytes', () => {
  const random = new Random()
  for (let run = 0; run < 200; run++) {
    const rows = 1 + random.integer(random.pick([3, 50, 5_000]))
    const bytes = 4 * (1 + random.integer(random.pick([3, 50, 5_000])))
    const cutter = new BatchCutter(rows, bytes)
    const most = Math.min(rows, bytes / 4)
    const cuts: number[][] = []
    const take = (last: boolean) => {
      for (let cut = cutter.take(last); cut; cut = cutter.take(last)) {
        cuts.push(valuesOf(cut))
        cut.release()
      }
    }
    let given = 0
    for (let chunks = random.integer(12); chunks > 0; chunks--) {
      const length = random.integer(random.pick([4, 300, 2_049]))
      cutter.add(chunk(given, length))
      given += length
      take(false)
      // More than a full batch never waits.
      expect(cutter.length).toBeLessThanOrEqual(most)
    }
    take(true)
    expect(cuts.flat()).toEqual(Array.from({ length: given }, (_, row) => row))
    expect(cuts.slice(0, -1).every(({ length }) => length === most)).toBe(true)
    expect(cutter.length).toBe(0)
  }
})

test('the memory of every chunk is released once, whether its rows are cut or not', () => {
  const random = new Random()
  for (let run = 0; run < 100; run++) {
    const released: number[] = []
    const cutter = new BatchCutter(1 + random.integer(300), 4 * (1 + random.integer(300)))
    const chunks = 1 + random.integer(6)
    for (let n = 0; n < chunks; n++) {
      const given = chunk(0, random.integer(400))
      cutter.add({ ...given, release: () => released.push(n) })
      for (let left = random.integer(3); left > 0; left--) {
        const cut = cutter.take(false)
        if (cut) (cut.to - cut.from > 1 && random.next() < 0.3 ? cutter.shorten(cut, 1) : cut).release()
      }
    }
    cutter.close()
    expect(released.toSorted((a, b) => a - b)).toEqual(Array.from({ length: chunks }, (_, n) => n))
    expect(cutter.length).toBe(0)
  }
})
