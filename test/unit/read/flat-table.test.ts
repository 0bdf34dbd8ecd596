import { expect, it } from 'vitest'
import { FlatTable } from '../../../src/engines/duckdb/processes/read/flat-table.ts'

/** A table with one field: a text of two letters. */
function table(): Buffer {
  const bytes = Buffer.alloc(30)
  bytes.writeUInt32LE(10, 0)
  for (const [n, value] of [6, 8, 4].entries()) bytes.writeUInt16LE(value, 4 + 2 * n)
  bytes.writeInt32LE(6, 10)
  bytes.writeUInt32LE(4, 14)
  bytes.writeUInt32LE(2, 18)
  bytes.write('ab', 22)
  return bytes
}

it('a table of FlatBuffers has its fields', () => {
  const read = FlatTable.root(table())
  expect([read.text(0), read.text(1)]).toEqual(['ab', null])
})

it.each([
  ['of the table', 0, 'an offset leads to itself'],
  ['of its list of fields', 4, 'a table has no list of fields'],
  ['of a text', 14, 'an offset leads to itself'],
])('zeros in place %s are an error, and not a table or a text that is empty', (_, at, message) => {
  const bytes = table().fill(0, at, at + 4)
  expect(() => FlatTable.root(bytes).text(0)).toThrow(new RangeError(message))
})
