import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { DbfTable } from '../../../src/engines/duckdb/processes/read/dbf.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-dbf-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a table with one column. */
function tableOf(name: string, kind: string, values: readonly Buffer[]): string {
  const width = values[0]!.length
  const head = Buffer.alloc(65)
  head[0] = 3
  head.writeUInt32LE(values.length, 4)
  head.writeUInt16LE(65, 8)
  head.writeUInt16LE(1 + width, 10)
  head.write('v', 32, 'latin1')
  head.write(kind, 43, 'latin1')
  head[48] = width
  head[64] = 0x0d
  const file = join(folder, `${name}.dbf`)
  writeFileSync(file, Buffer.concat([head, ...values.flatMap((value) => [Buffer.from(' '), value])]))
  return file
}

it.each(['O', 'B'])('binary doubles of the type %s are read with every first byte', (kind) => {
  const first = Buffer.from([0x4f, 0, 0, 0, 0, 0, 0xf0, 0x3f])
  const second = Buffer.alloc(8)
  second.writeDoubleLE(-0.1)
  const table = new DbfTable(tableOf(kind, kind, [first, second]), null)
  expect([table.row(0), table.row(1)]).toEqual([[first.readDoubleLE(0)], [-0.1]])
  table.close()
})

it.each([
  ['N', 'number', '      12', '12'],
  ['L', 'logical value', 'T       ', 'T'],
  ['D', 'date', '20200102', '20200102'],
])(
  'a column of the type %s with a value that is no %s is a text in the encoding of the table, and a problem names the value',
  (kind, word, value, text) => {
    const table = new DbfTable(tableOf(`stray-${kind}`, kind, [Buffer.from(value), Buffer.from('  9\u00fc\u001478')]), 'UTF-8')
    expect([table.columns[0]!.type, table.row(0), table.row(1)]).toEqual(['VARCHAR', [text], ['9\u00fc\u001478']])
    expect(table.problems()).toEqual([
      `1 value of its column v is no ${word}, so it is served as text (row 1 has "9\u00fc\\u001478")`,
    ])
    table.close()
  },
)
