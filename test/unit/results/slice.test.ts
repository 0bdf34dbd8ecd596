import { describe, expect, it } from 'vitest'
import type { ColumnBatch, ColumnData } from '../../../src/encode/batch.ts'
import { concatenate, rowsWithin } from '../../../src/encode/slice.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch } from '../../support/results/columns.ts'
import { sampleColumns } from '../../support/results/samples.ts'

/** One value, read bit by bit and byte by byte. */
function valueAt(data: ColumnData, row: number): unknown {
  if (data.validity !== null && ((data.validity[row >> 3]! >> (row & 7)) & 1) === 0) return null
  if ('values' in data) return data.values[row]
  return Buffer.from(data.bytes.subarray(data.offsets[row], data.offsets[row + 1])).toString('hex')
}

function rows(batch: ColumnBatch, from: number, to: number): unknown[][] {
  return Array.from({ length: to - from }, (_, i) => batch.columns.map((data) => valueAt(data, from + i)))
}

describe('slices', () => {
  const random = new Random()
  const columns = sampleColumns(random, 400)
  const batches = [0, 1, 8, 64, 133].map((length) => toBatch(columns, 200 - length, 200 + length))
  const withoutNulls = toBatch(
    columns.map((column) => ({
      ...column,
      values: column.values.map((value) => value ?? column.values.find((v) => v !== null)!),
    })),
    0,
    90,
  )

  it('of any place and length join to a batch of the same rows', () => {
    for (let run = 0; run < 300; run++) {
      const slices = random.list(1 + random.integer(5), () => {
        const batch = random.chance(0.2) ? withoutNulls : random.pick(batches)
        const from = random.integer(batch.length + 1)
        return { batch, from, to: from + random.integer(batch.length - from + 1) }
      })
      const joined = concatenate(slices)
      const expected = slices.flatMap(({ batch, from, to }) => rows(batch, from, to))
      expect(joined.length).toBe(expected.length)
      expect(rows(joined, 0, joined.length)).toEqual(expected)
    }
  })

  it('join to offsets that begin at 0 and buffers without extra bytes', () => {
    const joined = concatenate([
      { batch: batches[3]!, from: 5, to: 9 },
      { batch: batches[4]!, from: 0, to: 30 },
    ])
    for (const data of joined.columns) {
      if (data.validity !== null) expect(data.validity.length).toBe(5)
      if ('values' in data) expect(data.values.length).toBe(34)
      else expect([data.offsets[0], data.offsets.length, data.offsets[34]]).toEqual([0, 35, data.bytes.length])
    }
  })

  it('that are one whole batch are that batch, uncopied', () => {
    expect(concatenate([{ batch: batches[4]!, from: 0, to: batches[4]!.length }])).toBe(batches[4])
  })

  it('keep no bitmap when no slice has one', () => {
    const joined = concatenate([
      { batch: withoutNulls, from: 1, to: 4 },
      { batch: withoutNulls, from: 0, to: 2 },
    ])
    expect(joined.columns.every(({ validity }) => validity === null)).toBe(true)
  })
})

describe('the rows of a batch', () => {
  const columns: Column[] = [
    { name: 'text', wire: { kind: 'utf8' }, values: ['aaaa', 'b'.repeat(100), 'c', 'dd', ''] },
    { name: 'number', wire: { kind: 'int', bits: 32, signed: true }, values: [1, 2, 3, 4, 5] },
  ]
  // A row is its text, 4 bytes of offset and 4 of number: 12, 108, 9, 10, 8.
  const batch = toBatch(columns, 0, 5)

  it('end at the row limit', () => {
    expect(rowsWithin(batch, 0, 3, 1e6)).toBe(3)
    expect(rowsWithin(batch, 3, 3, 1e6)).toBe(2)
  })

  it('end before the byte limit is passed', () => {
    expect(rowsWithin(batch, 0, 5, 119)).toBe(1)
    expect(rowsWithin(batch, 0, 5, 120)).toBe(2)
    expect(rowsWithin(batch, 0, 5, 146)).toBe(4)
    expect(rowsWithin(batch, 0, 5, 147)).toBe(5)
    expect(rowsWithin(batch, 2, 5, 19)).toBe(2)
  })

  it('are one at least, however large it is, and none when none is left', () => {
    expect(rowsWithin(batch, 1, 5, 0)).toBe(1)
    expect(rowsWithin(batch, 5, 5, 1e6)).toBe(0)
  })
})
